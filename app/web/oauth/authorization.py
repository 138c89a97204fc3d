"""/authorize: where a sign-in begins, and where its pages send a browser whose form they do not answer themselves.

Specs:
    RFC 6749 section 3.1, 4.1                   the authorization endpoint
    OpenID Connect Core 1.0 section 3.1.2       with OpenID
"""

from flask import Blueprint, Response, request

from app.core import clock
from app.protocol.authorization import pipeline
from app.protocol.authorization.response import RefusedForClientError, refusal
from app.protocol.interaction import flow
from app.web import cookies
from app.web.delivery import as_get, deliver, page_parameters
from app.web.interaction import browser, steps

blueprint = Blueprint("oauth_authorization", __name__)


@blueprint.route("/authorize", methods=["GET", "POST"])
def authorize() -> Response:
    """Validate a request and take its first step."""
    parameters = page_parameters()
    try:
        client, _, validated = pipeline.validate(parameters, now=clock.now())
    except RefusedForClientError as error:
        return deliver(refusal(error.target, error.error))
    if request.method == "POST" and cookies.read_session() is None:
        return as_get("/authorize", parameters)
    return steps.take(flow.start(validated, client, browser_id=browser.browser_id()))


@blueprint.get("/authorize/continue")
def resume() -> Response:
    """Take the next step of a request that waited for a page."""
    blob = request.args.get("request")
    pending = flow.open_pending(blob, browser_id=browser.browser_id(), now=clock.now())
    return steps.take(pending)
