"""POST /token.

Specs:
    RFC 6749 section 3.2    the token endpoint
"""

from typing import Any

from flask import Blueprint, current_app

from app.protocol.errors import OAuthError
from app.protocol.server import Answer, error_answer
from app.web import machine_endpoints

blueprint = Blueprint("oauth_token", __name__)


def token(environ: dict[str, Any]) -> Answer:
    """Answer a token request."""
    server = current_app.extensions["signet.authorization_server"]
    try:
        answer: Answer = server.create_token_response(machine_endpoints.read(environ))
    except OAuthError as error:
        return error_answer(error)
    return answer


machine_endpoints.route(blueprint, "/token", token)
