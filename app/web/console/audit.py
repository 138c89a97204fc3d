"""The audit record in the console: about all, one person, one application or one kind."""

from typing import Any

from flask import url_for

from app.audit import events as record
from app.audit.events import Event, Kind
from app.identity import directory, users
from app.web.console import access, pages
from app.web.console.pages import Listing, Row
from app.web.language import NOTHING, gettext, when

blueprint = access.section("console_audit", __name__, "/audit")

_KINDS = frozenset(kind.value for kind in Kind)
_LARGEST_ID = 2**63 - 1


@blueprint.get("")
def events() -> str:
    """List events. A search is a kind, a person (name, e-mail or subject), or a client ID."""
    search = pages.asked("search")
    found = record.tail(limit=pages.PAGE_SIZE + 1, before_id=_before(), **_filter(search))
    shown = found[: pages.PAGE_SIZE]
    more = len(found) > len(shown)
    people = {who for each in shown for who in (each.user_id, each.actor) if who}
    names = directory.names(people)
    return pages.listing(
        Listing(
            title=gettext("Audit"),
            columns=[
                gettext("Event"),
                gettext("When"),
                gettext("Outcome"),
                gettext("Who"),
                gettext("Details"),
            ],
            rows=[_row(each, names) for each in shown],
            next_url=url_for(".events", before=shown[-1].id, search=search) if more else None,
            search=search or "",
        )
    )


def _before() -> int | None:
    asked = pages.asked("before")
    if asked is None or not (asked.isascii() and asked.isdigit()):
        return None
    return min(int(asked[:20]), _LARGEST_ID)


def _filter(search: str | None) -> dict[str, Any]:
    if search is None:
        return {}
    if search in _KINDS:
        return {"kind": search}
    person = users.find(search) or users.get(search)
    return {"user_id": person.id} if person else {"client_id": search}


def _row(event: Event, names: dict[str, str]) -> Row:
    user_id = event.user_id
    return Row(
        url_for("console_users.person", user_id=user_id) if user_id in names else None,
        [
            event.kind,
            when(event.at),
            _outcome(event.outcome),
            names.get(user_id, user_id) if user_id else NOTHING,
            "; ".join(_details(event, names)) or NOTHING,
        ],
    )


def _details(event: Event, names: dict[str, str]) -> list[str]:
    found = []
    if event.actor and event.actor != event.user_id:
        found.append(gettext("by %(actor)s", actor=names.get(event.actor, event.actor)))
    if event.client_id:
        found.append(f"client_id={event.client_id}")
    if event.address:
        found.append(gettext("from %(address)s", address=event.address))
    if event.reference:
        found.append(f"{gettext('Reference')} {event.reference}")
    return [*found, *(f"{name}={_said(value)}" for name, value in event.detail.items())]


def _said(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value)) or NOTHING
    if isinstance(value, bool):
        return pages.yes_or_no(value)
    return str(value)


def _outcome(outcome: str) -> str:
    return {"success": gettext("success"), "refused": gettext("refused")}.get(outcome, outcome)
