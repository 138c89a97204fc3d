"""POST /token.

Specs:
    RFC 6749 section 3.2    the token endpoint
"""

from typing import Any

from flask import Blueprint, Response, current_app

from app.protocol.errors import OAuthError
from app.protocol.server import error_answer
from app.web.delivery import machine_request, send

blueprint = Blueprint("oauth_token", __name__)


@blueprint.post("/token")
def token() -> Response:
    """Answer a token request."""
    server: Any = current_app.extensions["signet.authorization_server"]
    try:
        return send(server.create_token_response(machine_request()))
    except OAuthError as error:
        return send(error_answer(error))
