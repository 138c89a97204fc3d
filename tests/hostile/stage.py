"""The installation that hostile requests are thrown at: people, clients, and one of everything that lives.

Codes, tokens, sessions and pending sign-ins are genuine, so that a request with one thing wrong gets as far
as one thing wrong can get. Whatever a request changes is put back before the next.
"""

import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import Connection, delete, event, insert, select, text
from werkzeug.test import TestResponse

from app.core import schema
from app.core.db import Base, db
from app.core.writing import Change
from app.identity import set_up
from app.identity.users import ADMIN
from app.jose import key_ring, signing_keys
from tests.support import provider as providers
from tests.support.provider import CALLBACK, PASSWORD, Provider, answer_of, form_of

API = "https://api.example"
METRICS_TOKEN = "figures-for-the-operator-alone"
_WRITES = ("INSERT", "UPDATE", "DELETE")
_FIELD = re.compile(r'<(?:input|textarea|select|button)[^>]*\bname="([^"]+)"')


@dataclass(frozen=True)
class Persona:
    """Whose browser a request comes from: its cookies, and the token in its forms."""

    name: str
    cookie: str = ""
    csrf_token: str = ""


@dataclass
class Stage:
    """The cast. ``alive`` are genuine values by kind, ``ids`` every identifier that there is."""

    provider: Provider
    personas: dict[str, Persona] = field(default_factory=dict)
    alive: dict[str, str] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    fields: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _rows: dict[Any, list[Any]] = field(default_factory=dict)
    _dirty: bool = False

    def remember(self) -> None:
        """Keep the database as it is now, and notice every write from now on."""
        with self.provider.app.app_context():
            with db.engine.connect() as connection:
                for table in Base.metadata.sorted_tables:
                    found = connection.execute(select(table)).mappings()
                    self._rows[table] = [dict(row) for row in found]
            event.listen(db.engine, "before_cursor_execute", self._executes)
        change = Change.on

        def noticed(*arguments: Any) -> Any:
            self._dirty = True
            return change(*arguments)

        Change.on = noticed  # type: ignore[method-assign]

    def _executes(self, _connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip()[:6].upper() in _WRITES:
            self._dirty = True

    def restore(self) -> None:
        """Put everything back as it was remembered."""
        if not self._dirty:
            return
        with self.provider.app.app_context():
            with db.engine.begin() as connection:
                for table in reversed(Base.metadata.sorted_tables):
                    connection.execute(delete(table))
                for table, rows in self._rows.items():
                    if rows:
                        connection.execute(insert(table), rows)
            key_ring.forget()
        self._dirty = False


def build(folder: Path, **environment: str) -> Stage:
    """Make the installation and everything in it."""
    provider = providers.create(
        folder,
        **{
            "SIGNING_ALGORITHMS": "RS256 ES256 EdDSA",
            "METRICS_TOKEN": METRICS_TOKEN,
            "TRUSTED_PROXIES": "127.0.0.0/8",
            **environment,
        },
    )
    stage = Stage(provider)
    ada = provider.user("ada", roles=(ADMIN,), email="ada@example.com")
    bob = provider.user("bob", email="bob@example.com")
    provider.api(API)
    provider.client(
        "app",
        scope=(
            *[
                "openid",
                "profile",
                "email",
                "address",
                "phone",
                "roles",
                "offline_access",
                "api.read",
            ],
        ),
        resources=(API,),
        post_logout_redirect_uris=("https://app.example/out",),
    )
    provider.client("asking", skip_consent=False)
    provider.client("public", token_endpoint_auth_method="none")
    provider.client("posting", token_endpoint_auth_method="client_secret_post")
    provider.client(
        "machine", grant_types=("client_credentials",), scope=("api.read",), resources=(API,)
    )
    stage.alive |= {f"{name}_secret": secret for name, secret in provider.secrets.items() if secret}
    stage.alive |= {"password": PASSWORD, "callback": CALLBACK, "metrics_token": METRICS_TOKEN}
    _sign_in(stage)
    _issue(stage)
    with provider.app.app_context():
        _call_it_migrated()
        stage.alive["set_up_token"] = set_up.issue_token(provider.at)
        kids = [key.kid for key in signing_keys.records(now=provider.at)]
    session_ids = re.findall(r"/sessions/([^/\"]+)", _get(stage, "admin", "/console/sessions"))
    refs = re.findall(r"/console/apis/([^/\"]+)", _get(stage, "admin", "/console/apis"))
    found = [*kids, *session_ids, *(ref for ref in refs if ref != "new")]
    stage.ids += [
        ada.id,
        bob.id,
        *provider.secrets,
        API,
        *found,
        "signet.css",
        secrets.token_hex(8),
    ]
    stage.remember()
    return stage


def _call_it_migrated() -> None:
    # The tables were made at once, which is what the migrations would have come to.
    with db.engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        statement = text("INSERT INTO alembic_version VALUES (:head)")
        connection.execute(statement, {"head": schema.head()})


def _sign_in(stage: Stage) -> None:
    for name, username in (("nobody", None), ("admin", "ada"), ("person", "bob")):
        browser = stage.provider.browser()
        if username is not None:
            browser.sign_in(browser.get("/login"), username)
            stage.alive[f"consent_{name}"] = _blob(browser.authorize(client_id="asking"))
        pending = browser.authorize(client_id="asking", prompt="login", login_hint="ada")
        stage.alive[f"pending_{name}"] = _blob(pending)
        csrf_token = form_of(browser.get("/account/password" if username else "/login"))[1][
            "csrf_token"
        ]
        # Last: the form cookie names the browser that the pending requests belong to.
        cookies = {each.key: each.value for each in browser.http._cookies.values()}
        cookie = "; ".join(f"{key}={value}" for key, value in cookies.items())
        stage.personas[name] = Persona(name, cookie, csrf_token)
        stage.alive |= {f"{key} of {name}": value for key, value in cookies.items()}


def _blob(page: TestResponse) -> str:
    return dict(parse_qsl(urlsplit(page.request.full_path).query))["request"]


def _issue(stage: Stage) -> None:
    browser = stage.provider.browser()
    browser.sign_in(browser.get("/login"), "bob")
    wanted = {"scope": "openid profile offline_access api.read", "resource": API}

    def code(client_id: str) -> str:
        found: str = answer_of(browser.authorize(client_id=client_id, **wanted))["code"]
        return found

    tokens = stage.provider.redeem(code("app")).json
    assert "access_token" in tokens, tokens
    stage.alive |= {name: tokens[name] for name in ("access_token", "refresh_token", "id_token")}
    plain = answer_of(browser.authorize(client_id="app", scope="openid"))["code"]
    stage.alive["userinfo_token"] = stage.provider.redeem(plain).json["access_token"]
    stage.alive |= {"code": code("app"), "csrf_token": stage.personas["admin"].csrf_token}
    machine = stage.provider.token("machine", grant_type="client_credentials", resource=API).json
    stage.alive["machine_token"] = machine["access_token"]


def _get(stage: Stage, name: str, path: str) -> str:
    client = stage.provider.app.test_client(use_cookies=False)
    answer = client.get(path, headers={"Cookie": stage.personas[name].cookie})
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.text


def fields_of(stage: Stage, path: str) -> tuple[str, ...]:
    """Return the names of the fields in the forms that an administrator finds at ``path``."""
    if path not in stage.fields:
        client = stage.provider.app.test_client(use_cookies=False)
        answer = client.get(path, headers={"Cookie": stage.personas["admin"].cookie})
        stage.fields[path] = tuple(dict.fromkeys(_FIELD.findall(answer.text)))
    return stage.fields[path]
