"""POST /par.

Specs:
    RFC 9126 section 2
"""

from flask import Blueprint, Response

from app.protocol.authorization import push as pushing
from app.protocol.errors import OAuthError
from app.protocol.server import error_answer
from app.web.delivery import machine_request, send

blueprint = Blueprint("oauth_par", __name__)


@blueprint.post("/par")
def push() -> Response:
    """Keep an authorization request."""
    try:
        return send(pushing.push(machine_request()))
    except OAuthError as error:
        return send(error_answer(error))
