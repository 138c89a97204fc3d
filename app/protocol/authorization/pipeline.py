"""From raw parameters to an :class:`AuthorizationRequest`: the checks, in their order.

Specs:
    RFC 6749 section 4.1.1, 4.1.2.1             the request and its errors
    OpenID Connect Core 1.0 section 3.1.2.2     its validation
    RFC 9700 section 2.1                        code only, with PKCE

The client and its redirect URI come first and fail on a page; everything after them is told to the client.
"""

import re
from collections.abc import Callable
from datetime import datetime

from app.clients.registry import Client
from app.core.errors import SignetError
from app.protocol.authorization import id_token_hint, prompt, redirect_uri
from app.protocol.authorization.response import RefusedForClientError, Target
from app.protocol.authorization_request import AuthorizationRequest
from app.protocol.errors import OAuthError, invalid_request, translate
from app.protocol.extensions import pkce, resource_indicators, scopes
from app.protocol.parameters import Parameters, check_single

RESPONSE_TYPES = ("code",)
_LONGEST_OPAQUE = 2048
_VSCHAR = re.compile(r"[\x20-\x7e]*")
_NOT_SUPPORTED = {
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
    "registration": "registration_not_supported",
}


def validate(
    parameters: Parameters, *, now: datetime
) -> tuple[Client, Target, AuthorizationRequest]:
    """Return the validated request, its client and where its answer goes.

    Raises:
        UnknownTargetError: nobody may be told; the person sees a page.
        RefusedForClientError: the client is told why.
    """
    client, target = redirect_uri.resolve(parameters)
    try:
        for check in _CHECKS:
            check(client, parameters)
        return client, target, _request(client, target, parameters, now)
    except SignetError as error:
        raise RefusedForClientError(target, translate(error)) from None


def _well_formed(_client: Client, parameters: Parameters) -> None:
    check_single(parameters)


def _nothing_unsupported(_client: Client, parameters: Parameters) -> None:
    for name, code in _NOT_SUPPORTED.items():
        if parameters.get(name) is not None:
            raise OAuthError(code, f"The parameter {name} is not supported.")


def _response_type(_client: Client, parameters: Parameters) -> None:
    value = parameters.get("response_type")
    if value is None:
        raise invalid_request("response_type is missing.")
    if value not in RESPONSE_TYPES:
        raise OAuthError("unsupported_response_type", "Only response_type=code is supported.")


def _response_mode(_client: Client, parameters: Parameters) -> None:
    if parameters.get("response_mode") not in (None, *redirect_uri.RESPONSE_MODES):
        raise invalid_request("The response_mode is not supported.")


def _grant_type(client: Client, _parameters: Parameters) -> None:
    if not client.allows_grant("authorization_code"):
        raise OAuthError("unauthorized_client", "The client may not use authorization_code.")


def _opaque_values(_client: Client, parameters: Parameters) -> None:
    for name in ("state", "nonce"):
        value = parameters.get(name) or ""
        if len(value) > _LONGEST_OPAQUE or not _VSCHAR.fullmatch(value):
            raise invalid_request(f"{name} is too long or not printable ASCII.")


_CHECKS: tuple[Callable[[Client, Parameters], None], ...] = (
    _well_formed,
    _nothing_unsupported,
    _response_type,
    _response_mode,
    _grant_type,
    _opaque_values,
)


def _request(
    client: Client, target: Target, parameters: Parameters, now: datetime
) -> AuthorizationRequest:
    scope = scopes.requested(client, parameters.words("scope"))
    receivers = resource_indicators.resolve(client, scope, parameters.resources)
    return AuthorizationRequest(
        client_id=client.client_id,
        redirect_uri=target.redirect_uri,
        response_mode=target.response_mode,
        scope=scope,
        resources=receivers.audience,
        state=target.state,
        nonce=parameters.get("nonce"),
        code_challenge=pkce.challenge(client, parameters),
        prompt=prompt.prompts(parameters),
        max_age=prompt.max_age(client, parameters),
        login_hint=prompt.login_hint(parameters),
        hinted_subject=id_token_hint.hinted_subject(client, parameters, now=now),
        ui_locales=prompt.ui_locales(parameters),
        acr_values=prompt.acr_values(parameters),
        issued_at=now.timestamp(),
    )
