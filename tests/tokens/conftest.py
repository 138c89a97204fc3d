"""An empty installation with one person and one client, on each database."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from app.clients import registry
from app.clients.registry import Registration
from app.core.db import db
from app.identity import users
from app.identity.users import NewUser
from app.tokens import grants
from app.tokens.authorization import Authentication
from app.tokens.grants import NewGrant
from tests.identity.installation import DATABASES, NOW, installed, new_database


@dataclass
class Stored:
    """What the tests of grants stand on."""

    app: Flask
    user_id: str
    client_id: str

    def grant(self, *, offline: bool = True, session_id: str = "s" * 22) -> str:
        scope = ("openid", "offline_access") if offline else ("openid",)
        return grants.create(
            NewGrant(
                user_id=self.user_id,
                client_id=self.client_id,
                scope=scope,
                resources=(),
                redirect_uri="https://app.example/cb",
                code_challenge=None,
                authentication=Authentication(NOW, "acr", ("pwd",), session_id),
                code_expires_at=NOW + timedelta(minutes=1),
                ends_at=NOW + timedelta(days=180),
            ),
            now=NOW,
        )


@pytest.fixture(scope="session")
def postgresql_database() -> Iterator[str]:
    """A database of this run, with empty tables again after each test."""
    with new_database() as url:
        yield url


@pytest.fixture(params=DATABASES)
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stored]:
    url = None if request.param == "sqlite" else request.getfixturevalue("postgresql_database")
    with installed(tmp_path, url=url) as app, app.app_context():
        person = users.create(NewUser("ada"), now=NOW)
        client, _ = registry.register(
            Registration(
                "App",
                redirect_uris=("https://app.example/cb",),
                grant_types=("authorization_code", "refresh_token"),
                scope=("openid", "offline_access"),
            ),
            now=NOW,
        )
        db.session.commit()
        yield Stored(app, person.id, client.client_id)
