"""The pages around signing out; the decision whether to ask is made at /end_session.

Specs:
    OpenID Connect RP-Initiated Logout 1.0 section 2   asking the person
    OpenID Connect RP-Initiated Logout 1.0 section 3   going back to the application
"""

from flask import render_template

from app.clients.registry import Client
from app.identity.users import Person
from app.web.forms import Form, HiddenField
from app.web.interaction import shown_client


class LogoutForm(Form):
    """One button. ``request`` carries the sealed request that is to be confirmed, if any."""

    request = HiddenField()


def confirm_page(form: Form, client: Client | None, user: Person) -> str:
    """Return the page that asks ``user`` whether to sign out, as ``client`` wishes, if any."""
    return render_template(
        "interaction/logout.html",
        form=form,
        client=shown_client.shown(client) if client else None,
        user=user,
        action="/end_session",
    )


def signed_out_page(continue_url: str | None, client: Client | None) -> str:
    """Return the page that says it is done, with a link to ``continue_url`` at ``client``."""
    return render_template(
        "interaction/signed_out.html",
        continue_url=continue_url,
        client=shown_client.shown(client) if client else None,
    )
