"""The first administrator, made in the browser by whoever started the server.

The link's token travels in a form field from here on, not in the address. It works once because a
second first administrator is refused, whatever the token says.
"""

from datetime import datetime

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from app.core import clock, config
from app.core.errors import ConflictError, InvalidInputError, UnavailableError
from app.identity import passwords, set_up, users
from app.identity.authentication import ACR_SINGLE_FACTOR, Authenticated
from app.identity.users import ADMIN, NewUser
from app.web import csrf
from app.web.forms import (
    EmailField,
    Form,
    HiddenField,
    PasswordField,
    StringField,
    point_out,
    required,
    same_as,
)
from app.web.interaction import browser
from app.web.language import N_, gettext

blueprint = Blueprint("interaction_set_up", __name__)
csrf.protect(blueprint)


class SetUpForm(Form):
    """Who the first administrator is."""

    token = HiddenField()
    username = StringField(N_("User name"), required())
    email = EmailField(N_("Email"), required())
    name = StringField(N_("Name"))
    password = PasswordField(N_("Password"), required())
    password_again = PasswordField(N_("Password, once more"), same_as("password"))


@blueprint.route("/set-up", methods=["GET", "POST"])
def first_admin() -> Response:
    """Show the page, or create the administrator and sign them in."""
    now = clock.now()
    form = SetUpForm()
    if request.method != "POST":
        form.token.data = request.args.get("token", "")
    set_up.check_token(form.token.data or "", now)
    if users.any_admin():
        raise ConflictError(gettext("There is an administrator already. This link works once."))
    if not form.is_accepted():
        return _page(form, None, 400 if request.method == "POST" else 200)
    try:
        _create(form, now)
    except (InvalidInputError, ConflictError) as error:
        return _page(form, point_out(form, error), 400)
    except UnavailableError:
        return _page(form, gettext("The service is busy."), 503)
    return make_response(redirect("/console", 303))


def _create(form: SetUpForm, now: datetime) -> None:
    username, email = form.username.data, form.email.data
    passwords.check_acceptable(
        form.password.data,
        minimum=config.current().passwords.min_length,
        context=(username, email),
    )
    new = NewUser(
        username=username,
        email=email,
        name=form.name.data or None,
        password=form.password.data,
        roles=(ADMIN,),
    )
    person = users.create_first_admin(new, now=now)
    changed_at = users.password_changed_at(person.id)
    proved = Authenticated(person.id, ACR_SINGLE_FACTOR, ("pwd",), now, changed_at)
    browser.sign_in(proved, now=now)


def _page(form: SetUpForm, message: str | None, status: int) -> Response:
    body = render_template(
        "interaction/set_up.html", form=form, message=message, action=url_for(".first_admin")
    )
    return make_response(body, status)
