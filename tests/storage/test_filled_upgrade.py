"""Rows of before the columns of clients, grants, secrets and APIs were added are read as before."""

from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.config import Config
from flask import Flask
from sqlalchemy import text

import app.models  # noqa: F401 - every table must be known
from app.clients import apis, registry
from app.clients.apis import Api
from app.core import db as database
from app.core import resources, schema
from app.core.settings_loader import load
from app.tokens import grants
from tests.jose.databases import BOTH, empty

AT = datetime(2026, 3, 1, tzinfo=UTC)
ROWS = (
    (
        "INSERT INTO users (id, username, username_key, email_verified, claims, created_at, updated_at)"
        " VALUES ('u1', 'ada', 'ada', false, '{}', :at, :at)"
    ),
    (
        "INSERT INTO clients (client_id, client_name, application_type, redirect_uris,"
        " post_logout_redirect_uris, grant_types, scope, resources, allowed_origins,"
        " token_endpoint_auth_method, id_token_signed_response_alg, access_token_signed_response_alg,"
        " require_pkce, skip_consent, require_auth_time, contacts, created_at, updated_at) VALUES ('shop',"
        " 'Shop', 'web', '[\"https://shop.example/in\"]', '[]', '[\"authorization_code\"]', 'openid', '[]',"
        " '[]', 'client_secret_basic', 'RS256', 'RS256', true, false, false, '[]', :at, :at)"
    ),
    "INSERT INTO client_secrets (id, client_id, digest, created_at) VALUES ('k', 'shop', 'd', :at)",
    (
        "INSERT INTO apis (identifier, name, scopes, created_at, updated_at)"
        " VALUES ('urn:example:api', 'API', '{\"read\": \"\"}', :at, :at)"
    ),
    (
        "INSERT INTO grants (id, user_id, client_id, session_id, scope, resources, offline, redirect_uri,"
        " auth_time, acr, amr, created_at, code_expires_at, generation, expires_at, ends_at) VALUES ('g',"
        " 'u1', 'shop', 's', 'openid', '', false, 'x', :at, '1', 'pwd', :at, :at, 0, :at, :at)"
    ),
)


@pytest.fixture(params=BOTH)
def engine(request, tmp_path):
    """An engine on an empty database."""
    with empty(request.param, tmp_path) as url:
        flask = Flask("filled")
        settings = load({"SIGNET_DATABASE_URL": url}, folder=tmp_path)
        flask.extensions["signet.settings"] = settings
        database.init(flask, settings)
        with flask.app_context():
            yield database.db.engine
            database.db.session.remove()
            database.db.engine.dispose()


def migrate(engine, step, target):
    config = Config()
    config.set_main_option("script_location", str(resources.directory("migrations")))
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        step(config, target)


def fill(engine):
    at = int(AT.timestamp() * 1_000_000) if engine.dialect.name == "sqlite" else AT
    with engine.begin() as connection:
        for row in ROWS:
            connection.execute(text(row), {"at": at})


def test_rows_of_before_are_read_with_the_defaults(engine):
    migrate(engine, command.upgrade, "0002")
    fill(engine)
    schema.upgrade(engine)
    assert schema.check(engine) == []
    client = registry.fresh("shop")
    assert client == registry.Client(
        client_name="Shop", redirect_uris=("https://shop.example/in",), client_id="shop",
        disabled_at=None, revoked_before=None, created_at=AT, updated_at=AT,
        secret_digests=(("d", None),),
    )  # fmt: skip
    assert apis.fresh("urn:example:api") == Api("urn:example:api", "API", {"read": ""})
    grant = grants.find("g")
    assert (grant.claims, grant.device) == (None, False)


def test_the_version_before_can_still_write_beside_the_new_one(engine):
    schema.upgrade(engine)
    fill(engine)
    assert registry.fresh("shop").request_uris == ()
    assert grants.find("g").device is False


def test_the_change_can_be_taken_back_with_rows_in_place(engine):
    schema.upgrade(engine)
    fill(engine)
    migrate(engine, command.downgrade, "0002")
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM grants")) == 1
    schema.upgrade(engine)
    assert schema.check(engine) == []
