"""Which account to go on with, when the application wants the person to choose.

Specs:
    OpenID Connect Core 1.0 section 3.1.2.1   prompt=select_account
"""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from app.core import clock
from app.protocol.interaction import flow
from app.web import csrf
from app.web.forms import Form
from app.web.interaction import browser, pending, shown_client, steps

blueprint = Blueprint("interaction_select_account", __name__)
csrf.protect(blueprint)


class SelectAccountForm(Form):
    """Two buttons; all it carries is the token."""


@blueprint.route("/select-account", methods=["GET", "POST"])
def select_account() -> Response:
    """Ask, or go on with the account that was chosen."""
    now = clock.now()
    asked = pending.opened(now=now)
    session, person = browser.session(), browser.person()
    if session is None or person is None:
        return make_response(redirect(flow.resume_url(asked.blob), 303))
    choice = request.form.get("choice")
    if choice == "continue":
        return steps.take_after_form(flow.account_chosen(asked, session.id))
    if choice == "other":
        elsewhere = url_for("interaction_login.login", request=asked.blob, switch="1")
        return make_response(redirect(elsewhere, 303))
    return make_response(
        render_template(
            "interaction/select_account.html",
            form=SelectAccountForm(),
            user=person,
            client=shown_client.shown(asked.client),
            action=url_for(".select_account", request=asked.blob),
        ),
        400 if request.method == "POST" else 200,
    )
