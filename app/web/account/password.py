"""Changing one's own password.

Specs:
    ASVS 5.0 6.2.3    the current password is asked for
    ASVS 5.0 7.4.3    the other sessions end

The current password goes through the same door as a sign-in, so guessing it here is counted and
slowed as there.
"""

from dataclasses import replace
from datetime import datetime

from flask import Response, make_response, redirect, render_template, request

from app.core import clock, config
from app.core.errors import InvalidInputError, UnavailableError
from app.identity import authentication, passwords, users
from app.identity.authentication import InvalidCredentialsError
from app.throttle.counters import ThrottledError
from app.tokens import revocation
from app.web import cookies, language
from app.web.account import access
from app.web.forms import Form, PasswordField, required, same_as
from app.web.interaction import browser
from app.web.language import N_, gettext, said

blueprint = access.pages("account_password", __name__)


class PasswordForm(Form):
    """The old one, and the new one twice."""

    current_password = PasswordField(N_("Current password"), required())
    new_password = PasswordField(N_("New password"), required())
    new_password_again = PasswordField(N_("New password, once more"), same_as("new_password"))


@blueprint.route("/password", methods=["GET", "POST"])
def password() -> Response:
    """Show the page, or change the password and end the other sessions."""
    form = PasswordForm()
    if request.method != "POST":
        return _page(form, None, 200)
    if not form.is_accepted():
        return _page(form, None, 400)
    try:
        _change(form, clock.now())
    except InvalidCredentialsError:
        form.current_password.errors = [gettext("This is not your current password.")]
    except InvalidInputError as error:
        form.new_password.errors = [said(error.public)]
    except ThrottledError as error:
        return _later(form, gettext("There were too many failed attempts."), 429, error.retry_after)
    except UnavailableError as error:
        return _later(form, gettext("The service is busy."), 503, error.retry_after)
    else:
        return make_response(redirect("/account", 303))
    return _page(form, None, 400)


def _change(form: PasswordForm, now: datetime) -> None:
    person, _ = access.owner()
    new = form.new_password.data
    # Whoever knows the old one hears what is wrong with the new one; nobody else learns anything.
    authenticated = authentication.with_password(
        person.username, form.current_password.data, device=cookies.read_device(), now=now
    )
    passwords.check_acceptable(
        new,
        minimum=config.current().passwords.min_length,
        context=[part for part in (person.username, person.email, person.name) if part],
    )
    users.set_password(person.id, new, now=now)
    proved = replace(authenticated, password_changed_at=users.password_changed_at(person.id))
    renewed = browser.sign_in(proved, now=now)
    revocation.of_other_sessions(person.id, renewed.id, reason="password_changed", now=now)


def _later(form: PasswordForm, message: str, status: int, seconds: int) -> Response:
    response = _page(form, f"{message} {language.wait(seconds)}", status)
    response.headers["Retry-After"] = str(seconds)
    return response


def _page(form: PasswordForm, message: str | None, status: int) -> Response:
    body = render_template(
        "account/password.html",
        form=form,
        message=message,
        username=access.owner()[0].username,
        min_length=config.current().passwords.min_length,
        action="/account/password",
    )
    return make_response(body, status)
