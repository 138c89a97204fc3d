"""POST /device_authorization.

Specs:
    RFC 8628 section 3.1
"""

from typing import Any

from flask import Blueprint, abort

from app.core import config
from app.core.errors import SignetError
from app.protocol import device_authorization
from app.protocol.errors import translate
from app.protocol.server import Answer, error_answer
from app.web import machine_endpoints

blueprint = Blueprint("oauth_device_authorization", __name__)


def authorize(environ: dict[str, Any]) -> Answer:
    """Let a device wait for a person."""
    if not config.current().devices.enabled:
        abort(404)
    try:
        return device_authorization.authorize(machine_endpoints.read(environ))
    except SignetError as error:
        return error_answer(translate(error))


machine_endpoints.route(blueprint, device_authorization.ENDPOINT, authorize)
