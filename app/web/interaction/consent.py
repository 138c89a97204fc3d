"""The consent page: who asks, for what, in words.

Specs:
    OpenID Connect Core 1.0 section 3.1.2.4   obtaining consent
    RFC 6749 section 10.2                     the person sees which application it is
"""

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from app.clients.apis import Api
from app.core import clock
from app.core.errors import InvalidInputError
from app.identity.users import Person
from app.protocol.interaction import flow
from app.protocol.interaction.flow import ConsentQuestion, Pending
from app.web import csrf
from app.web.delivery import deliver
from app.web.forms import Form
from app.web.interaction import browser, pending, scope_texts, shown_client, steps

blueprint = Blueprint("interaction_consent", __name__)
csrf.protect(blueprint)


class ConsentForm(Form):
    """Two buttons; all it carries is the token."""


@blueprint.route("/consent", methods=["GET", "POST"])
def consent() -> Response:
    """Ask, or take the answer back into the flow."""
    now = clock.now()
    asked = pending.opened(now=now)
    session, person = browser.session(), browser.person()
    if session is None or person is None:
        return make_response(redirect(flow.resume_url(asked.blob), 303))
    if request.method != "POST":
        return _page(asked, flow.consent_question(asked, session), person)
    match request.form.get("decision"):
        case "allow":
            flow.allow(asked, session, now=now)
            return steps.take_after_form(asked)
        case "deny":
            return deliver(flow.deny(asked, session, now=now))
    raise InvalidInputError(field="decision")


def _page(asked: Pending, question: ConsentQuestion, person: Person) -> Response:
    ours = [name for name in question.scopes if scope_texts.is_ours(name)]
    body = render_template(
        "interaction/consent.html",
        form=ConsentForm(),
        client=shown_client.shown(asked.client),
        user=person,
        scopes=[scope_texts.of(name, is_new=name in question.new_scopes) for name in ours],
        apis=[_shown_api(api, question) for api in question.apis],
        redirect_host=question.redirect_host,
        offline=question.offline,
        action=url_for(".consent", request=asked.blob),
        switch_url=url_for("interaction_login.login", request=asked.blob, switch="1"),
    )
    return make_response(body)


def _shown_api(api: Api, question: ConsentQuestion) -> dict[str, Any]:
    wanted = [name for name in question.scopes if name in api.scopes]
    scopes = [
        {
            "name": name,
            "description": api.scopes[name],
            "is_new": name in question.new_scopes,
        }
        for name in wanted
    ]
    return {"name": api.name, "scopes": scopes}
