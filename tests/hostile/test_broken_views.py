"""A view that breaks in the middle of a secret: the traceback is logged, the secret is not, nobody is told."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from app.clients import registry
from app.core import logging
from app.core.db import db
from app.identity import authentication, passwords, sessions
from app.jose import key_ring
from app.tokens import access_tokens, authorization_codes, derivation
from tests.hostile.canaries import left_in
from tests.hostile.grammar import beginnings, plain
from tests.hostile.stage import Stage
from tests.hostile.wire import Answer, Sent, deliver
from tests.support.provider import PASSWORD

_REFERENCE = re.compile(r"[2-9B-Z]{4}-[2-9B-Z]{4}")
# Where each kind of request holds a secret in its hands, and what is broken at that moment.
BROKEN: dict[str, tuple[str, str, Any, str]] = {
    "a sign-in": ("/login", "nobody", authentication, "with_password"),
    "the check of a password": ("/login", "nobody", passwords, "verify"),
    "the look-up of a client": ("/token", "nobody", registry, "get"),
    "the redemption of a code": ("/token", "nobody", authorization_codes, "redeem"),
    "the reading of a refresh token": ("/token", "nobody", derivation, "grant_of_refresh_token"),
    "the reading of an access token": ("/userinfo", "nobody", access_tokens, "read"),
    "an introspection": ("/introspect", "nobody", access_tokens, "read"),
    "a revocation": ("/revoke", "nobody", derivation, "grant_of_refresh_token"),
    "the reading of a session": ("/account", "person", sessions, "current"),
    "an authorization request": ("/authorize", "person", registry, "get"),
    "a consent": ("/consent", "person", sessions, "current"),
    "a sign-out": ("/end_session", "person", sessions, "current"),
}


@pytest.fixture
def said(stage, capsys) -> Callable[[], str]:
    """All that the application has logged, at the level at which it says most."""
    settings = stage.provider.app.extensions["signet.settings"]
    logging.configure(replace(settings, server=replace(settings.server, log_level="debug")))

    def lines() -> str:
        captured = capsys.readouterr()
        return str(captured.err + captured.out)

    return lines


def _broken(*arguments: Any, **named: Any) -> Any:
    held_in_a_local_variable = (arguments, named)
    raise RuntimeError(f"it broke with {len(held_in_a_local_variable)} values in its hands")


def _planted(stage: Stage) -> dict[str, str | bytes]:
    open_to_all = {"callback"}
    found = {name: value for name, value in stage.alive.items() if name not in open_to_all}
    # Signed, not encrypted: forms and pending requests are no secrets of themselves.
    return {
        name: value
        for name, value in found.items()
        if not name.startswith(("signet-form", "csrf", "pending", "consent"))
    }


def _attempts(stage: Stage, path: str, persona: str) -> list[Sent]:
    [rule] = [rule for rule in stage.provider.app.url_map.iter_rules() if rule.rule == path]
    cookie = stage.personas[persona].cookie
    drafts = beginnings(stage, rule, persona, path)
    return [plain(draft, draft.method, cookie=cookie) for draft in drafts]


def _assert_silent(stage: Stage, answers: list[Answer], log: str) -> None:
    planted = _planted(stage)
    assert not left_in(log.encode(), planted)
    for answer in answers:
        assert not left_in(answer.body, planted)
        assert b"Traceback" not in answer.body
        assert b"it broke" not in answer.body


@pytest.mark.parametrize("name", BROKEN)
def test_a_traceback_holds_no_secret_and_is_found_by_the_reference_shown(
    stage, said, monkeypatch, name
):
    path, persona, module, function = BROKEN[name]
    assert callable(getattr(module, function))
    monkeypatch.setattr(module, function, _broken)
    answers = [deliver(stage.provider.app, sent) for sent in _attempts(stage, path, persona)]
    log = said()
    failed = [answer for answer in answers if answer.status == 500]
    assert failed, f"nothing broke: {[answer.status for answer in answers]}"
    _assert_silent(stage, answers, log)
    for answer in failed:
        shown = _REFERENCE.search(answer.text)
        assert shown
        [line] = [line for line in log.splitlines() if shown[0] in line]
        assert "RuntimeError: it broke" in json.loads(line)["exception"]


@pytest.mark.parametrize(
    "table", ["users", "grants", "clients", "user_sessions", "throttle_counters"]
)
def test_a_database_that_refuses_a_statement_is_not_quoted(stage, said, table):
    _rename(stage, table, f"{table}_gone")
    try:
        paths = (
            "/login",
            "/token",
            "/userinfo",
            "/introspect",
            "/revoke",
            "/account",
            "/authorize",
        )
        sent = [each for path in paths for each in _attempts(stage, path, "person")]
        answers = [deliver(stage.provider.app, each) for each in sent]
    finally:
        _rename(stage, f"{table}_gone", table)
    assert any(answer.status in {500, 503} for answer in answers)
    log = said()
    _assert_silent(stage, answers, log)
    assert PASSWORD not in log


def test_no_private_key_and_no_root_key_is_stored_or_said(stage, said):
    app = stage.provider.app
    for path in ("/.well-known/jwks.json", "/token", "/console/keys"):
        deliver(app, Sent("GET", path, headers=(("Cookie", stage.personas["admin"].cookie),)))
    keys: dict[str, str | bytes] = {}
    with app.app_context():
        rows = db.session.execute(text("SELECT kid, sealed, root_key_id FROM signing_keys")).all()
        for kid, sealed, root_key_id in rows:
            keys[kid] = key_ring.open_sealed(kid, bytes(sealed), root_key_id)[-40:]
        stored = _rows(stage)
        keys["root key"] = app.extensions["signet.root_keys"].keys[0]._secret
    assert len(keys) == 4
    assert not left_in(said().encode(), keys)
    assert not left_in(stored, keys)


def _rows(stage: Stage) -> bytes:
    return b"".join(
        value if isinstance(value, bytes) else str(value).encode()
        for rows in stage._rows.values()
        for row in rows
        for value in row.values()
    )


def _rename(stage: Stage, old: str, new: str) -> None:
    with stage.provider.app.app_context(), db.engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))
