"""/device: a person types the code that a device shows, sees who asks for what, and decides.

Specs:
    RFC 8628 section 3.3, 3.3.1    the code, typed or brought along by the address
    RFC 8628 section 5.4           a code in an address decides nothing: the person confirms what they see
    RFC 6585 section 4             429 with Retry-After for those who guess
"""

from datetime import datetime
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from app.core import clock, config
from app.core.errors import InvalidInputError
from app.identity.sessions import Session
from app.identity.users import Person
from app.protocol.device_authorization import PAGE
from app.protocol.interaction import device_approval
from app.protocol.interaction.device_approval import Waiting
from app.throttle.counters import ThrottledError
from app.tokens import device_codes
from app.web import csrf, language
from app.web.forms import Form, HiddenField, StringField, required
from app.web.interaction import browser, scope_texts, shown_client
from app.web.language import N_, gettext

blueprint = Blueprint("interaction_device", __name__)
csrf.protect(blueprint)

_LONGEST = 64


class CodeForm(Form):
    """The code that the device shows."""

    user_code = StringField(N_("Code"), required())


class DecisionForm(Form):
    """Two buttons, and the code again: nothing is remembered between two pages."""

    user_code = HiddenField()


@blueprint.route(PAGE, methods=["GET", "POST"])
def device() -> Response:
    """Ask for the code, and then for the decision."""
    if not config.current().devices.enabled:
        abort(404)
    session, person = browser.session(), browser.person()
    if session is None or person is None:
        return _sign_in()
    form = CodeForm()
    if request.method != "POST":
        form.user_code.data = _code_in(request.args.get("user_code"))
        return _ask(form)
    if not form.is_accepted():
        return _ask(form, 400)
    return _answered(form, session, person)


def _answered(form: CodeForm, session: Session, person: Person) -> Response:
    now, code = clock.now(), form.user_code.data[:_LONGEST]
    try:
        waiting = device_approval.find(code, session, now=now)
    except ThrottledError as error:
        return _ask(form, 429, error.retry_after)
    if waiting is None:
        about = gettext("No device waits with this code. Check it, or start again on the device.")
        form.user_code.errors = (about,)
        return _ask(form, 400)
    if not device_approval.is_sure_enough(waiting, session):
        # Whoever has just signed in and still falls short cannot do better.
        again = session.auth_time < waiting.device.created_at
        return _sign_in(again=True) if again else _told("unmet", waiting, 403)
    if "decision" not in request.form:
        return _question(waiting, code, person)
    return _decided(waiting, session, now)


def _decided(waiting: Waiting, session: Session, now: datetime) -> Response:
    match request.form["decision"]:
        case "allow":
            done = device_approval.allow(waiting, session, now=now)
            return _told("allowed", waiting) if done else _told("late", waiting, 409)
        case "deny":
            done = device_approval.deny(waiting, session, now=now)
            return _told("denied", waiting) if done else _told("late", waiting, 409)
    raise InvalidInputError(field="decision")


def _sign_in(*, again: bool = False) -> Response:
    return make_response(redirect(_sign_in_url(again=again), 303))


def _sign_in_url(*, again: bool) -> str:
    code = _code_in(request.values.get("user_code"))
    onward = f"{PAGE}?user_code={code}" if code else PAGE
    return url_for("interaction_login.login", next=onward, switch="1" if again else None)


def _code_in(text: str | None) -> str | None:
    return device_codes.normal(text[:_LONGEST]) if text else None


def _ask(form: CodeForm, status: int = 200, retry_after: int | None = None) -> Response:
    message = gettext("There were too many wrong codes.") if retry_after else None
    body = render_template(
        "interaction/device.html",
        form=form,
        message=message,
        wait=language.wait(retry_after),
        action=url_for(".device"),
    )
    response = make_response(body, status)
    if retry_after:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _question(waiting: Waiting, code: str, person: Person) -> Response:
    form, wanted = DecisionForm(), waiting.device
    form.user_code.data = device_codes.normal(code)
    body = render_template(
        "interaction/device_confirm.html",
        form=form,
        client=shown_client.shown(waiting.client),
        user=person,
        code=form.user_code.data,
        address=wanted.address,
        scopes=[scope_texts.of(name) for name in wanted.scope if scope_texts.is_ours(name)],
        apis=_shown_apis(waiting),
        offline="offline_access" in wanted.scope,
        action=url_for(".device"),
        switch_url=_sign_in_url(again=True),
    )
    return make_response(body)


def _shown_apis(waiting: Waiting) -> list[dict[str, Any]]:
    return [
        {
            "name": api.name,
            "scopes": [
                {"name": name, "description": api.scopes[name]}
                for name in waiting.device.scope
                if name in api.scopes
            ],
        }
        for api in waiting.apis
    ]


def _told(outcome: str, waiting: Waiting, status: int = 200) -> Response:
    client = shown_client.shown(waiting.client)
    body = render_template("interaction/device_done.html", outcome=outcome, client=client)
    return make_response(body, status)
