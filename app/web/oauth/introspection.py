"""POST /introspect.

Specs:
    RFC 7662 section 2
"""

from typing import Any

from flask import Blueprint

from app.protocol import introspection
from app.protocol.errors import OAuthError
from app.protocol.server import Answer, error_answer
from app.web import machine_endpoints

blueprint = Blueprint("oauth_introspection", __name__)


def introspect(environ: dict[str, Any]) -> Answer:
    """Say whether a token counts."""
    try:
        return introspection.introspect(machine_endpoints.read(environ))
    except OAuthError as error:
        return error_answer(error)


machine_endpoints.route(blueprint, "/introspect", introspect)
