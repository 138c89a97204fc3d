"""Applications in the console: look for them, register, change, give a new secret, end."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import Response, make_response, redirect, url_for

from app.clients import registry, secrets
from app.clients.client import Client, Registration
from app.core import clock
from app.core.errors import ConflictError, InvalidInputError
from app.tokens import revocation
from app.web.console import access, client_facts, client_form, pages
from app.web.console.client_form import ClientForm
from app.web.console.pages import Action, Entry, Listing, Row
from app.web.forms import point_out
from app.web.language import gettext, when

blueprint = access.section("console_clients", __name__, "/clients")

# Long enough to bring a new secret to where the application runs.
_GRACE = timedelta(days=1)


@blueprint.get("")
def clients() -> str:
    """List applications, or those that a search finds."""
    search = pages.asked("search")
    found = registry.page(after=pages.asked("after"), limit=pages.PAGE_SIZE + 1, search=search)
    shown = found[: pages.PAGE_SIZE]
    more = len(found) > len(shown)
    return pages.listing(
        Listing(
            title=gettext("Applications"),
            columns=[gettext("Name"), gettext("Client ID"), gettext("Scopes"), gettext("State")],
            rows=[_row(each) for each in shown],
            next_url=url_for(".clients", after=shown[-1].client_id, search=search)
            if more
            else None,
            search=search or "",
            create_href=url_for(".add"),
            create_label=gettext("Add an application"),
        )
    )


@blueprint.route("/new", methods=["GET", "POST"])
def add() -> Response | str:
    """Register an application; its secret is on the page that follows."""
    form, message = client_form.opened(), None
    if form.is_accepted():
        registration = Registration(**client_form.written(form))
        try:
            client, secret = registry.register(registration, now=clock.now())
        except (InvalidInputError, ConflictError) as error:
            message = point_out(form, error)
        else:
            return _record(client, secret)
    page = Entry(gettext("Add an application"), gettext("Add"), url_for(".clients"))
    return pages.entry(form, page, message=message)


@blueprint.get("/<client_id>")
def client(client_id: str) -> str:
    """Show one application."""
    return _record(registry.fresh(client_id), None)


@blueprint.route("/<client_id>/edit", methods=["GET", "POST"])
def edit(client_id: str) -> Response:
    """Change what an application has registered."""
    found = registry.fresh(client_id)
    form, message = client_form.opened(found), None
    if form.is_accepted():
        message = _update(found, form)
        if message is None and not form.errors:
            return _back(client_id)
    page = Entry(found.client_name, gettext("Save"), url_for(".client", client_id=client_id))
    return pages.entry(form, page, message=message)


@blueprint.post("/<client_id>/rotate-secret")
def rotate_secret(client_id: str) -> str:
    """Give the application a new secret; the old one still works for a day."""
    secret = secrets.rotate(client_id, grace=_GRACE, now=clock.now())
    return _record(registry.fresh(client_id), secret)


@blueprint.post("/<client_id>/replace-secret")
def replace_secret(client_id: str) -> str:
    """Give the application a new secret; the old ones work no more."""
    secret = secrets.rotate(client_id, grace=timedelta(0), now=clock.now())
    return _record(registry.fresh(client_id), secret)


@blueprint.post("/<client_id>/disable")
def disable(client_id: str) -> Response:
    """Switch the application off."""
    registry.disable(client_id, now=clock.now())
    return _back(client_id)


@blueprint.post("/<client_id>/enable")
def enable(client_id: str) -> Response:
    """Switch the application on again."""
    registry.enable(client_id, now=clock.now())
    return _back(client_id)


@blueprint.post("/<client_id>/revoke")
def revoke(client_id: str) -> Response:
    """End every token that the application holds."""
    revocation.of_client(client_id, now=clock.now())
    return _back(client_id)


@blueprint.post("/<client_id>/delete")
def delete(client_id: str) -> Response:
    """Remove the application and all it holds."""
    registry.delete(client_id, now=clock.now())
    return make_response(redirect(url_for(".clients"), 303))


def _update(found: Client, form: ClientForm) -> str | None:
    known = {name: getattr(found, name) for name in Registration.__dataclass_fields__}
    registration = replace(Registration(**known), **client_form.written(form))
    try:
        registry.update(found.client_id, registration, now=clock.now())
    except (InvalidInputError, ConflictError) as error:
        return point_out(form, error)
    return None


def _back(client_id: str) -> Response:
    return make_response(redirect(url_for(".client", client_id=client_id), 303))


def _row(client: Client) -> Row:
    return Row(
        url_for(".client", client_id=client.client_id),
        [
            client.client_name,
            client.client_id,
            " ".join(client.scope),
            pages.state(is_disabled=client.is_disabled),
        ],
    )


def _record(client: Client, secret: str | None) -> str:
    return pages.record(client.client_name, _facts(client), _actions(client), secret=secret)


def _facts(client: Client) -> list[tuple[str, Any]]:
    events = url_for("console_audit.events", search=client.client_id)
    edit_url = url_for(".edit", client_id=client.client_id)
    return [
        (gettext("Client ID"), client.client_id),
        (gettext("State"), pages.state(is_disabled=client.is_disabled)),
        (gettext("Kind"), client.application_type),
        (gettext("Authentication"), client.token_endpoint_auth_method),
        (gettext("Grant types"), list(client.grant_types)),
        (gettext("Redirect URIs"), list(client.redirect_uris)),
        (gettext("Redirect URIs after signing out"), list(client.post_logout_redirect_uris)),
        (gettext("Scopes"), " ".join(client.scope)),
        (gettext("APIs"), list(client.resources)),
        (gettext("Browser origins"), list(client.allowed_origins)),
        (gettext("Require PKCE"), pages.yes_or_no(client.require_pkce)),
        (gettext("Do not ask people for consent"), pages.yes_or_no(client.skip_consent)),
        *client_facts.further(client),
        (gettext("Website"), client.client_uri),
        (gettext("Privacy policy"), client.policy_uri),
        (gettext("Terms of service"), client.tos_uri),
        (gettext("Contacts"), list(client.contacts)),
        (gettext("Added"), when(client.created_at)),
        (gettext("Changed"), when(client.updated_at)),
        (gettext("Events"), pages.link(events, gettext("What happened around this application"))),
        (gettext("Edit"), pages.link(edit_url, gettext("Edit"))),
    ]


def _actions(client: Client) -> list[Action]:
    def action(view: Callable[..., Any], label: str, about: str, *, danger: bool = True) -> Action:
        url = url_for(f".{view.__name__}", client_id=client.client_id)
        return Action(url, label, about, danger)

    found = []
    if client.uses_secret:
        found += [
            action(
                rotate_secret,
                gettext("Rotate secret"),
                gettext("There is a new secret, and the old one keeps working for a day."),
                danger=False,
            ),
            action(
                replace_secret,
                gettext("Replace secret at once"),
                gettext("For a secret that became known: the old one stops working now."),
            ),
        ]
    if client.is_disabled:
        about = gettext("People can sign in to it again, and it gets tokens again.")
        found.append(action(enable, gettext("Enable"), about, danger=False))
    else:
        about = gettext("Nobody can sign in to it, and it gets no tokens, until it is enabled.")
        found.append(action(disable, gettext("Disable"), about))
    return [
        *found,
        action(revoke, gettext("Revoke all tokens"), gettext("Every token it holds ends at once.")),
        action(
            delete, gettext("Delete"), gettext("It is gone, with all it holds. This is for good.")
        ),
    ]
