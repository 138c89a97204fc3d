"""People in the console: look for them, add, change, disable, end all they hold.

An administrator never types somebody's password here; the command line sets a first one. Nobody
takes the console away from themselves, so there is always an administrator left.
"""

from typing import Any

from flask import Response, make_response, redirect, request, url_for

from app.core import clock
from app.core.errors import ConflictError, InvalidInputError, NotFoundError
from app.identity import users
from app.identity.users import ADMIN, Changes, NewUser, Person
from app.tokens import revocation
from app.web.console import access, pages
from app.web.console.pages import Action, Entry, Listing, Row
from app.web.forms import (
    BooleanField,
    EmailField,
    Form,
    StringField,
    WordsField,
    fill,
    point_out,
    required,
)
from app.web.interaction import browser
from app.web.language import N_, NOTHING, gettext, when

blueprint = access.section("console_users", __name__, "/users")


class UsernameForm(Form):
    """The name is chosen once."""

    username = StringField(N_("User name"), required())


class PersonForm(Form):
    """What an administrator may write about a person."""

    email = EmailField(N_("Email"))
    email_verified = BooleanField(N_("The email address is confirmed"))
    name = StringField(N_("Name"))
    roles = WordsField(
        N_("Roles"),
        description=N_("Separated by spaces. Whoever is “admin” may use this console."),
    )


class NewPersonForm(UsernameForm, PersonForm):
    """The same, for somebody new."""


@blueprint.get("")
def people() -> str:
    """List people, or those whom a search finds."""
    search = pages.asked("search")
    found = users.page(after=pages.asked("after"), limit=pages.PAGE_SIZE + 1, search=search)
    shown = found[: pages.PAGE_SIZE]
    more = len(found) > len(shown)
    return pages.listing(
        Listing(
            title=gettext("People"),
            columns=[gettext("User name"), gettext("Email"), gettext("Roles"), gettext("State")],
            rows=[_row(person) for person in shown],
            next_url=url_for(".people", after=shown[-1].id, search=search) if more else None,
            search=search or "",
            create_href=url_for(".add"),
            create_label=gettext("Add a person"),
        )
    )


@blueprint.route("/new", methods=["GET", "POST"])
def add() -> Response:
    """Add a person."""
    form, message = NewPersonForm(), None
    if form.is_accepted():
        new = NewUser(username=form.username.data, **_written(form))
        try:
            person = users.create(new, now=clock.now())
        except (InvalidInputError, ConflictError) as error:
            message = point_out(form, error)
        else:
            return _back(person.id)
    page = Entry(gettext("Add a person"), gettext("Add"), url_for(".people"))
    return pages.entry(form, page, message=message)


@blueprint.get("/<user_id>")
def person(user_id: str) -> str:
    """Show one person."""
    found = _found(user_id)
    return pages.record(found.display_name, _facts(found), _actions(found))


@blueprint.route("/<user_id>/edit", methods=["GET", "POST"])
def edit(user_id: str) -> Response:
    """Change what is known of a person."""
    found = _found(user_id)
    form, message = PersonForm(), None
    if request.method != "POST":
        fill(form, vars(found).items())
    elif form.is_accepted():
        try:
            _keep_the_console(user_id, loses=ADMIN not in form.roles.data)
            users.update(user_id, Changes(**_written(form)), now=clock.now())
        except (InvalidInputError, ConflictError) as error:
            message = point_out(form, error)
        else:
            return _back(user_id)
    page = Entry(found.display_name, gettext("Save"), url_for(".person", user_id=user_id))
    return pages.entry(form, page, message=message)


@blueprint.post("/<user_id>/disable")
def disable(user_id: str) -> Response:
    """Disable a person and end all they hold."""
    _keep_the_console(_found(user_id).id, loses=True)
    revocation.disable_user(user_id, now=clock.now())
    return _back(user_id)


@blueprint.post("/<user_id>/enable")
def enable(user_id: str) -> Response:
    """Let a disabled person sign in again."""
    users.enable(_found(user_id).id, now=clock.now())
    return _back(user_id)


@blueprint.post("/<user_id>/revoke")
def revoke(user_id: str) -> Response:
    """End every session of a person and all that applications hold of them."""
    revocation.of_user(_found(user_id).id, reason="revoked_by_admin", now=clock.now())
    return _back(user_id)


def _found(user_id: str) -> Person:
    found = users.get(user_id)
    if found is None:
        raise NotFoundError(gettext("There is no such person."))
    return found


def _back(user_id: str) -> Response:
    return make_response(redirect(url_for(".person", user_id=user_id), 303))


def _keep_the_console(user_id: str, *, loses: bool) -> None:
    myself = browser.person()
    if loses and myself is not None and myself.id == user_id:
        raise ConflictError(gettext("You cannot take your own access to the console away."))


def _written(form: PersonForm) -> dict[str, Any]:
    return {
        "email": form.email.data or None,
        "email_verified": form.email_verified.data,
        "name": form.name.data or None,
        "roles": form.roles.data,
    }


def _row(person: Person) -> Row:
    return Row(
        url_for(".person", user_id=person.id),
        [
            person.username,
            person.email or NOTHING,
            " ".join(person.roles) or NOTHING,
            pages.state(is_disabled=person.disabled),
        ],
    )


def _facts(person: Person) -> list[tuple[str, Any]]:
    events = url_for("console_audit.events", search=person.id)
    return [
        (gettext("User name"), person.username),
        (gettext("Email"), person.email),
        (gettext("Email confirmed"), pages.yes_or_no(person.email_verified)),
        (gettext("Name"), person.name),
        (gettext("Roles"), " ".join(person.roles)),
        (gettext("Further claims"), [f"{name}: {value}" for name, value in person.claims.items()]),
        (gettext("State"), pages.state(is_disabled=person.disabled)),
        (gettext("Subject"), person.id),
        (gettext("Added"), when(person.created_at)),
        (gettext("Changed"), when(person.updated_at)),
        (gettext("Events"), pages.link(events, gettext("What happened around this person"))),
        (gettext("Edit"), pages.link(url_for(".edit", user_id=person.id), gettext("Edit"))),
    ]


def _actions(person: Person) -> list[Action]:
    revocation_of_all = Action(
        url_for(".revoke", user_id=person.id),
        gettext("Sign out everywhere"),
        gettext("Every session ends, and applications lose all access to this account."),
        danger=True,
    )
    if person.disabled:
        return [
            Action(
                url_for(".enable", user_id=person.id),
                gettext("Enable"),
                gettext("The person can sign in again."),
            )
        ]
    return [
        revocation_of_all,
        Action(
            url_for(".disable", user_id=person.id),
            gettext("Disable"),
            gettext("The person cannot sign in any more, and everything they hold ends."),
            danger=True,
        ),
    ]
