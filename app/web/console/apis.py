"""APIs in the console: register, describe their scopes, remove.

An API's identifier is an address with slashes, so in our paths it goes in base64url.
"""

from dataclasses import replace
from typing import Any

from flask import Response, make_response, redirect, request, url_for

from app.clients import apis
from app.clients.apis import Api
from app.core import clock, config, secrets
from app.core.errors import ConflictError, InvalidInputError, NotFoundError
from app.web.console import access, pages
from app.web.console.pages import Action, Entry, Listing, Row
from app.web.forms import (
    BooleanField,
    Choice,
    Form,
    LinesField,
    SelectField,
    StringField,
    fill,
    point_out,
    required,
)
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
    access_token_signed_response_alg = SelectField(
        N_("Signature of access tokens"),
        choices=(),
        default="",
        description=N_("One that this API understands, whichever application asks."),
    )
    claim_mappings = LinesField(
        N_("Claims in access tokens"),
        description=N_(
            "One per line: the claim, =, and where it is from, such as department = claim:department "
            "or groups = roles."
        ),
    )
    documentation_uri = StringField(
        N_("Documentation"), description=N_("A page for developers who use this API.")
    )
    publishes_metadata = BooleanField(
        N_("Describe this API to everybody"),
        default=True,
        description=N_(
            "Its identifier, name and scopes, so that applications find their way here."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = config.current().keys.algorithms
        self.access_token_signed_response_alg.choices = [
            Choice("", gettext("As the application is registered")),
            *(Choice(each, each) for each in known),
        ]


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
        api = Api(form.identifier.data.strip(), form.name.data)
        try:
            apis.create(_changed(api, form), now=clock.now())
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
        (
            gettext("Signature of access tokens"),
            found.access_token_signed_response_alg or gettext("As the application is registered"),
        ),
        (gettext("Claims in access tokens"), list(_mapping_lines(found))),
        (gettext("Documentation"), found.documentation_uri),
        (gettext("Described to everybody"), pages.yes_or_no(found.publishes_metadata)),
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
        shown = {"name": found.name, "scopes": lines, "claim_mappings": _mapping_lines(found)}
        for name in ("access_token_signed_response_alg", "documentation_uri"):
            shown[name] = getattr(found, name) or ""
        fill(form, {**shown, "publishes_metadata": found.publishes_metadata}.items())
    elif form.is_accepted():
        try:
            apis.update(_changed(found, form), now=clock.now())
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


def _changed(api: Api, form: ApiForm) -> Api:
    """Return ``api`` as the form wants it."""
    return replace(
        api,
        name=form.name.data,
        scopes=_described(form.scopes.data),
        access_token_signed_response_alg=form.access_token_signed_response_alg.data or None,
        claim_mappings=_mappings(form.claim_mappings.data, api),
        documentation_uri=(form.documentation_uri.data or "").strip() or None,
        publishes_metadata=form.publishes_metadata.data,
    )


def _mapping_lines(api: Api) -> tuple[str, ...]:
    return tuple(f"{each['claim']} = {each['source']}" for each in api.claim_mappings)


def _mappings(lines: tuple[str, ...], api: Api) -> tuple[dict[str, Any], ...]:
    # A line that stands as it stood keeps its places: another surface may have chosen them.
    known = dict(zip(_mapping_lines(api), api.claim_mappings, strict=True))
    found = []
    for line in lines:
        # A name may hold a = of its own; with blanks around it, it is ours.
        claim, _, source = line.partition(" = " if " = " in line else "=")
        claim, source = claim.strip(), source.strip()
        places = known.get(f"{claim} = {source}", {"in": ["access_token"]})["in"]
        found.append({"claim": claim, "source": source, "in": list(places)})
    return tuple(found)
