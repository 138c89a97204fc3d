"""A small application with the edge around it, and views that do what real ones would."""

import shutil
from types import SimpleNamespace

import pytest
from flask import Blueprint, Flask, abort, g, request
from sqlalchemy import insert

from app.core import clock, db, resources, root_key
from app.core.errors import ConflictError, NotFoundError, SignetError, UnavailableError
from app.core.settings_loader import load
from app.jose import signing_keys
from app.models import audit, clients, consents, identity, keys, throttle, tokens  # noqa: F401
from app.models.throttle import ThrottleCounter
from app.throttle.counters import ThrottledError
from app.web import (
    constant_answers,
    cors,
    edge,
    errors,
    language,
    operations,
    request_context,
    security_headers,
    sign_in_gate,
    transaction,
)

LOGGING_MODULES = (
    constant_answers, cors, errors, operations, request_context, sign_in_gate, transaction,
)  # fmt: skip
ROOT_KEY = "A" * 43


class Recorder:
    """A logger that remembers."""

    def __init__(self):
        self.lines = []

    def __getattr__(self, level):
        if level.startswith("_"):
            raise AttributeError(level)
        return lambda event, **facts: self.lines.append({"level": level, "event": event, **facts})

    def bind(self):
        return self

    def of(self, event):
        return [line for line in self.lines if line["event"] == event]


@pytest.fixture
def logged(monkeypatch):
    recorder = Recorder()
    for module in LOGGING_MODULES:
        monkeypatch.setattr(module, "log", recorder)
    return recorder


@pytest.fixture(scope="session")
def edge_database(tmp_path_factory):
    """Return a database with its tables and a signing key; making the key is what takes time."""
    folder = tmp_path_factory.mktemp("edge")
    path = folder / "template.sqlite3"
    app = bare_app(folder, DATABASE_URL=f"sqlite:///{path}")
    with app.app_context():
        db.Base.metadata.create_all(db.db.engine)
        signing_keys.ensure(now=clock.now())
        db.db.session.commit()
        db.db.session.remove()
        db.db.engine.dispose()
    return path


def bare_app(folder, **environment):
    values = {f"SIGNET_{name}": value for name, value in environment.items()}
    settings = load({"SIGNET_ROOT_KEY": ROOT_KEY, **values}, folder=folder)
    app = Flask("app", template_folder=str(resources.directory("templates")))
    app.static_folder = "web/static"
    app.extensions["signet.settings"] = settings
    app.extensions["signet.root_keys"] = root_key.load(folder, ROOT_KEY)
    db.init(app, settings)
    return app


@pytest.fixture
def make_edge_app(tmp_path, edge_database):
    """Return a function from settings (without their prefix) to an application."""
    made = []

    def make(**environment):
        path = shutil.copy(edge_database, tmp_path / "edge.sqlite3")
        app = bare_app(tmp_path, **{"DATABASE_URL": f"sqlite:///{path}", **environment})
        edge.install(app)
        app.jinja_env.globals["product_name"] = "Signet"
        language.configure(app)
        app.register_blueprint(operations.blueprint)
        for views in (pages, endings, endpoints):
            app.register_blueprint(views())
        made.append(app)
        return app

    yield make
    for app in made:
        with app.app_context():
            db.db.session.remove()
            db.db.engine.dispose()


@pytest.fixture
def app(make_edge_app):
    return make_edge_app()


@pytest.fixture
def client(app):
    return app.test_client()


def count_failure(key):
    """Write a row, as a view does whose refusal has consequences."""
    now = clock.now()
    row = {"key": key, "failures": 1, "last_at": now, "blocked_until": now, "expires_at": now}
    db.db.session.execute(insert(ThrottleCounter).values(row))


RAISED = {
    "not-found": NotFoundError("No such user.", detail="user 17"),
    "conflict": ConflictError("This name is taken."),
    "busy": UnavailableError(retry_after=7, detail="queue full"),
    "throttled": ThrottledError(retry_after=31),
    "odd": SignetError("That was refused.", detail="private reason"),
    "bug": ZeroDivisionError("secret inside"),
}


def pages():
    """Return views for people."""
    blueprint = Blueprint("pages", __name__)

    @blueprint.get("/page")
    def page():
        for target in request.args.getlist("target"):
            security_headers.allow_form_action(target)
        return "<!doctype html><title>page</title>"

    @blueprint.get("/login")
    def login():
        return "<!doctype html><title>login</title>"

    @blueprint.get("/authorize")
    def authorize():
        return "<!doctype html><title>authorize</title>"

    return blueprint


def endings():
    """Return views for every way in which a request can end."""
    blueprint = Blueprint("endings", __name__)

    @blueprint.get("/fail/<how>")
    def fail(how):
        raise RAISED[how]

    @blueprint.get("/abort/<int:status>")
    def stop(status):
        abort(status)

    @blueprint.get("/write/<key>/<int:status>")
    def write(key, status):
        count_failure(key)
        return {}, status

    @blueprint.get("/write-and-fail/<key>/<how>")
    def write_and_fail(key, how):
        count_failure(key)
        raise RAISED[how]

    return blueprint


def endpoints():
    """Return views for programs."""
    blueprint = Blueprint("endpoints", __name__)

    @blueprint.route("/token", methods=["POST"])
    def token():
        origins = request.form.get("origins")
        if origins is not None:
            g.oauth_client = SimpleNamespace(allowed_origins=tuple(origins.split()))
        if request.form.get("fail"):
            raise RAISED[request.form["fail"]]
        return {"size": len(request.form)}, 400 if request.form.get("bad") else 200

    @blueprint.route("/userinfo", methods=["GET", "POST"])
    def userinfo():
        return {}

    @blueprint.post("/form")
    def form():
        return {"fields": len(request.form)}

    return blueprint
