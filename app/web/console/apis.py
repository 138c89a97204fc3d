"""APIs in the console: register, describe their scopes, remove.

An API's identifier is an address with slashes, so in our paths it goes in base64url.
"""

from typing import Any

from flask import Response, make_response, redirect, request, url_for

from app.clients import apis
from app.clients.apis import Api
from app.core import clock, secrets
from app.core.errors import ConflictError, InvalidInputError, NotFoundError
from app.web.console import access, pages
from app.web.console.pages import Action, Entry, Listing, Row
from app.web.forms import Form, LinesField, StringField, fill, point_out, required
from app.web.language import N_, gettext

blueprint = access.section("console_apis", __name__, "/apis")


class IdentifierForm(Form):
    """The identifier is chosen once: resource servers compare it."""

    identifier = StringField(
        N_("Identifier"),
        required(),
        description=N_("A URI, such as https://api.example: the audience of its tokens."),
    )


class ApiForm(Form):
    """What may be written about an API that is there."""

    name = StringField(N_("Name"), required())
    scopes = LinesField(
        N_("Scopes"),
        description=N_(
            "One per line: the scope, a space, and what it allows in words that people understand."
        ),
    )


class NewApiForm(IdentifierForm, ApiForm):
    """All of it, for a new API."""


@blueprint.get("")
def listing() -> str:
    """List the APIs."""
    found = apis.page(after=pages.asked("after"), limit=pages.PAGE_SIZE + 1)
    shown = found[: pages.PAGE_SIZE]
    more = len(found) > len(shown)
    return pages.listing(
        Listing(
            title=gettext("APIs"),
            columns=[gettext("Name"), gettext("Identifier"), gettext("Scopes")],
            rows=[_row(api) for api in shown],
            next_url=url_for(".listing", after=shown[-1].identifier) if more else None,
            create_href=url_for(".add"),
            create_label=gettext("Add an API"),
        )
    )


@blueprint.route("/new", methods=["GET", "POST"])
def add() -> Response:
    """Register an API."""
    form, message = NewApiForm(), None
    if form.is_accepted():
        api = Api(form.identifier.data.strip(), form.name.data, _described(form.scopes.data))
        try:
            apis.create(api, now=clock.now())
        except (InvalidInputError, ConflictError) as error:
            message = point_out(form, error)
        else:
            return _back(api)
    page = Entry(gettext("Add an API"), gettext("Add"), url_for(".listing"))
    return pages.entry(form, page, message=message)


@blueprint.get("/<ref>")
def api(ref: str) -> str:
    """Show one API."""
    found = _found(ref)
    scopes = [f"{name}: {about}" if about else name for name, about in found.scopes.items()]
    facts: list[tuple[str, Any]] = [
        (gettext("Identifier"), found.identifier),
        (gettext("Scopes"), scopes),
        (gettext("Edit"), pages.link(url_for(".edit", ref=ref), gettext("Edit"))),
    ]
    removal = Action(
        url_for(".delete", ref=ref),
        gettext("Delete"),
        gettext("Possible while no application is registered for it."),
        danger=True,
    )
    return pages.record(found.name, facts, [removal])


@blueprint.route("/<ref>/edit", methods=["GET", "POST"])
def edit(ref: str) -> Response:
    """Change name and scopes of an API."""
    found = _found(ref)
    form, message = ApiForm(), None
    if request.method != "POST":
        lines = tuple(f"{name} {about}".strip() for name, about in found.scopes.items())
        fill(form, {"name": found.name, "scopes": lines}.items())
    elif form.is_accepted():
        described = _described(form.scopes.data)
        changed = Api(found.identifier, form.name.data, described, found.access_token_lifetime)
        try:
            apis.update(changed, now=clock.now())
        except (InvalidInputError, ConflictError) as error:
            message = point_out(form, error)
        else:
            return _back(found)
    page = Entry(found.name, gettext("Save"), url_for(".api", ref=ref))
    return pages.entry(form, page, message=message)


@blueprint.post("/<ref>/delete")
def delete(ref: str) -> Response:
    """Remove an API that no application is registered for."""
    apis.delete(_found(ref).identifier, now=clock.now())
    return make_response(redirect(url_for(".listing"), 303))


def _found(ref: str) -> Api:
    try:
        identifier = secrets.decode(ref).decode()
    except ValueError:
        raise NotFoundError(gettext("There is no such API.")) from None
    return apis.fresh(identifier)


def _ref(api: Api) -> str:
    return secrets.encode(api.identifier.encode())


def _back(api: Api) -> Response:
    return make_response(redirect(url_for(".api", ref=_ref(api)), 303))


def _row(api: Api) -> Row:
    return Row(url_for(".api", ref=_ref(api)), [api.name, api.identifier, " ".join(api.scopes)])


def _described(lines: tuple[str, ...]) -> dict[str, str]:
    parted = (line.partition(" ") for line in lines)
    return {name: about.strip() for name, _, about in parted}
