"""A whole provider in this process: the real application, a clock of its own, and a browser's steps over HTTP."""

import base64
import hashlib
import html
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.clients import apis, registry
from app.clients.apis import Api
from app.clients.registry import Client, Registration
from app.core import clock
from app.core.db import Base, db
from app.core.settings_loader import load
from app.factory import create_app
from app.identity import users
from app.identity.users import NewUser, Person
from app.jose import signing_keys

ISSUER = "http://127.0.0.1:8000"
CALLBACK = "https://app.example/callback"
PASSWORD = "correct horse battery staple 9"
VERIFIER = "v" * 43
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
START = datetime(2031, 5, 4, 3, 2, 1, tzinfo=UTC)


@dataclass
class Provider:
    """The application under test. ``at`` is its time; ``pass_time`` moves it."""

    app: Flask
    at: datetime = START
    secrets: dict[str, str] = field(default_factory=dict)

    def pass_time(self, **parts: float) -> None:
        self.at += timedelta(**parts)

    def browser(self) -> "Browser":
        return Browser(self, self.app.test_client())

    def user(self, username: str = "ada", **values: Any) -> Person:
        new = NewUser(username=username, password=PASSWORD, **{"name": "Ada Lovelace", **values})
        with self.app.app_context():
            person = users.create(new, now=self.at)
            db.session.commit()
        return person

    def api(self, identifier: str = "https://api.example", **scopes: str) -> Api:
        with self.app.app_context():
            made = apis.create(
                Api(
                    identifier,
                    "The API",
                    scopes or {"api.read": "Read", "api.write": "Write"},
                    None,
                ),
                now=self.at,
            )
            db.session.commit()
        return made

    def client(self, client_id: str = "app", **values: Any) -> Client:
        defaults = {
            "client_name": "The App",
            "redirect_uris": (CALLBACK,),
            "grant_types": ("authorization_code", "refresh_token"),
            "scope": ("openid", "profile", "email", "address", "phone", "roles", "offline_access"),
            "skip_consent": True,
        }
        if (
            "client_credentials" in values.get("grant_types", ())
            and len(values["grant_types"]) == 1
        ):
            defaults |= {"redirect_uris": (), "scope": (), "skip_consent": False}
        with self.app.app_context():
            registered, secret = registry.register(
                Registration(**{**defaults, **values}), client_id=client_id, now=self.at
            )
            db.session.commit()
        self.secrets[client_id] = secret or ""
        return registered

    def do(self, work: Any, *arguments: Any, **options: Any) -> Any:
        """Run a service function in a transaction of its own."""
        with self.app.app_context():
            result = work(*arguments, **options)
            db.session.commit()
        return result

    def post(
        self, path: str, data: Any = None, *, auth: str | None = "app", **options: Any
    ) -> TestResponse:
        """POST a machine's form, authenticated by Basic as the client ``auth``."""
        headers = dict(options.pop("headers", {}))
        if auth is not None:
            pair = f"{auth}:{self.secrets[auth]}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        return self.app.test_client().post(path, data=data, headers=headers, **options)

    def token(self, auth: str | None = "app", **parameters: str) -> TestResponse:
        return self.post("/token", parameters, auth=auth)

    def redeem(self, code: str, auth: str | None = "app", **parameters: str) -> TestResponse:
        values = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        return self.token(auth, **{**values, **parameters})

    def refresh(
        self, refresh_token: str, auth: str | None = "app", **parameters: str
    ) -> TestResponse:
        return self.token(
            auth, grant_type="refresh_token", refresh_token=refresh_token, **parameters
        )

    def userinfo(self, access_token: str) -> TestResponse:
        return self.app.test_client().get(
            "/userinfo", headers={"Authorization": f"Bearer {access_token}"}
        )

    def introspect(self, token: str, auth: str = "app") -> dict[str, Any]:
        answer = self.post("/introspect", {"token": token}, auth=auth)
        assert answer.status_code == 200, answer.text
        return dict(answer.json)


@dataclass
class Browser:
    """A person's browser, without scripts: it follows our redirects and fills in our forms."""

    provider: Provider
    http: FlaskClient

    def get(self, path: str) -> TestResponse:
        return self._arrive(self.http.get(path))

    def authorize(self, **parameters: str | None) -> TestResponse:
        """Send an authorization request and return the page or redirect at which it comes to rest."""
        return self.get("/authorize?" + urlencode(request_parameters(**parameters)))

    def submit(self, page: TestResponse, **values: str) -> TestResponse:
        """Send the first form of ``page`` with ``values`` added."""
        action, fields = form_of(page)
        return self._arrive(
            self.http.post(action or page.request.full_path, data={**fields, **values})
        )

    def sign_in(
        self, page: TestResponse, username: str = "ada", password: str = PASSWORD
    ) -> TestResponse:
        return self.submit(page, username=username, password=password)

    def code(self, **parameters: str | None) -> str:
        """Go through a whole sign-in and return the code."""
        page = self.authorize(**parameters)
        if page.status_code == 200:
            page = self.sign_in(page)
        return answer_of(page)["code"]

    def _arrive(self, response: TestResponse) -> TestResponse:
        for _ in range(10):
            location = response.headers.get("Location", "")
            if response.status_code not in {302, 303} or not location.startswith("/"):
                return response
            response = self.http.get(location)
        raise AssertionError("a redirect loop")


def request_parameters(**changes: str | None) -> dict[str, str]:
    """Return the parameters of a good authorization request; ``None`` leaves one out."""
    good: dict[str, str | None] = {
        "client_id": "app",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid",
        "state": "st-1",
        "nonce": "n-1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def answer_of(response: TestResponse) -> dict[str, str]:
    """Return the parameters that a redirect carries to the client."""
    assert response.status_code == 303, (response.status_code, response.text[:2000])
    return dict(parse_qsl(urlsplit(response.headers["Location"]).query, strict_parsing=True))


def form_of(page: TestResponse) -> tuple[str | None, dict[str, str]]:
    """Return action and hidden fields of the first POST form in the page's main part."""
    text = page.text
    form = re.search(
        r'<form[^>]*method="post"[^>]*>.*?</form>', text[text.find("<main") :], re.DOTALL
    )
    assert form, text[:3000]
    tag = re.match(r"<form[^>]*>", form[0])[0]
    action = re.search(r'action="([^"]*)"', tag)
    fields = {}
    for hidden in re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", form[0]):
        name = re.search(r'name="([^"]*)"', hidden)
        value = re.search(r'value="([^"]*)"', hidden)
        if name:
            fields[html.unescape(name[1])] = html.unescape(value[1]) if value else ""
    return (html.unescape(action[1]) if action else None), fields


def create(folder: Path, **environment: str) -> Provider:
    """Return a provider with an empty SQLite database and one key for each algorithm."""
    names = {
        "ISSUER": ISSUER,
        "DATABASE_URL": f"sqlite:///{folder / 'signet.sqlite3'}",
        "ROOT_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "JOBS": "false",
        "LOG_LEVEL": "error",
        **environment,
    }
    settings = load({f"SIGNET_{name}": value for name, value in names.items()}, folder=folder)
    provider = Provider(create_app(settings))
    clock.use(lambda: provider.at)
    with provider.app.app_context():
        Base.metadata.create_all(db.engine)
        signing_keys.ensure(now=provider.at)
        db.session.commit()
    return provider


def dispose(provider: Provider) -> None:
    """Give back what the provider holds."""
    clock.use(None)
    with provider.app.app_context():
        db.engine.dispose()
