"""The sign-in page: user name or e-mail, and password.

Specs:
    OpenID Connect Core 1.0 section 3.1.2.3   the person is authenticated, once more if need be
    ASVS 5.0 6.3.8                            one message for every reason
    RFC 6585 section 4, RFC 9110 15.6.4       429 and 503 with Retry-After

Who is signed in already is asked to confirm it, under their own name; ``switch`` in the address is
the way to sign in as somebody else. A form sent when there is nothing left to ask is not evaluated
at all.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from app.core import clock
from app.core.errors import UnavailableError
from app.identity import authentication
from app.identity.authentication import InvalidCredentialsError
from app.identity.users import Person
from app.protocol.interaction import flow
from app.protocol.interaction.flow import Pending
from app.protocol.interaction.next_step import Step
from app.throttle.counters import ThrottledError
from app.web import cookies, csrf
from app.web.forms import Form, PasswordField, StringField, required
from app.web.interaction import browser, destinations, pending, shown_client
from app.web.language import N_, gettext

blueprint = Blueprint("interaction_login", __name__)

_LONGEST_LOGIN = 320
_PARAMETERS = (pending.PARAMETER, "next", "confirm", "switch")


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


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> Response:
    """Show the page, or sign in and go on."""
    now = clock.now()
    visit = _visit(now)
    if visit.is_settled:
        return _onward(visit)
    csrf.check()
    form = LoginForm()
    if request.method != "POST":
        form.username.data = _expected(visit)
        return _page(form, visit, None)
    if visit.known is not None:
        # The page shows the name fixed; what was sent in its place counts for nothing.
        form.username.raw_data = [visit.known.username]
        form.username.data = visit.known.username
    if not form.is_accepted():
        return _page(form, visit, Refusal())
    return _attempt(form, visit, now)


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


def _attempt(form: LoginForm, visit: Visit, now: datetime) -> Response:
    try:
        authenticated = authentication.with_password(
            form.username.data, form.password.data, device=cookies.read_device(), now=now
        )
    except InvalidCredentialsError:
        message = gettext("That user name and password do not match.")
        return _page(form, visit, Refusal(message=message))
    except ThrottledError as error:
        message = gettext("There were too many failed attempts.")
        return _page(form, visit, Refusal(429, message, error.retry_after))
    except UnavailableError as error:
        message = gettext("The service is busy.")
        return _page(form, visit, Refusal(503, message, error.retry_after))
    browser.sign_in(authenticated, now=now)
    return _onward(visit)


def _onward(visit: Visit) -> Response:
    onward = flow.resume_url(visit.pending.blob) if visit.pending else visit.destination
    return make_response(redirect(onward, 303))


def _expected(visit: Visit) -> str | None:
    if visit.known is not None:
        return visit.known.username
    hint = visit.pending.request.login_hint if visit.pending else None
    return hint[:_LONGEST_LOGIN] if hint else None


def _page(form: LoginForm, visit: Visit, refusal: Refusal | None) -> Response:
    # The same address again. Only these: url_for takes some names for instructions of its own.
    asked: dict[str, Any] = {name: request.args.get(name) for name in _PARAMETERS}
    body = render_template(
        "interaction/login.html",
        form=form,
        client=shown_client.shown(visit.pending.client) if visit.pending else None,
        message=refusal.message if refusal else None,
        retry_after=refusal.retry_after if refusal else None,
        reauthenticate=visit.known is not None,
        action=url_for(".login", **asked),
        switch_url=url_for(".login", **{**asked, "switch": "1"}) if visit.known else None,
    )
    response = make_response(body, refusal.status if refusal else 200)
    if refusal and refusal.retry_after:
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response
