"""POST /revoke.

Specs:
    RFC 7009 section 2
"""

from flask import Blueprint, Response

from app.protocol import revocation
from app.protocol.errors import OAuthError
from app.protocol.server import error_answer
from app.web.delivery import machine_request, send

blueprint = Blueprint("oauth_revocation", __name__)


@blueprint.post("/revoke")
def revoke() -> Response:
    """End what a token stands for."""
    try:
        return send(revocation.revoke(machine_request()))
    except OAuthError as error:
        return send(error_answer(error))
