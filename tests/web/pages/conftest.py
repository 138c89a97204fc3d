"""The whole application on a database of its own, people in it, and browsers that read pages."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest

from app.clients import apis, registry
from app.clients.apis import Api
from app.clients.client import Registration
from app.core import clock, db
from app.core.settings_loader import load
from app.factory import create_app
from app.identity import users
from app.identity.users import ADMIN, NewUser
from app.jose import signing_keys
from tests.web.pages.visitor import PASSWORD, Browser

ROOT_KEY = "A" * 43
API = "https://api.notes.example"
REDIRECT_URI = "https://notes.example/callback"


@pytest.fixture
def make_app(tmp_path):
    made = []

    def make(**environment):
        values = {
            "DATABASE_URL": f"sqlite:///{tmp_path}/pages.sqlite3",
            "ROOT_KEY": ROOT_KEY,
            "JOBS": "false",
            "LOG_LEVEL": "error",
            **environment,
        }
        settings = load({f"SIGNET_{name}": each for name, each in values.items()}, folder=tmp_path)
        app = create_app(settings)
        made.append(app)
        with app.app_context():
            db.Base.metadata.create_all(db.db.engine)
            signing_keys.ensure(now=clock.now())
            db.db.session.commit()
        return app

    yield make
    clock.use(None)
    for app in made:
        with app.app_context():
            db.db.session.remove()
            db.db.engine.dispose()


@pytest.fixture
def app(make_app):
    return make_app()


@pytest.fixture
def change(app):
    """Return a function that runs a service in a transaction of its own."""

    def run(service, *args, **kwargs):
        with app.app_context():
            result = service(*args, **kwargs, now=clock.now())
            db.db.session.commit()
            return result

    return run


@pytest.fixture
def ada(change):
    new = NewUser(username="ada", email="ada@example.com", name="Ada Lovelace", password=PASSWORD)
    return change(users.create, new)


@pytest.fixture
def grace(change):
    return change(users.create, NewUser(username="grace", password=PASSWORD))


@pytest.fixture
def admin(change):
    return change(users.create, NewUser(username="root", password=PASSWORD, roles=(ADMIN,)))


@pytest.fixture
def make_browser(app):
    def make(**headers):
        return Browser(app.test_client(), headers)

    return make


@pytest.fixture
def browser(make_browser):
    return make_browser()


@pytest.fixture
def api(change):
    return change(apis.create, Api(API, "Notes API", {"notes:read": "Read your notes"}))


@pytest.fixture
def notes(change, api):
    """A public client that asks people."""
    registration = Registration(
        client_name="Acme Notes",
        redirect_uris=(REDIRECT_URI,),
        scope=("openid", "profile", "email", "offline_access", "notes:read"),
        grant_types=("authorization_code", "refresh_token"),
        resources=(API,),
        token_endpoint_auth_method="none",
        policy_uri="https://notes.example/privacy",
    )
    client, _ = change(registry.register, registration)
    return client


@pytest.fixture
def authorize(notes):
    """Return a function from parameters to the address at which the application sends people here."""

    def address(**parameters):
        asked = {
            "client_id": notes.client_id,
            "redirect_uri": REDIRECT_URI,
            "response_type": "code",
            "scope": "openid profile",
            "state": "s1",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "code_challenge_method": "S256",
            **parameters,
        }
        return "/authorize?" + urlencode({k: v for k, v in asked.items() if v is not None})

    return address


@pytest.fixture
def later():
    """Return a function that lets time pass."""
    passed = timedelta(0)

    def move(delta):
        nonlocal passed
        passed += delta
        clock.use(None)
        system = clock.now

        def shifted():
            clock.use(None)
            instant = system() + passed
            clock.use(shifted)
            return instant

        clock.use(shifted)

    yield move
    clock.use(None)
