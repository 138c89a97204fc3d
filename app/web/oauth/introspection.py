"""POST /introspect.

Specs:
    RFC 7662 section 2
"""

from flask import Blueprint, Response

from app.protocol import introspection
from app.protocol.errors import OAuthError
from app.protocol.server import error_answer
from app.web.delivery import machine_request, send

blueprint = Blueprint("oauth_introspection", __name__)


@blueprint.post("/introspect")
def introspect() -> Response:
    """Say whether a token counts."""
    try:
        return send(introspection.introspect(machine_request()))
    except OAuthError as error:
        return send(error_answer(error))
