"""/authorize: where a sign-in begins, and where every page of it returns to.

Specs:
    RFC 6749 section 3.1, 4.1                   the authorization endpoint
    OpenID Connect Core 1.0 section 3.1.2       with OpenID
"""

from urllib.parse import quote

from flask import Blueprint, Response, request

from app.core import clock
from app.protocol.authorization import pipeline
from app.protocol.authorization.response import RefusedForClientError, refusal
from app.protocol.interaction import flow
from app.protocol.interaction.flow import Pending
from app.protocol.interaction.next_step import Step
from app.web import cookies
from app.web.delivery import as_get, away, deliver, page_parameters
from app.web.interaction import browser

blueprint = Blueprint("oauth_authorization", __name__)

_PAGES = {
    Step.LOGIN: "/login",
    Step.SELECT_ACCOUNT: "/select-account",
    Step.CONSENT: "/consent",
}


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
    return _advance(flow.start(validated, client, browser_id=browser.browser_id()))


@blueprint.get("/authorize/continue")
def resume() -> Response:
    """Take the next step of a request that waited for a page."""
    blob = request.args.get("request")
    pending = flow.open_pending(blob, browser_id=browser.browser_id(), now=clock.now())
    return _advance(pending)


def _advance(pending: Pending) -> Response:
    now, session = clock.now(), browser.session()
    step = flow.step(pending, session, now=now)
    if step is Step.ISSUE and session is not None:
        response = flow.issue(pending, session, now=now)
        return away(flow.resume_url(pending.blob)) if response is None else deliver(response)
    refused = flow.refused_without_page(pending, step, now=now)
    if refused is not None:
        return deliver(refused)
    return away(f"{_PAGES[step]}?request={quote(pending.blob)}")
