"""Who takes part in a journey: people, applications and APIs, made as an operator makes them.

Applications and APIs are kept for the rest of the run, one for each way of being registered; a person is
new every time, so that no journey finds the consent or the sessions of another.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.server import Server

API = "https://api.example.test/orders"
API_SCOPES = {"orders:read": "See your orders", "orders:write": "Place orders for you"}
EVERY_SCOPE = "openid profile email address phone offline_access roles"


@dataclass(frozen=True)
class Person:
    """Somebody with an account."""

    id: str
    username: str
    email: str
    password: str


@dataclass(frozen=True)
class Application:
    """A registered client."""

    client_id: str
    client_secret: str | None
    redirect_uri: str
    authentication: str

    @property
    def basic(self) -> tuple[str, str] | None:
        """The credentials for the Authorization header, if that is how it authenticates."""
        if self.authentication != "client_secret_basic":
            return None
        return self.client_id, self.client_secret or ""

    @property
    def form(self) -> dict[str, str]:
        """What it adds to a form to say who it is."""
        match self.authentication:
            case "client_secret_post":
                return {"client_id": self.client_id, "client_secret": self.client_secret or ""}
            case "none":
                return {"client_id": self.client_id}
        return {}


def person(server: Server, *, name: str = "Ada Lovelace", roles: Sequence[str] = ()) -> Person:
    """Create somebody whom no test has met."""
    username = f"ada-{secrets.token_hex(5)}"
    email = f"{username}@example.com"
    password = f"twelve-orange-{secrets.token_hex(8)}"
    options = [word for role in roles for word in ("--role", role)]
    made = server.cli(
        "users", "create", username, "--email", email, "--name", name,
        "--password-stdin", *options, stdin=password,
    )  # fmt: skip
    server.secrets.add(password)
    return Person(made["id"], username, email, password)


def api(server: Server) -> str:
    """Return the identifier of an API that is registered with two scopes."""
    if "api" not in server.kept:
        described = [
            word for scope, text in API_SCOPES.items() for word in ("--describe", f"{scope}={text}")
        ]
        server.cli(
            "apis", "create", API, "--name", "Orders", "--scope", " ".join(API_SCOPES), *described
        )
        server.kept["api"] = API
    return API


def new_application(
    server: Server,
    redirect_uri: str,
    *options: str,
    authentication: str = "client_secret_basic",
    scope: str = EVERY_SCOPE,
    grant_types: Sequence[str] = ("authorization_code", "refresh_token"),
) -> Application:
    """Register an application that only the caller knows."""
    grants = [word for name in grant_types for word in ("--grant-type", name)]
    redirects = ["--redirect-uri", redirect_uri] if "authorization_code" in grant_types else []
    made: dict[str, Any] = server.cli(
        "clients", "create", "--name", "The Reading Room", *redirects, *grants,
        "--scope", scope, "--token-endpoint-auth-method", authentication,
        *(["--public"] if authentication == "none" else []), *options,
    )  # fmt: skip
    if secret := made.get("client_secret"):
        server.secrets.add(secret)
    return Application(made["client_id"], secret, redirect_uri, authentication)


def application(
    server: Server, redirect_uri: str, *options: str, **registration: Any
) -> Application:
    """Return an application registered like this; it may have served an earlier test."""
    key = (redirect_uri, options, tuple(sorted(registration.items())))
    if key not in server.kept:
        server.kept[key] = new_application(server, redirect_uri, *options, **registration)
    made: Application = server.kept[key]
    return made
