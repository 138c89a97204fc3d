"""Signing keys in the console: which there are, and their rotation, planned or at once."""

from typing import Any

from flask import Response, make_response, redirect, url_for

from app.core import clock
from app.jose import signing_keys
from app.jose.signing_keys import KeyRecord
from app.web.console import access, pages
from app.web.console.pages import Action
from app.web.language import gettext, when

blueprint = access.section("console_keys", __name__, "/keys")


@blueprint.get("")
def keys() -> str:
    """Show every key and its place in its life."""
    facts = [
        (f"{key.algorithm}, {state_name(key.state)}", _life(key))
        for key in signing_keys.records(now=clock.now())
    ]
    actions = [
        Action(
            url_for(".rotate"),
            gettext("Rotate"),
            gettext("New keys are announced now, and take over once everybody has noticed them."),
        ),
        Action(
            url_for(".replace"),
            gettext("Replace at once"),
            gettext(
                "For keys that became known: new ones sign now, what the old ones signed is void."
            ),
            danger=True,
        ),
    ]
    return pages.record(gettext("Signing keys"), facts, actions)


@blueprint.post("/rotate")
def rotate() -> Response:
    """Announce the next key of every algorithm in use."""
    signing_keys.rotate(None, immediate=False, now=clock.now())
    return make_response(redirect(url_for(".keys"), 303))


@blueprint.post("/replace")
def replace() -> Response:
    """Replace every key at once: for a compromise."""
    signing_keys.rotate(None, immediate=True, now=clock.now())
    return make_response(redirect(url_for(".keys"), 303))


def _life(key: KeyRecord) -> list[Any]:
    told = [key.kid, gettext("signs from %(instant)s", instant=when(key.activates_at))]
    if key.retires_at is not None:
        told.append(gettext("signs until %(instant)s", instant=when(key.retires_at)))
    if key.gone_at is not None:
        told.append(gettext("is published until %(instant)s", instant=when(key.gone_at)))
    return told


def state_name(state: str) -> str:
    """Return the word for a key's state."""
    names = {
        "announced": gettext("announced"),
        "active": gettext("active"),
        "retiring": gettext("retiring"),
        "gone": gettext("gone"),
    }
    return names.get(state, state)
