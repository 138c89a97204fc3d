"""Who may see the pages of an account: whoever is signed in, and of their own things only."""

from dataclasses import replace

from flask import Blueprint, Response, make_response, redirect, request, url_for

from app.core import context
from app.core.errors import NotFoundError
from app.identity.sessions import Session
from app.identity.users import Person
from app.web import csrf
from app.web.interaction import browser, destinations


def pages(name: str, import_name: str) -> Blueprint:
    """Return the blueprint ``name`` for pages under /account, open to whoever is signed in."""
    blueprint = Blueprint(name, import_name, url_prefix="/account")
    # First who it is: a form of a page that outlived its session leads to the sign-in page, not to
    # an error.
    blueprint.before_request(admit)
    csrf.protect(blueprint)
    return blueprint


def admit() -> Response | None:
    """Let whoever is signed in pass, and send everybody else to the sign-in page."""
    if browser.person() is None:
        # After a form the person comes back to a page that can be read.
        wanted = destinations.HOME if request.method == "POST" else request.path
        return make_response(redirect(url_for("interaction_login.login", next=wanted), 303))
    context.set_caller(replace(context.caller(), actor=owner()[0].id))
    return None


def owner() -> tuple[Person, Session]:
    """Return who is signed in, and their session.

    Raises:
        NotFoundError: nobody is; no page behind :func:`admit` sees that.
    """
    person, session = browser.person(), browser.session()
    if person is None or session is None:
        raise NotFoundError(detail="nobody is signed in")
    return person, session
