"""Sessions in the console: who is signed in, and where; any of them can be ended."""

from typing import Any

from flask import Response, make_response, redirect, url_for

from app.core import clock
from app.core.errors import NotFoundError
from app.identity import directory, sessions
from app.identity.sessions import SessionRow
from app.tokens import grants, revocation
from app.web.account import agents
from app.web.console import access, pages
from app.web.console.pages import Action, Listing, Row
from app.web.language import NOTHING, gettext, when

blueprint = access.section("console_sessions", __name__, "/sessions")


@blueprint.get("")
def listing() -> str:
    """List the live sessions."""
    now = clock.now()
    found = sessions.page(after=pages.asked("after"), limit=pages.PAGE_SIZE + 1, now=now)
    shown = found[: pages.PAGE_SIZE]
    more = len(found) > len(shown)
    counts = grants.client_counts([each.session.id for each in shown])
    return pages.listing(
        Listing(
            title=gettext("Sessions"),
            columns=[
                gettext("Person"),
                gettext("Browser"),
                gettext("Address"),
                gettext("Signed in"),
                gettext("Last used"),
                gettext("Applications"),
            ],
            rows=[_row(each, counts) for each in shown],
            next_url=url_for(".listing", after=shown[-1].session.id) if more else None,
        )
    )


@blueprint.get("/<session_id>")
def session(session_id: str) -> str:
    """Show one session."""
    found = sessions.get(session_id)
    if found is None:
        raise NotFoundError(gettext("There is no such session."))
    names = directory.names([found.user_id])
    owner = url_for("console_users.person", user_id=found.user_id)
    name = names.get(found.user_id, found.user_id)
    facts: list[tuple[str, Any]] = [
        (gettext("Person"), pages.link(owner, name)),
        (gettext("Browser"), found.agent),
        (gettext("Address"), found.address),
        (gettext("Signed in"), when(found.auth_time)),
        (gettext("Last used"), when(found.last_seen_at)),
        (gettext("Ends at the latest"), when(found.expires_at)),
        (gettext("Session"), found.id),
    ]
    ending = Action(
        url_for(".end", session_id=session_id),
        gettext("End"),
        gettext("The browser is signed out, and what applications got through it ends."),
        danger=True,
    )
    return pages.record(name, facts, [ending])


@blueprint.post("/<session_id>/end")
def end(session_id: str) -> Response:
    """End one session."""
    revocation.of_session(session_id, reason="ended_by_admin", now=clock.now())
    return make_response(redirect(url_for(".listing"), 303))


def _row(found: SessionRow, counts: dict[str, int]) -> Row:
    each = found.session
    return Row(
        url_for(".session", session_id=each.id),
        [
            found.username,
            agents.summary(each.agent) or NOTHING,
            each.address or NOTHING,
            when(each.auth_time),
            when(each.last_seen_at),
            counts.get(each.id, 0),
        ],
    )
