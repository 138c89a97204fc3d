"""Who may see the console: administrators, and only lately proved ones may change anything.

Specs:
    ASVS 5.0 7.5.3    a fresh proof of who it is, before what can break much
    ASVS 5.0 8.2.1    each function asks for the role
"""

from dataclasses import replace

from flask import Blueprint, Response, abort, make_response, redirect, request, url_for

from app.core import clock, context
from app.identity.users import ADMIN
from app.web import csrf
from app.web.interaction import browser

_HOME = "/console"


def section(name: str, import_name: str, path: str = "") -> Blueprint:
    """Return the blueprint ``name`` for pages under /console, open to administrators."""
    blueprint = Blueprint(name, import_name, url_prefix=f"{_HOME}{path}")
    blueprint.before_request(admit)
    csrf.protect(blueprint)
    return blueprint


def admit() -> Response | None:
    """Let administrators pass, the fresh ones also to pages that change something."""
    person, session = browser.person(), browser.session()
    if person is None or session is None:
        return make_response(redirect(url_for("interaction_login.login", next=_readable()), 303))
    if ADMIN not in person.roles:
        abort(403)
    if not all(str(value).isprintable() for value in (request.view_args or {}).values()):
        # No identifier of ours; PostgreSQL would even refuse to look for a NUL.
        abort(404)
    if _changes_something() and not browser.is_fresh(session, now=clock.now()):
        confirm = url_for("interaction_login.login", next=_readable(), confirm="1")
        return make_response(redirect(confirm, 303))
    context.set_caller(replace(context.caller(), actor=person.id))
    return None


def _methods() -> set[str]:
    rule = request.url_rule
    return set(rule.methods or ()) if rule else set()


def _changes_something() -> bool:
    # Forms too, before they are filled in: what was typed would be lost on the way to the sign-in
    # page.
    return "POST" in _methods()


def _readable() -> str:
    """Return the path to come back to: this page, or the one whose button was pressed."""
    return request.path if "GET" in _methods() else request.path.rsplit("/", 1)[0]
