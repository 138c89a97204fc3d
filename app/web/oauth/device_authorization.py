"""POST /device_authorization.

Specs:
    RFC 8628 section 3.1
"""

from flask import Blueprint, Response, abort

from app.core import config
from app.core.errors import SignetError
from app.protocol import device_authorization
from app.protocol.errors import translate
from app.protocol.server import error_answer
from app.web.delivery import machine_request, send

blueprint = Blueprint("oauth_device_authorization", __name__)


@blueprint.post(device_authorization.ENDPOINT)
def authorize() -> Response:
    """Let a device wait for a person."""
    if not config.current().devices.enabled:
        abort(404)
    try:
        return send(device_authorization.authorize(machine_request()))
    except SignetError as error:
        return send(error_answer(translate(error)))
