"""``signet users``: people."""

from typing import Any

import click

from app.cli import output, people
from app.cli.context import opened
from app.cli.options import Pair, with_json, with_paging
from app.core import clock

_REASON = "operator"


@click.group("users")
def command() -> None:
    """People: create, show, disable, set a password.

    A person is named by user name, e-mail address or id.
    """


@command.command("create")
@click.argument("username")
@click.option("--email", required=True, help="The e-mail address.")
@click.option("--email-verified", is_flag=True, help="The address is known to be theirs.")
@click.option("--name", help="The full name.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--role", "roles", multiple=True, help="A role; `admin` opens the console.")
@click.option(
    "--claim", "claims", type=Pair(), multiple=True,
    help="A claim; an object, number, true or false where the value is JSON, else text.",
)  # fmt: skip
@with_json
def create(username: str, **given: Any) -> None:
    """Create a person."""
    password = people.password_from(given)
    with opened() as settings:
        from app.identity import users

        fields, claims = people.claims_of(given["claims"])
        new = users.NewUser(
            username=username,
            email=given["email"],
            name=given["name"] or fields.get("name"),
            password=password,
            roles=tuple(given["roles"]),
            claims=claims,
            email_verified=given["email_verified"] or fields.get("email_verified", False),
        )
        person = users.create(new, now=clock.now())
    if password is None:
        output.remark(f"{username} has no password yet: signet users set-password {username}")
    else:
        people.remark_if_short(password, settings)
    output.one(people.shown(person), as_json=given["as_json"])


@command.command("list")
@click.option("--search", help="Part of a user name, e-mail address or name.")
@with_paging
@with_json
def list_(search: str | None, limit: int, after: str | None, *, as_json: bool) -> None:
    """List people."""
    with opened():
        from app.identity import users

        found = [people.shown(each) for each in users.page(after=after, limit=limit, search=search)]
    output.several(found, columns=people.COLUMNS, as_json=as_json)
    output.more(found, limit=limit, key="id", as_json=as_json)


@command.command("show")
@click.argument("user")
@with_json
def show(user: str, *, as_json: bool) -> None:
    """Show a person."""
    with opened():
        from app.identity import users

        person = users.lookup(user)
    output.one(people.shown(person), as_json=as_json)


@command.command("update")
@click.argument("user")
@click.option("--email", help="The new e-mail address.")
@click.option("--email-verified/--no-email-verified", default=None, help="Whether it is theirs.")
@click.option("--name", help="The new full name.")
@click.option("--role", "roles", multiple=True, help="The roles from now on; '' for none.")
@click.option(
    "--claim", "claims", type=Pair(), multiple=True, help="A claim to set; NAME= ends it."
)
@with_json
def update(user: str, **given: Any) -> None:
    """Change a person; what is not named stays."""
    with opened():
        from app.identity import users

        person = users.lookup(user)
        wanted: dict[str, Any] = {
            name: given[name]
            for name in ("email", "email_verified", "name")
            if given[name] is not None
        }
        if given["roles"]:
            wanted["roles"] = tuple(role for role in given["roles"] if role)
        if given["claims"]:
            fields, named = people.claims_of(given["claims"])
            wanted = {**fields, **wanted}
            claims = {**person.claims, **named}
            wanted["claims"] = {name: value for name, value in claims.items() if value != ""}
        if not wanted:
            raise click.UsageError("nothing to change was named")
        person = users.update(person.id, users.Changes(**wanted), now=clock.now())
    output.one(people.shown(person), as_json=given["as_json"])


@command.command("disable")
@click.argument("user")
@with_json
def disable(user: str, *, as_json: bool) -> None:
    """Refuse sign-in, end all sessions and revoke all tokens, at once."""
    with opened():
        from app.identity import users
        from app.tokens import revocation

        person = users.lookup(user)
        revocation.disable_user(person.id, now=clock.now())
        person = users.lookup(person.id)
    output.one(people.shown(person), as_json=as_json)


@command.command("enable")
@click.argument("user")
@with_json
def enable(user: str, *, as_json: bool) -> None:
    """Allow sign-in again."""
    with opened():
        from app.identity import users

        person = users.lookup(user)
        users.enable(person.id, now=clock.now())
        person = users.lookup(person.id)
    output.one(people.shown(person), as_json=as_json)


@command.command("set-password")
@click.argument("user")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--revoke", is_flag=True, help="Also end all sessions and revoke all tokens.")
@with_json
def set_password(user: str, **given: Any) -> None:
    """Set a password; without --password-stdin it is asked for."""
    password = people.password_from(given)
    if password is None:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    with opened() as settings:
        from app.identity import users
        from app.tokens import revocation

        now = clock.now()
        person = users.lookup(user)
        users.set_password(person.id, password, now=now)
        if given["revoke"]:
            revocation.of_user(person.id, reason=_REASON, now=now)
        person = users.lookup(person.id)
    people.remark_if_short(password, settings)
    output.one(people.shown(person), as_json=given["as_json"])


@command.command("revoke")
@click.argument("user")
@with_json
def revoke(user: str, *, as_json: bool) -> None:
    """End all sessions and revoke all tokens of a person, at once."""
    with opened():
        from app.identity import users
        from app.tokens import revocation

        person = users.lookup(user)
        count = revocation.of_user(person.id, reason=_REASON, now=clock.now())
    output.one({"id": person.id, "revoked_grants": count}, as_json=as_json)
