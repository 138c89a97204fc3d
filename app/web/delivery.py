"""How answers of the protocol leave us: by redirect, by form, or as JSON.

Specs:
    RFC 9700 section 4.12               303 after a form, so that no browser repeats it elsewhere
    OAuth 2.0 Form Post section 2       response_mode=form_post
"""

from typing import Any
from urllib.parse import urlencode

from flask import Response, current_app, g, make_response, redirect, render_template, request
from werkzeug.exceptions import ClientDisconnected

from app.clients import registry
from app.core import clock, config
from app.protocol.authorization import response_mode
from app.protocol.authorization.response import AuthorizationResponse
from app.protocol.authorization.response_modes import jwt, query
from app.protocol.errors import invalid_request
from app.protocol.parameters import Parameters, check_form, parse, parse_form
from app.protocol.server import Answer, MachineRequest
from app.web import client_certificate, security_headers

# Servers and proxies in between accept this much of a request line.
_LONGEST_QUERY = 7000
# No limit on bodies can be set lower than this.
_SHORT_BODY = 4096
_DIGITS = 4


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
    response = make_response(redirect(location, 303))
    response.headers["Location"] = location
    response.autocorrect_location_header = False
    response.headers["Cache-Control"] = "no-store"
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


def machine_request() -> MachineRequest:
    """Return the POST of a machine, read once.

    Raises:
        OAuthError: invalid_request: it is not a form, or brings parameters in its query.
    """
    # Each look through the proxy, and each header through Werkzeug's, costs as much as reading the form.
    environ = request.environ
    parameters = parse_form(
        _body(environ),
        content_type=environ.get("CONTENT_TYPE"),
        query=environ.get("QUERY_STRING", ""),
    )
    settings = config.current()
    certificate = None
    if settings.client_authentication.certificate_source != "none":
        proxies = current_app.extensions["signet.trusted_proxies"]
        certificate = client_certificate.presented(environ, settings, proxies)
    authorization = environ.get("HTTP_AUTHORIZATION")
    return MachineRequest(parameters, authorization, clock.now(), environ["PATH_INFO"], certificate)


def _body(environ: dict[str, Any]) -> bytes:
    """Return the body: a short one of an announced size at once, any other with all of Werkzeug's care."""
    announced = environ.get("CONTENT_LENGTH", "")
    plain = len(announced) <= _DIGITS and announced.isascii() and announced.isdecimal()
    size = int(announced) if plain else _SHORT_BODY + 1
    if size > _SHORT_BODY or "HTTP_TRANSFER_ENCODING" in environ:
        return request.get_data(cache=False)
    body = b""
    while left := size - len(body):
        try:
            part = environ["wsgi.input"].read(left)
        except (OSError, ValueError) as error:
            raise ClientDisconnected from error
        if not part:
            raise ClientDisconnected
        body += part
    return body


def send(answer: Answer) -> Response:
    """Return ``answer`` as a response, and remember its client for CORS."""
    if answer.client_id is not None and "HTTP_ORIGIN" in request.environ:
        g.oauth_client = registry.get(answer.client_id)
    return Response(answer.body, answer.status, answer.headers)
