"""GET and POST /end_session.

Specs:
    OpenID Connect RP-Initiated Logout 1.0 section 2, 3
    OpenID Connect Front-Channel Logout 1.0 section 3      other applications hear of it on the way back
"""

from datetime import datetime

from flask import Blueprint, Response, make_response, request

from app.core import clock
from app.identity.sessions import Session
from app.protocol.logout import rp_initiated
from app.protocol.logout.rp_initiated import LogoutRequest
from app.web import cookies, csrf, language, security_headers
from app.web.delivery import as_get, page_parameters
from app.web.interaction import browser, front_channel_logout, logout

blueprint = Blueprint("oauth_end_session", __name__)


@blueprint.route("/end_session", methods=["GET", "POST"])
def end_session() -> Response:
    """Sign out, after asking where the application could not prove that it speaks for this session."""
    now = clock.now()
    # Read as bytes first: looking at it as a form would leave none for the protocol's own reader.
    request.get_data()
    if request.method == "POST" and csrf.FIELD in request.form:
        return _confirmed(now)
    parameters = page_parameters()
    asked = rp_initiated.examine(parameters, now=now)
    if request.method == "POST" and cookies.read_session() is None:
        return as_get("/end_session", parameters)
    language.prefer(asked.ui_locales)
    session, person = browser.session(), browser.person()
    if session is None or person is None:
        # Nobody is signed in, so nothing changes: not even a form that is open in another tab.
        return _farewell(asked, (), redirects=asked.proved)
    if not asked.needs_confirmation(session):
        return _signed_out(asked, session, now)
    if asked.return_to:
        security_headers.allow_form_action(asked.return_to)
    form = logout.LogoutForm()
    form.request.data = rp_initiated.seal(asked, session_id=session.id)
    return make_response(logout.confirm_page(form, asked.client, person))


def _confirmed(now: datetime) -> Response:
    session = browser.session()
    asked = LogoutRequest()
    if session is None:
        # The button was pressed twice: it is done.
        return _farewell(asked, (), redirects=False)
    csrf.check()
    if sealed := request.form.get("request"):
        asked = rp_initiated.unseal(sealed, session_id=session.id)
    # The person has confirmed, and a hint has proved who asked: then the way back needs no second click.
    return _signed_out(asked, session, now)


def _signed_out(asked: LogoutRequest, session: Session, now: datetime) -> Response:
    notices = front_channel_logout.notices(session.id)
    browser.sign_out(now=now)
    return _farewell(asked, notices, redirects=asked.proved)


def _farewell(asked: LogoutRequest, notices: tuple[str, ...], *, redirects: bool) -> Response:
    return front_channel_logout.page(
        notices, return_to=asked.return_to, client=asked.client, redirects=redirects
    )
