"""POST /register, and GET, PUT and DELETE /register/<client_id>.

Specs:
    RFC 7591 section 3
    RFC 7592 section 2
"""

from flask import Blueprint, Response, request

from app.core import clock
from app.core.errors import SignetError
from app.protocol.errors import invalid_request, translate
from app.protocol.registration import access, configuration
from app.protocol.registration.register import register as register_client
from app.web.machine_endpoints import send

blueprint = Blueprint("oauth_registration", __name__)


@blueprint.route("/register", methods=["POST"])
def register() -> Response:
    """Register a client."""
    access.check_open()
    try:
        return send(register_client(_document(), authorization=_authorization(), now=clock.now()))
    except SignetError as error:
        return send(access.refusal(translate(error)))


@blueprint.route("/register/<client_id>", methods=["GET", "PUT", "DELETE"])
def configure(client_id: str) -> Response:
    """Read, replace or remove the registration of a client."""
    asked, now = _authorization(), clock.now()
    try:
        if request.method == "PUT":
            return send(
                configuration.replace(client_id, authorization=asked, now=now, document=_document())
            )
        act = configuration.remove if request.method == "DELETE" else configuration.read
        return send(act(client_id, authorization=asked, now=now))
    except SignetError as error:
        return send(access.refusal(translate(error)))


def _authorization() -> str | None:
    found: str | None = request.environ.get("HTTP_AUTHORIZATION")
    return found


def _document() -> bytes:
    if request.mimetype != "application/json":
        raise invalid_request("The body must be application/json.")
    return request.get_data(cache=False)
