"""For whoever runs the server: is it alive, can it work, how is it doing.

``/healthz`` asks nothing of anybody: a slow database must not get a living process killed.
``/readyz`` asks everything that an answer needs. ``/metrics`` is there only for the bearer of the
configured token.
"""

import json
from collections.abc import Callable

import structlog
from flask import Blueprint, Response, abort, current_app, request
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.core import clock, config, metrics, schema
from app.core.db import db
from app.core.errors import SignetError
from app.core.secrets import equal
from app.jose import signing_keys
from app.web import errors, transaction

blueprint = Blueprint("operations", __name__)
log = structlog.get_logger(__name__)

_NO_STORE = {"Cache-Control": "no-store"}
_SCHEME = "bearer "


@blueprint.get("/healthz")
def alive() -> Response:
    """Say that this process answers."""
    return _json({"status": "ok"}, 200)


@blueprint.get("/readyz")
def ready() -> Response:
    """Say whether this process can do its work, and which part of it is missing."""
    found: dict[str, str] = {}
    fit = True
    for name, check in _CHECKS.items():
        # Each check needs those before it; waiting for one database three times helps nobody.
        fit = fit and _holds(name, check)
        found[name] = "ok" if fit else "failed"
    return _json(
        {"status": "ready" if fit else "unavailable", "checks": found}, 200 if fit else 503
    )


@blueprint.get("/metrics")
def figures() -> Response:
    """Give the figures to the bearer of the token; without a token there is nothing here."""
    token = config.current().server.metrics_token
    if not token:
        abort(404)
    given = request.headers.get("Authorization", "")
    scheme, presented = given[: len(_SCHEME)], given[len(_SCHEME) :].strip()
    if not (equal(presented, token) and scheme.lower() == _SCHEME):
        challenge = ("WWW-Authenticate", 'Bearer realm="metrics"')
        return errors.render(errors.Refusal(401, headers=(challenge,)))
    return Response(metrics.expose(), headers=_NO_STORE, content_type=metrics.CONTENT_TYPE)


def _database_answers() -> bool:
    return bool(db.session.scalar(text("SELECT 1")))


def _schema_is_current() -> bool:
    return schema.is_current(db.engine)


def _keys_are_active() -> bool:
    now = clock.now()
    return all(
        signing_keys.active(algorithm, now=now) for algorithm in config.current().keys.algorithms
    )


_CHECKS: dict[str, Callable[[], bool]] = {
    "database": _database_answers,
    "schema": _schema_is_current,
    "signing_key": _keys_are_active,
}


def _holds(name: str, check: Callable[[], bool]) -> bool:
    try:
        holds = check()
    except (SQLAlchemyError, SignetError) as error:
        log.warning("readiness.failed", check=name, error=type(error).__name__)
        transaction.roll_back()
        return False
    if not holds:
        log.warning("readiness.failed", check=name)
    return holds


def _json(members: dict[str, object], status: int) -> Response:
    body = json.dumps(members, separators=(",", ":"))
    return current_app.response_class(body, status, headers=_NO_STORE, mimetype="application/json")
