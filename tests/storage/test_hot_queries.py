"""Every statement of every flow finds its rows by an index, on both databases, however much there is."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from app.core.db import db
from app.jobs import purge_expired, rotate_keys
from app.tokens import revocation
from tests.jose.databases import BOTH, empty
from tests.storage import full_tables
from tests.storage.query_plans import Recorded, recording
from tests.support import provider as providers
from tests.support.provider import PASSWORD, Browser, Provider

# What may read more than it returns: a pattern of the statement, and why that is bearable.
ALLOWED = {
    r"count\(\*\) AS \w+ FROM users": "the console's first page says how many people there are",
    r"count\(\*\) AS \w+ FROM clients": "the same of applications",
    r"users\.username_key I?LIKE": "an operator looks for part of a name, which no ordered index finds",
    r"clients\.client_name\)? I?LIKE": "the same of applications",
    r"SELECT clients\.allowed_origins": "once in 0.9 seconds at most, for all preflights together",
    r"ORDER BY user_sessions\.last_seen_at": "the sessions of one person",
    r"FROM session_clients WHERE session_clients.session_id": "the clients of one session, put in order",
    r"ORDER BY throttle_counters\.blocked_until": "the counters of one attempt, each by its key",
    r"ORDER BY client_secrets\.created_at": "the secrets of a page of clients, one or two for each",
    r"ORDER BY consents\.granted_at": "what one person allowed",
    r"GROUP BY grants\.session_id": "the grants of a page of sessions",
}
# Where its planner joins a hundred rows to some thousand it reads those in order; to millions it looks each up.
ALLOWED_ON_POSTGRESQL = {r"DELETE FROM logout_deliveries": "its key has two columns"}
OFFLINE = "openid profile offline_access"


@pytest.fixture(params=BOTH)
def provider(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Provider]:
    """A provider with some thousand rows in its tables, two people and two applications."""
    with empty(request.param, tmp_path) as url:
        made = providers.create(tmp_path, DATABASE_URL=url)
        made.user()
        made.user("root", roles=("admin",))
        made.client(post_logout_redirect_uris=("https://app.example/bye",))
        made.client("asking", skip_consent=False)
        made.client("machine", grant_types=("client_credentials",))
        made.do(full_tables.fill)
        yield made
        providers.dispose(made)


def _issued(provider: Provider) -> dict[str, str]:
    return dict(provider.redeem(provider.browser().code(scope=OFFLINE)).json)


def _sign_in(provider: Provider) -> None:
    browser = provider.browser()
    page = browser.sign_in(browser.authorize(), password="wrong")
    assert "code=" in browser.sign_in(page).headers["Location"]
    provider.pass_time(minutes=2)
    assert "code=" in browser.authorize().headers["Location"]


def _code_exchange(provider: Provider) -> None:
    code = provider.browser().code(scope=OFFLINE)
    assert provider.redeem(code).status_code == 200
    # A code that comes twice ends its grant.
    assert provider.redeem(code).status_code == 400


def _refresh(provider: Provider) -> None:
    token = _issued(provider)["refresh_token"]
    assert provider.refresh(token).status_code == 200
    provider.pass_time(minutes=5)
    assert provider.refresh(token).status_code == 400


def _client_credentials(provider: Provider) -> None:
    answer = provider.token("machine", grant_type="client_credentials")
    assert answer.status_code == 200
    assert provider.introspect(answer.json["access_token"], "machine")["active"]


def _resource(provider: Provider) -> None:
    issued = _issued(provider)
    assert provider.userinfo(issued["access_token"]).status_code == 200
    assert provider.introspect(issued["access_token"])["active"]
    assert provider.introspect(issued["refresh_token"])["active"]


def _token_revocation(provider: Provider) -> None:
    issued = _issued(provider)
    for name in ("access_token", "refresh_token"):
        assert provider.post("/revoke", {"token": issued[name]}).status_code == 200
    assert provider.userinfo(issued["access_token"]).status_code == 401


def _consent(provider: Provider) -> None:
    browser = provider.browser()
    page = browser.sign_in(browser.authorize(client_id="asking"))
    assert "code=" in browser.submit(page, decision="allow").headers["Location"]
    assert "code=" in browser.authorize(client_id="asking").headers["Location"]
    overview = browser.get("/account")
    assert "The App" in overview.text


def _sign_out(provider: Provider) -> None:
    browser = provider.browser()
    hint = provider.redeem(browser.code()).json["id_token"]
    answer = browser.get(f"/end_session?id_token_hint={hint}")
    assert answer.status_code == 200


def _preflight(provider: Provider) -> None:
    headers = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    assert provider.app.test_client().options("/token", headers=headers).status_code < 500


def _admin(provider: Provider) -> Browser:
    browser = provider.browser()
    browser.sign_in(browser.get("/console"), "root", PASSWORD)
    return browser


def _console(provider: Provider) -> None:
    browser, someone = _admin(provider), "u42"
    lists = ("", "/users", "/clients", "/apis", "/sessions", "/keys", "/audit")
    filters = ("kind=sign_in", f"user_id={someone}", "client_id=c7", "before=2000")
    paths = [
        *lists,
        *(f"/audit?{each}" for each in filters),
        *(f"/{name}?after={last}" for name, last in (("users", someone), ("clients", "c7"), ("sessions", "s42"))),
        "/users?search=person-4", "/clients?search=Client+4",
        f"/users/{someone}", "/clients/c7", "/sessions/s42",
    ]  # fmt: skip
    assert {path: browser.get(f"/console{path}").status_code for path in paths} == dict.fromkeys(
        paths, 200
    )


def _ending_all(provider: Provider) -> None:
    _issued(provider)
    provider.do(revocation.of_user, "u1", reason="test", now=provider.at)
    provider.do(revocation.of_other_sessions, "u2", "s2", reason="test", now=provider.at)
    provider.do(revocation.of_session, "s3", reason="test", now=provider.at)
    provider.do(revocation.of_client, "c4", now=provider.at)
    provider.do(revocation.of_connection, "u5", "c5", now=provider.at)
    provider.do(revocation.disable_user, "u6", now=provider.at)


def _jobs(provider: Provider) -> None:
    deleted = provider.do(purge_expired.run, provider.at)
    assert {"grants", "denied_tokens", "sessions", "throttle_counters"} <= deleted.keys()
    provider.do(rotate_keys.run, provider.at)


FLOWS: dict[str, Callable[[Provider], None]] = {
    "sign-in": _sign_in,
    "code exchange": _code_exchange,
    "refresh": _refresh,
    "client_credentials": _client_credentials,
    "userinfo and introspection": _resource,
    "revocation": _token_revocation,
    "consent and account": _consent,
    "sign-out": _sign_out,
    "preflight": _preflight,
    "console": _console,
    "ending all": _ending_all,
    "jobs": _jobs,
}


def _engine(provider: Provider):
    with provider.app.app_context():
        return db.engine


def _complaints(recorded: Recorded) -> tuple[dict[str, list[str]], set[str]]:
    """Return the complaints that nothing allows, and the allowances that were needed."""
    found, used = {}, set()
    for statement, complaints in recorded.complaints().items():
        allowed = {each for each in ALLOWED | ALLOWED_ON_POSTGRESQL if re.search(each, statement)}
        used |= allowed
        if not allowed:
            found[statement] = complaints
    return found, used


def test_no_flow_reads_more_than_it_needs(provider: Provider) -> None:
    found, needed, counts = {}, set(), {}
    for name, flow in FLOWS.items():
        with recording(_engine(provider)) as recorded:
            flow(provider)
            counts[name] = len(recorded.statements)
            complaints, used = _complaints(recorded)
        needed |= used
        if complaints:
            found[name] = complaints
    assert found == {}, str(found)
    assert min(counts.values()) > 0, counts
    if _engine(provider).dialect.name == "sqlite":
        # PostgreSQL knows ways to do without some of them.
        assert needed - ALLOWED_ON_POSTGRESQL.keys() == set(ALLOWED), (
            "an allowance that nothing needs any more"
        )


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT id FROM grants WHERE nonce = 'n'",
        "UPDATE grants SET generation = 2 WHERE redirect_uri = 'x'",
        "DELETE FROM throttle_counters WHERE failures = 3",
        "SELECT id FROM users ORDER BY created_at LIMIT 10",
        "SELECT id FROM user_sessions WHERE agent = 'x' LIMIT 1",
        "SELECT count(*) FROM grants",
        "SELECT id FROM users WHERE name LIKE 'a_a' ORDER BY id LIMIT 10",
    ],
)
def test_a_statement_without_an_index_is_noticed(provider: Provider, statement: str) -> None:
    with recording(_engine(provider)) as recorded, recorded.engine.connect() as connection:
        connection.execute(text(statement))
        connection.rollback()
        assert list(recorded.complaints()) == [statement]


def test_an_index_that_is_missing_is_noticed(provider: Provider) -> None:
    engine = _engine(provider)
    with engine.begin() as connection:
        connection.execute(text("DROP INDEX ix_grants_session_id"))
    with recording(engine) as recorded:
        _sign_out(provider)
        found, _ = _complaints(recorded)
    assert [each for each in found if each.startswith("UPDATE grants SET")]
