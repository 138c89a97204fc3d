"""The page that tells applications, in frames, that a session has ended.

Specs:
    OpenID Connect Front-Channel Logout 1.0 section 3      one frame for each
    OpenID Connect Front-Channel Logout 1.0 section 4.1    where browsers keep cookies from frames, some hear nothing
    OpenID Connect RP-Initiated Logout 1.0 section 3       then back to the application, whether they answer or not

The session is over before the page exists: nothing that a framed application does, or leaves undone, keeps
anybody signed in here.
"""

from flask import Blueprint, Response, make_response, render_template

from app.clients.registry import Client
from app.protocol.logout import front_channel
from app.web import security_headers
from app.web.delivery import away
from app.web.interaction import logout, shown_client

blueprint = Blueprint("interaction_front_channel_logout", __name__)
# For browsers without script; with it, the page goes on as soon as all frames are loaded.
_GOES_ON_AFTER = 5


def notices(session_id: str) -> tuple[str, ...]:
    """Return the addresses to be framed when this session ends; ask before it does."""
    return front_channel.notices(session_id)


def page(
    notices: tuple[str, ...],
    *,
    return_to: str | None,
    client: Client | None,
    redirects: bool = True,
) -> Response:
    """Return the page that frames ``notices`` and then goes on to ``return_to`` at ``client``.

    Without ``redirects`` it offers ``return_to`` as a link and stays. With nothing to frame it is the redirect
    itself, or the page that says it is done.
    """
    framed = security_headers.allow_frames(notices) if notices else ()
    goes_on = redirects and return_to is not None
    if not framed:
        if return_to is not None and goes_on:
            return away(return_to)
        return make_response(logout.signed_out_page(return_to, client))
    response = make_response(
        render_template(
            "interaction/front_channel_logout.html",
            frames=framed,
            continue_url=return_to,
            goes_on=goes_on,
            client=shown_client.shown(client) if client else None,
        )
    )
    if goes_on:
        response.headers["Refresh"] = f"{_GOES_ON_AFTER}; url={return_to}"
    return response
