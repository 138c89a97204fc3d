"""``signet registration-tokens``: who may register applications, without an operator for each.

Specs:
    RFC 7591 section 3    initial access tokens
    RFC 7592 section 3    the registration access token of one client
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from app.cli import output
from app.cli.context import opened
from app.cli.options import Duration, with_json, with_paging
from app.core import clock

if TYPE_CHECKING:
    from app.clients.initial_access_tokens import InitialAccessToken

_COLUMNS = ("id", "note", "scope", "uses", "max_uses", "expires_at", "revoked_at")


@click.group("registration-tokens")
def command() -> None:
    """Leave for applications to register themselves."""


@command.command("create")
@click.option("--note", required=True, help="Whom it is for.")
@click.option("--scope", help="The most that its applications may ask for, separated by spaces.")
@click.option("--max-uses", type=click.IntRange(min=1), help="How many may be registered with it.")
@click.option("--lifetime", type=Duration(), help="How long it may be used; for ever if not given.")
@with_json
def create(
    note: str, scope: str | None, max_uses: int | None, lifetime: timedelta | None, *, as_json: bool
) -> None:
    """Make an initial access token and print it this once."""
    with opened():
        from app.clients import initial_access_tokens
        from app.clients.initial_access_tokens import NewInitialAccessToken

        now = clock.now()
        wanted = NewInitialAccessToken(
            note=note,
            scope=None if scope is None else tuple(scope.split()),
            max_uses=max_uses,
            expires_at=None if lifetime is None else now + lifetime,
        )
        made, token = initial_access_tokens.issue(wanted, now=now)
        shown = {**_shown(made), "token": token}
    if not as_json:
        output.remark("keep the token now; it is not shown again")
    output.one(shown, as_json=as_json)


@command.command("list")
@with_paging
@with_json
def list_(limit: int, after: str | None, *, as_json: bool) -> None:
    """List initial access tokens, the oldest first."""
    with opened():
        from app.clients import initial_access_tokens

        found = [_shown(each) for each in initial_access_tokens.page(after=after, limit=limit)]
    output.several(found, columns=_COLUMNS, as_json=as_json)
    output.more(found, limit=limit, key="id", as_json=as_json)


@command.command("revoke")
@click.argument("token_id", metavar="ID")
@with_json
def revoke(token_id: str, *, as_json: bool) -> None:
    """End an initial access token; the applications registered with it stay."""
    with opened():
        from app.clients import initial_access_tokens

        initial_access_tokens.revoke(token_id, now=clock.now())
    output.one({"id": token_id, "revoked": True}, as_json=as_json)


@command.command("renew")
@click.argument("client_id")
@with_json
def renew(client_id: str, *, as_json: bool) -> None:
    """Give an application that registered itself, and lost it, a new registration access token."""
    with opened():
        from app.clients import registration_tokens

        token = registration_tokens.renew(client_id, now=clock.now())
    if not as_json:
        output.remark("the registration access token that it had no longer counts")
    output.one({"client_id": client_id, "registration_access_token": token}, as_json=as_json)


def _shown(token: "InitialAccessToken") -> dict[str, Any]:
    shown = output.as_mapping(token)
    scope = shown.pop("scope")
    identifier = shown.pop("id")
    return {"id": identifier, "scope": None if scope is None else " ".join(scope), **shown}
