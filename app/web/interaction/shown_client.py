"""An application as pages show it, and its picture.

Specs:
    RFC 7591 section 2   client_name, client_uri, logo_uri, policy_uri, tos_uri
    RFC 7591 section 5   a name that an application gave itself is no proof of who it is

The picture is ours to serve: a page that fetched it from the application would tell it who is about
to sign in.
"""

from dataclasses import dataclass

from flask import Blueprint, Response, abort, request, url_for

from app.clients import logos
from app.clients.registry import Client
from app.web.application import Answer

blueprint = Blueprint("interaction_shown_client", __name__)

_PICTURE_MAX_AGE = 3600


@dataclass(frozen=True)
class ShownClient:
    """What templates know of an application."""

    name: str
    logo_url: str | None
    client_uri: str | None
    policy_uri: str | None
    tos_uri: str | None
    # It registered itself, so all of the above is its own word.
    is_dynamic: bool = False


def shown(client: Client) -> ShownClient:
    """Return ``client`` for a page."""
    pictured = client.logo_uri is not None and logos.picture(client.client_id) is not None
    return ShownClient(
        name=client.client_name,
        logo_url=url_for("interaction_shown_client.logo", client_id=client.client_id)
        if pictured
        else None,
        client_uri=client.client_uri,
        policy_uri=client.policy_uri,
        tos_uri=client.tos_uri,
        is_dynamic=client.is_dynamic,
    )


@blueprint.get("/clients/<client_id>/logo")
def logo(client_id: str) -> Response:
    """Answer with the picture of an application."""
    found = logos.picture(client_id)
    if found is None:
        abort(404)
    media_type, picture, fetched_at = found
    response = Answer(picture, mimetype=media_type)
    response.last_modified = fetched_at
    response.cache_control.public = True
    response.cache_control.max_age = _PICTURE_MAX_AGE
    response.make_conditional(request)
    return response
