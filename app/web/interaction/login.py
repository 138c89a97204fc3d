"""The sign-in page: user name or e-mail, and password.

Specs:
    OpenID Connect Core 1.0 section 3.1.2.3   the person is authenticated, once more if need be
    ASVS 5.0 6.3.8                            one message for every reason
    RFC 6585 section 4, RFC 9110 15.6.4       429 and 503 with Retry-After

Who is signed in already is asked to confirm it, under their own name; ``switch`` in the address is
the way to sign in as somebody else. A form sent when there is nothing left to ask is not evaluated
at all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from flask import (
    Blueprint,
    Response,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
)
from flask.blueprints import BlueprintSetupState

from app.core import clock
from app.core.errors import UnavailableError
from app.identity import authentication
from app.identity.authentication import InvalidCredentialsError
from app.identity.users import Person
from app.protocol.interaction import flow
from app.protocol.interaction.flow import Pending
from app.protocol.interaction.next_step import Step
from app.throttle.counters import ThrottledError
from app.web import cookies, csrf, language
from app.web.forms import Form, PasswordField, StringField, required
from app.web.interaction import browser, destinations, pending, shown_client, steps
from app.web.interaction.made_pages import MadePages
from app.web.interaction.shown_client import ShownClient
from app.web.language import N_, gettext

blueprint = Blueprint("interaction_login", __name__)

_PATH = "/login"
_LONGEST_LOGIN = 320
_PARAMETERS = (pending.PARAMETER, "next", "confirm", "switch")
_MADE = "signet.login_pages"


class LoginForm(Form):
    """Who, and the proof."""

    username = StringField(N_("User name or email"), required())
    password = PasswordField(N_("Password"), required())


@dataclass(frozen=True)
class Visit:
    """Why somebody is on the page. ``known`` is who is to confirm being themselves, if anybody."""

    pending: Pending | None
    destination: str
    known: Person | None
    is_settled: bool


@dataclass(frozen=True)
class Refusal:
    """What the page says of an attempt that failed."""

    status: int = 400
    message: str | None = None
    retry_after: int | None = None


@blueprint.record
def _begin(state: BlueprintSetupState) -> None:
    state.app.extensions[_MADE] = MadePages()


@blueprint.route(_PATH, methods=["GET", "POST"])
def login() -> Response:
    """Show the page, or sign in and go on."""
    now = clock.now()
    visit = _visit(now)
    if visit.is_settled:
        return _onward(visit)
    csrf.check()
    if request.method != "POST":
        return _page(visit)
    username = _username(visit)
    password = request.form.get("password")
    if not username or not password:
        return _refused(visit, Refusal())
    return _attempt(visit, username, password, now)


def _username(visit: Visit) -> str:
    # The page shows the name of who is known fixed; what was sent in its place counts for nothing.
    return visit.known.username if visit.known else request.form.get("username", "")


def _visit(now: datetime) -> Visit:
    found = pending.opened(now=now) if pending.is_named() else None
    destination = destinations.local(request.args.get("next"))
    current = browser.session()
    if current is None or "switch" in request.args:
        return Visit(found, destination, known=None, is_settled=False)
    if found is None:
        settled = "confirm" not in request.args or browser.is_fresh(current, now=now)
        return Visit(None, destination, known=browser.person(), is_settled=settled)
    settled = flow.step(found, current, now=now) is not Step.LOGIN
    # An application that knows whom it wants is not served by another's confirmation.
    wanted = found.request.hinted_subject in {None, current.user_id}
    return Visit(found, destination, browser.person() if wanted else None, is_settled=settled)


def _attempt(visit: Visit, username: str, password: str, now: datetime) -> Response:
    try:
        authenticated = authentication.with_password(
            username, password, device=cookies.read_device(), now=now
        )
    except InvalidCredentialsError:
        message = gettext("That user name and password do not match.")
        return _refused(visit, Refusal(message=message))
    except ThrottledError as error:
        message = gettext("There were too many failed attempts.")
        return _refused(visit, Refusal(429, message, error.retry_after))
    except UnavailableError as error:
        message = gettext("The service is busy.")
        return _refused(visit, Refusal(503, message, error.retry_after))
    browser.sign_in(authenticated, now=now)
    return steps.take_after_form(visit.pending) if visit.pending else _onward(visit)


def _onward(visit: Visit) -> Response:
    onward = flow.resume_url(visit.pending.blob) if visit.pending else visit.destination
    return make_response(redirect(onward, 303))


def _expected(visit: Visit) -> str | None:
    if visit.known is not None:
        return visit.known.username
    hint = visit.pending.request.login_hint if visit.pending else None
    return hint[:_LONGEST_LOGIN] if hint else None


def _page(visit: Visit) -> Response:
    expected = _expected(visit)

    def render() -> str:
        form = LoginForm()
        form.username.data = expected
        return _rendered(form, visit, Refusal())

    if expected is not None:
        return make_response(render())
    return make_response(_made(visit, Refusal(), (), render))


def _made(visit: Visit, refusal: Refusal, typed: tuple[str, ...], render: Callable[[], str]) -> str:
    """Return the page, put together from one made before where nobody is known to this browser.

    All that differs then from reader to reader is where the form goes, its token, and what was ``typed``.
    """
    if visit.known is not None or browser.person_shown() is not None:
        return render()
    wait = language.wait(refusal.retry_after)
    pages: MadePages = current_app.extensions[_MADE]
    kind = language.current(), _client(visit), refusal.message, wait, len(typed)
    return pages.page(kind, (_address(), csrf.token(), *typed), render)


def _refused(visit: Visit, refusal: Refusal) -> Response:
    def render() -> str:
        form = LoginForm()
        if visit.known is not None:
            form.username.raw_data = [visit.known.username]
            form.username.data = visit.known.username
        # A field that was left empty says so itself.
        form.validate()
        return _rendered(form, visit, refusal)

    # Whoever guesses is shown this page again and again.
    text = (
        render() if refusal.message is None else _made(visit, refusal, (_username(visit),), render)
    )
    response = make_response(text, refusal.status)
    if refusal.retry_after:
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response


def _rendered(form: LoginForm, visit: Visit, refusal: Refusal) -> str:
    return render_template(
        "interaction/login.html",
        form=form,
        client=_client(visit),
        message=refusal.message,
        wait=language.wait(refusal.retry_after),
        reauthenticate=visit.known is not None,
        action=_address(),
        switch_url=_address(switch="1") if visit.known else None,
    )


def _client(visit: Visit) -> ShownClient | None:
    return shown_client.shown(visit.pending.client) if visit.pending else None


def _address(**changed: str) -> str:
    # The same address again, with these alone.
    given = request.args
    asked = {name: given[name] for name in _PARAMETERS if name in given} | changed
    return f"{_PATH}?{urlencode(asked)}" if asked else _PATH
