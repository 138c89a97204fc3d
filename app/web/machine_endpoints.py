"""Endpoints that machines call: functions from a WSGI environment to an answer, in front of Flask's own handling.

Specs:
    RFC 6749 section 3.2, 5    the token endpoint, and whatever is asked and answered like it
    RFC 9110 section 15        the status line

The token endpoint and its neighbours know no cookie, page or language. To match their rule, make a request and a
response object and walk through Flask's hooks costs as much as everything else that an introspection does. So each
is a plain function that runs within the application's context, with a place (``app.web.admission``) and a
transaction (``app.web.transaction``) as every view has them.

Their rules are in Flask's map all the same: it answers every other method, and the view behind the rule is the
same function. What goes wrong is told by ``app.web.errors``, with all of Flask around it.
"""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Blueprint, Flask, Response, current_app, g, request
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import ClientDisconnected
from werkzeug.http import HTTP_STATUS_CODES

from app.clients import registry
from app.core import clock, config
from app.core.turns import turns
from app.protocol.parameters import parse_form
from app.protocol.server import Answer, MachineRequest
from app.web import admission, client_certificate, errors, request_context, transaction

Environment = dict[str, Any]
Endpoint = Callable[[Environment], Answer]

_EXTENSION = "signet.machine_endpoints"
_BODY = "signet.body"
_WITHOUT_BODY = ("GET", "HEAD")
# No limit on bodies can be set lower than this.
_SHORT_BODY = 4096
_DIGITS = 4
_STATUS_LINES = {number: f"{number} {words.upper()}" for number, words in HTTP_STATUS_CODES.items()}


def route(blueprint: Blueprint, path: str, endpoint: Endpoint, *methods: str) -> None:
    """Let ``endpoint`` answer ``methods`` (``POST`` if none is named) at ``path``."""
    name = endpoint.__name__

    def view() -> Response:
        # Flask has read it by now.
        return send(endpoint({**request.environ, _BODY: request.get_data()}))

    def known(state: BlueprintSetupState) -> None:
        endpoints = state.app.extensions.setdefault(_EXTENSION, {})
        for method in methods or ("POST",):
            endpoints[method, path] = (f"{blueprint.name}.{name}", endpoint)

    blueprint.add_url_rule(path, name, view, methods=methods or ("POST",))
    blueprint.record(known)


def install(app: Flask) -> None:
    """Answer the endpoints of ``app`` in front of its own handling."""
    endpoints: dict[tuple[str, str], tuple[str, Endpoint]]
    endpoints = app.extensions.setdefault(_EXTENSION, {})
    places = admission.places(app)
    inner = app.wsgi_app

    def in_front(environ: Environment, start_response: Any) -> Iterable[bytes]:
        found = endpoints.get((environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")))
        if found is None:
            passed_on: Iterable[bytes] = inner(environ, start_response)
            return passed_on
        environ[request_context.ENDPOINT], endpoint = found
        with app.app_context():
            try:
                places.enter()
                try:
                    # Read before the turn: nobody waits for what somebody else is still sending.
                    environ[_BODY] = body(environ)
                    turns.take(brief=True)
                    answer = endpoint(environ)
                    _remember_client(answer, environ)
                    transaction.settle(answer.status)
                finally:
                    turns.give()
                    places.leave()
            except Exception as error:  # noqa: BLE001 - every failure is answered, and logged there
                return _failed(app, error, environ, start_response)
            said = answer.body.encode()
            headers = [*answer.headers, ("Content-Length", str(len(said)))]
            start_response(_STATUS_LINES[answer.status], headers)
            return [said]

    app.wsgi_app = in_front  # type: ignore[method-assign]


def read(environ: Environment) -> MachineRequest:
    """Return the POST of a machine, read once.

    Raises:
        OAuthError: invalid_request: it is not a form, or brings parameters in its query.
        HTTPException: the body is too large, or was not sent whole.
    """
    parameters = parse_form(
        body(environ),
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


def body(environ: Environment) -> bytes:
    """Return the body: a short one of an announced size at once, any other with all of Werkzeug's care.

    Raises:
        HTTPException: it is too large, or was not sent whole.
    """
    known: bytes | None = environ.get(_BODY)
    if known is not None:
        return known
    if environ["REQUEST_METHOD"] in _WITHOUT_BODY:
        return b""
    announced = environ.get("CONTENT_LENGTH", "")
    plain = len(announced) <= _DIGITS and announced.isascii() and announced.isdecimal()
    size = int(announced) if plain else _SHORT_BODY + 1
    if size > _SHORT_BODY or "HTTP_TRANSFER_ENCODING" in environ:
        return current_app.request_class(environ).get_data(cache=False)
    whole = b""
    while left := size - len(whole):
        try:
            part = environ["wsgi.input"].read(left)
        except (OSError, ValueError) as error:
            raise ClientDisconnected from error
        if not part:
            raise ClientDisconnected
        whole += part
    return whole


def send(answer: Answer) -> Response:
    """Return ``answer`` as a response of Flask's, and remember its client for CORS."""
    _remember_client(answer, request.environ)
    return Response(answer.body, answer.status, answer.headers)


def _failed(
    app: Flask, error: Exception, environ: Environment, start_response: Any
) -> Iterable[bytes]:
    with app.request_context(environ):
        # A refusal keeps its consequences, as it does in a view.
        response = transaction.close(errors.answer(error))
        return response(environ, start_response)


def _remember_client(answer: Answer, environ: Environment) -> None:
    # CORS asks whose origins may read this answer.
    if answer.client_id is not None and "HTTP_ORIGIN" in environ:
        g.oauth_client = registry.get(answer.client_id)
