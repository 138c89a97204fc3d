"""POST /revoke.

Specs:
    RFC 7009 section 2
"""

from typing import Any

from flask import Blueprint

from app.protocol import revocation
from app.protocol.errors import OAuthError
from app.protocol.server import Answer, error_answer
from app.web import machine_endpoints

blueprint = Blueprint("oauth_revocation", __name__)


def revoke(environ: dict[str, Any]) -> Answer:
    """End what a token stands for."""
    try:
        return revocation.revoke(machine_endpoints.read(environ))
    except OAuthError as error:
        return error_answer(error)


machine_endpoints.route(blueprint, "/revoke", revoke)
