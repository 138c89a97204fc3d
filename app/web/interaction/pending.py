"""The request that a page belongs to, as it travels in the page's address.

A page reads it here first, so that every page of a flow speaks the language which the application
asked for and may send its form on to where the flow ends.
"""

from datetime import datetime

from flask import request

from app.protocol.interaction import flow
from app.protocol.interaction.flow import Pending
from app.web import language, security_headers
from app.web.interaction import browser

PARAMETER = "request"


def is_named() -> bool:
    """Tell whether the current page belongs to a request."""
    return PARAMETER in request.args


def opened(*, now: datetime) -> Pending:
    """Return the request that the current page belongs to.

    Raises:
        InteractionInvalidError: there is none, or it was begun in another browser.
        InteractionExpiredError: it was left alone for too long.
    """
    blob = request.args.get(PARAMETER)
    found = flow.open_pending(blob, browser_id=browser.browser_id(), now=now)
    language.prefer(found.request.ui_locales)
    # Chromium applies form-action to the redirects that follow a form, and this flow ends at the
    # application.
    security_headers.allow_form_action(found.request.redirect_uri)
    return found
