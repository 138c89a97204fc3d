"""The console's first page: the state of the service at a glance."""

from typing import Any

from flask import render_template

from app.audit import events
from app.audit.events import Event
from app.clients import apis, registry
from app.core import clock, config
from app.identity import directory, users
from app.jose import signing_keys
from app.web.console import access
from app.web.language import gettext

blueprint = access.section("console_overview", __name__)

_EVENTS_SHOWN = 10


@blueprint.get("")
def overview() -> str:
    """Show the page."""
    issuer = config.current().issuer
    return render_template(
        "console/overview.html",
        figures=_figures(),
        keys=_keys(),
        events=_events(),
        issuer=issuer,
        discovery_url=f"{issuer}/.well-known/openid-configuration",
        warnings=_warnings(),
    )


def _figures() -> list[dict[str, Any]]:
    return [
        {"label": gettext("People"), "value": users.count(), "href": "/console/users"},
        {"label": gettext("Applications"), "value": registry.count(), "href": "/console/clients"},
        {"label": gettext("APIs"), "value": len(apis.all()), "href": "/console/apis"},
    ]


def _keys() -> list[dict[str, Any]]:
    return [
        {
            "kid": key.kid,
            "alg": key.algorithm,
            "state": key.state,
            "since": key.announced_at if key.state == "announced" else key.activates_at,
        }
        for key in signing_keys.records(now=clock.now())
        if key.state != "gone"
    ]


def _events() -> list[dict[str, Any]]:
    found = events.tail(limit=_EVENTS_SHOWN)
    names = directory.names({who for each in found if (who := _who(each))})
    return [
        {
            "at": each.at,
            "kind": each.kind,
            "who": names.get(_who(each) or "", _who(each)),
            "outcome": each.outcome,
            "reference": each.reference,
        }
        for each in found
    ]


def _who(event: Event) -> str | None:
    return event.actor or event.user_id or event.client_id


def _warnings() -> list[str]:
    if config.current().is_secure:
        return []
    return [gettext("The issuer is a plain http address: for trying out on this machine only.")]
