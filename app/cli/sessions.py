"""``signet sessions``: browsers that are signed in, and who hears when that ends."""

from typing import TYPE_CHECKING, Any

import click

from app.cli import output
from app.cli.context import opened
from app.cli.options import with_json, with_paging
from app.core import clock
from app.core.errors import NotFoundError

if TYPE_CHECKING:
    from app.identity.sessions import Session

_COLUMNS = (
    "id", "username", "clients", "address", "created_at", "last_seen_at", "expires_at",
)  # fmt: skip
_DELIVERY_COLUMNS = (
    "id", "user_id", "created_at", "attempts", "due_at", "settled_at", "outcome", "status",
)  # fmt: skip
_REASON = "operator"
# No id of a session holds it.
_BETWEEN = ":"


@click.group("sessions")
def command() -> None:
    """Browsers that are signed in."""


@command.command("list")
@click.option("--user", help="Only those of this person.")
@with_paging
@with_json
def list_(user: str | None, limit: int, after: str | None, *, as_json: bool) -> None:
    """List the sessions that are alive."""
    with opened():
        from app.identity import sessions, users
        from app.tokens import grants

        now = clock.now()
        if user is None:
            page = sessions.page(after=after, limit=limit, now=now)
            found = [(each.session, each.username) for each in page]
        else:
            owner = users.lookup(user)
            found = [(each, owner.username) for each in sessions.of_user(owner.id, now=now)]
        counts = grants.client_counts([session.id for session, _ in found])
        rows = [
            _shown(session, username=name, clients=counts.get(session.id, 0))
            for session, name in found
        ]
    output.several(rows, columns=_COLUMNS, as_json=as_json)
    if user is None:
        output.more(rows, limit=limit, key="id", as_json=as_json)


@command.command("revoke")
@click.argument("session_id", metavar="ID")
@with_json
def revoke(session_id: str, *, as_json: bool) -> None:
    """End a session and the tokens that do not outlive it, at once."""
    with opened():
        from app.tokens import revocation

        if not revocation.of_session(session_id, reason=_REASON, now=clock.now()):
            raise NotFoundError("There is no such session, or it is over.")
    output.one({"id": session_id, "ended": True}, as_json=as_json)


@command.command("deliveries")
@click.option("--figures", is_flag=True, help="Only how many there are of each outcome.")
@with_paging
@with_json
def deliveries(limit: int, after: str | None, *, figures: bool, as_json: bool) -> None:
    """List what applications were told, or are to be told, of sessions that ended."""
    last = after.partition(_BETWEEN) if after else None
    if last and not last[1]:
        raise click.BadParameter("is written SESSION:CLIENT", param_hint="--after")
    with opened():
        from app.tokens import logout_deliveries

        if figures:
            output.one(logout_deliveries.figures(), as_json=as_json)
            return
        found = logout_deliveries.page(after=(last[0], last[2]) if last else None, limit=limit)
    rows = [
        {"id": f"{each.session_id}{_BETWEEN}{each.client_id}", **output.as_mapping(each)}
        for each in found
    ]
    output.several(rows, columns=_DELIVERY_COLUMNS, as_json=as_json)
    output.more(rows, limit=limit, key="id", as_json=as_json)


def _shown(session: "Session", *, username: str, clients: int) -> dict[str, Any]:
    shown = output.as_mapping(session)
    # Only the living are listed.
    del shown["ended_at"]
    return {"id": shown.pop("id"), "username": username, "clients": clients, **shown}
