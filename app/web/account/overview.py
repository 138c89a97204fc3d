"""A person's account: who they are here, where they are signed in, which applications they let in.

Specs:
    ASVS 5.0 7.4.3, 7.5.2    people see their sessions and end any of them
    RFC 6749 section 10.3    a person can take back what they allowed
    OpenID Connect Core 1.0 section 4    a sign-in that starts here, and not at the application
"""

from datetime import datetime
from typing import Any

from flask import Response, make_response, redirect, render_template

from app.clients import registry
from app.core import clock, config
from app.core.errors import NotFoundError
from app.identity import sessions
from app.protocol.authorization.response_modes.query import appended
from app.protocol.interaction import consent
from app.protocol.interaction.consent import Connection
from app.tokens import grants, revocation
from app.web.account import access, agents
from app.web.interaction import browser, front_channel_logout, scope_texts

blueprint = access.pages("account_overview", __name__)


@blueprint.get("")
def overview() -> str:
    """Show the account."""
    person, _ = access.owner()
    return render_template(
        "account/overview.html",
        user=person,
        sessions=_sessions(clock.now()),
        connections=[_connection(each) for each in consent.connections(person.id)],
    )


@blueprint.post("/sessions/<session_id>/end")
def end_session(session_id: str) -> Response:
    """End one of the person's own sessions."""
    now = clock.now()
    person, current = access.owner()
    if session_id == current.id:
        notices = front_channel_logout.notices(current.id)
        browser.sign_out(now=now)
        return front_channel_logout.page(notices, return_to=None, client=None)
    if session_id not in {each.id for each in sessions.of_user(person.id, now=now)}:
        raise NotFoundError(detail="a session that is over, or somebody else's")
    revocation.of_session(session_id, reason="ended_by_owner", now=now)
    return make_response(redirect("/account", 303))


@blueprint.post("/connections/<client_id>/withdraw")
def withdraw(client_id: str) -> Response:
    """Take back what one application was allowed, and end what it holds."""
    person, _ = access.owner()
    if client_id not in {each.client_id for each in consent.connections(person.id)}:
        raise NotFoundError(detail="no connection with this client")
    consent.withdraw(person.id, client_id, now=clock.now())
    return make_response(redirect("/account", 303))


def _sessions(now: datetime) -> list[dict[str, Any]]:
    person, current = access.owner()
    found = sessions.of_user(person.id, now=now)
    counts = grants.client_counts([each.id for each in found])
    return [
        {
            "id": each.id,
            "is_current": each.id == current.id,
            "created_at": each.created_at,
            "last_seen_at": each.last_seen_at,
            "address": each.address,
            "agent": agents.summary(each.agent),
            "client_count": counts.get(each.id, 0),
        }
        for each in found
    ]


def _connection(connection: Connection) -> dict[str, Any]:
    return {
        "client_id": connection.client_id,
        "name": connection.client_name,
        "scopes": ", ".join(scope_texts.of(name).title for name in connection.scope),
        "granted_at": connection.granted_at,
        "start_url": _start_url(connection.client_id),
    }


def _start_url(client_id: str) -> str | None:
    """Return where a sign-in at the application starts; it is told who we are, not who the person is."""
    client = registry.get(client_id)
    if client is None or client.is_disabled or client.initiate_login_uri is None:
        return None
    return appended(client.initiate_login_uri, {"iss": config.current().issuer})
