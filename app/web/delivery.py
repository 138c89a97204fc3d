"""How answers of the protocol leave us through a browser: by redirect or by form.

Specs:
    RFC 9700 section 4.12               303 after a form, so that no browser repeats it elsewhere
    OAuth 2.0 Form Post section 2       response_mode=form_post
"""

from urllib.parse import urlencode

from flask import Response, make_response, render_template, request
from markupsafe import escape

from app.core import clock
from app.protocol.authorization import response_mode
from app.protocol.authorization.response import AuthorizationResponse
from app.protocol.authorization.response_modes import jwt, query
from app.protocol.errors import invalid_request
from app.protocol.parameters import Parameters, check_form, parse
from app.web import security_headers

# Servers and proxies in between accept this much of a request line.
_LONGEST_QUERY = 7000


def deliver(response: AuthorizationResponse) -> Response:
    """Send the browser back to the client with ``response``.

    Raises:
        NoSigningKeyError: it has to be signed and cannot be; it is not sent in clear.
    """
    mode = response.response_mode
    if response_mode.is_secured(mode):
        response = jwt.secured(response, now=clock.now())
    if response_mode.carrier(mode) == "form_post":
        security_headers.allow_form_action(response.redirect_uri)
        return make_response(
            render_template(
                "interaction/form_post.html",
                action=response.redirect_uri,
                fields=response.parameters,
            )
        )
    return away(query.location(response))


def away(location: str) -> Response:
    """Redirect to ``location``, which is the client's and stays as it was registered, to the letter."""
    # For whoever is not taken there: RFC 9110 section 15.4.4 asks for a link.
    note = f'<!doctype html><title>See other</title><a href="{escape(location)}">Go on</a>'
    response = Response(note, 303, {"Location": location, "Cache-Control": "no-store"})
    response.autocorrect_location_header = False
    return response


def as_get(path: str, parameters: Parameters) -> Response:
    """Redirect a browser's POST to the same request as a GET.

    SameSite=Lax keeps our cookies out of a form that another site sends; a redirect brings them back.
    """
    query = urlencode(parameters.pairs())
    if len(query) > _LONGEST_QUERY:
        raise invalid_request("The request is too long.")
    return away(f"{path}?{query}")


def page_parameters() -> Parameters:
    """Return the parameters of a request that a browser brought: from the query, or from the form.

    Raises:
        OAuthError: invalid_request: they cannot be read.
    """
    if request.method == "POST":
        check_form(request.content_type)
        return parse(request.get_data())
    return parse(request.query_string)
