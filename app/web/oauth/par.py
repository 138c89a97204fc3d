"""POST /par.

Specs:
    RFC 9126 section 2
"""

from typing import Any

from flask import Blueprint

from app.protocol.authorization import push as pushing
from app.protocol.errors import OAuthError
from app.protocol.server import Answer, error_answer
from app.web import machine_endpoints

blueprint = Blueprint("oauth_par", __name__)


def push(environ: dict[str, Any]) -> Answer:
    """Keep an authorization request."""
    try:
        return pushing.push(machine_endpoints.read(environ))
    except OAuthError as error:
        return error_answer(error)


machine_endpoints.route(blueprint, "/par", push)
