"""From raw parameters to an :class:`AuthorizationRequest`: the checks, in their order.

Specs:
    RFC 6749 section 4.1.1, 4.1.2.1             the request and its errors
    OpenID Connect Core 1.0 section 3.1.2.2     its validation
    RFC 9700 section 2.1                        code only, with PKCE

The client comes first, then the source of the parameters, then the redirect URI. The first and the last fail on a
page; everything after them is told to the client.
"""

import re
from collections.abc import Callable
from datetime import datetime

from app.clients.registry import Client
from app.core.errors import SignetError
from app.protocol.authorization import (
    id_token_hint,
    prompt,
    redirect_uri,
    response_mode,
    sources,
)
from app.protocol.authorization.response import RefusedForClientError, Target
from app.protocol.authorization.source import Source, SourceRefusedError
from app.protocol.authorization_request import AuthorizationRequest
from app.protocol.errors import OAuthError, invalid_request, translate
from app.protocol.extensions import (
    claims_parameter,
    pkce,
    resource_indicators,
    scopes,
    step_up,
)
from app.protocol.extensions.claims_parameter import ClaimsRequest
from app.protocol.parameters import Parameters, check_single
from app.throttle.counters import ThrottledError
from app.tokens import subjects

RESPONSE_TYPES = ("code",)
_LONGEST_OPAQUE = 2048
_VSCHAR = re.compile(r"[\x20-\x7e]*")
# These are answered where they arise: by a page.
_FOR_THE_PERSON = (ThrottledError, redirect_uri.UnknownTargetError)


def validate(
    parameters: Parameters, *, now: datetime
) -> tuple[Client, Target, AuthorizationRequest]:
    """Return the validated request, its client and where its answer goes.

    Raises:
        UnknownTargetError: nobody may be told; the person sees a page.
        ThrottledError: the person's network asks for too much; they see a page.
        RefusedForClientError: the client is told why.
    """
    client = redirect_uri.client_of(parameters)
    try:
        source = sources.source_of(client, parameters, now=now)
    except _FOR_THE_PERSON:
        raise
    except SignetError as error:
        raise _refused_source(client, parameters, translate(error)) from None
    target = redirect_uri.target_of(client, source.parameters)
    try:
        return client, target, _checked(client, target, source, now)
    except SignetError as error:
        raise RefusedForClientError(target, translate(error)) from None


def examine(
    client: Client, source: Source, *, now: datetime
) -> tuple[Target, AuthorizationRequest]:
    """Return the validated request of a client that asks us directly, and where its answer would go.

    Raises:
        OAuthError: the request is refused.
        UnknownTargetError: its redirect URI is missing or not registered.
        SignetError: one for which the protocol has no word.
    """
    target = redirect_uri.target_of(client, source.parameters)
    try:
        return target, _checked(client, target, source, now)
    except SignetError as error:
        raise translate(error) from None


def _refused_source(client: Client, outer: Parameters, error: OAuthError) -> RefusedForClientError:
    """Return the refusal of a request whose parameters could not be had.

    It goes where the parameters outside say: an address that only an unproved object names is nobody's.
    """
    told = error.told if isinstance(error, SourceRefusedError) else outer
    try:
        return RefusedForClientError(redirect_uri.target_of(client, told), error)
    except redirect_uri.UnknownTargetError:
        why = f"client {client.client_id}: {error.code}: {error.detail or error.public}"
        raise redirect_uri.UnknownTargetError(detail=why) from None


def _checked(client: Client, target: Target, source: Source, now: datetime) -> AuthorizationRequest:
    for check in _CHECKS:
        check(client, source.parameters)
    sources.check_signed(client, source)
    return _request(client, target, source, now)


def _well_formed(_client: Client, parameters: Parameters) -> None:
    check_single(parameters)


def _nothing_unsupported(_client: Client, parameters: Parameters) -> None:
    if parameters.get("registration") is not None:
        raise OAuthError(
            "registration_not_supported", "The parameter registration is not supported."
        )


def _response_type(_client: Client, parameters: Parameters) -> None:
    value = parameters.get("response_type")
    if value is None:
        raise invalid_request("response_type is missing.")
    if value not in RESPONSE_TYPES:
        raise OAuthError("unsupported_response_type", "Only response_type=code is supported.")


def _response_mode(_client: Client, parameters: Parameters) -> None:
    if parameters.get("response_mode") not in (None, *response_mode.SUPPORTED):
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


def _request(client: Client, target: Target, source: Source, now: datetime) -> AuthorizationRequest:
    parameters = source.parameters
    scope = scopes.requested(client, parameters.words("scope"))
    receivers = resource_indicators.resolve(client, scope, parameters.resources)
    asked = claims_parameter.parse(client, parameters)
    acr_values = prompt.acr_values(parameters)
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
        hinted_subject=_wanted_person(client, parameters, asked, now),
        ui_locales=prompt.ui_locales(parameters),
        acr_values=acr_values or client.default_acr_values,
        issued_at=now.timestamp(),
        pushed_id=source.pushed_id,
        claims=asked.canonical,
        required_acr=step_up.required(asked, acr_values, parameters.resources),
        wanted_claim_scope=tuple(word for word in asked.scope if word not in scope),
        is_signed=source.is_signed,
    )


def _wanted_person(
    client: Client, parameters: Parameters, asked: ClaimsRequest, now: datetime
) -> str | None:
    hinted = id_token_hint.hinted_subject(client, parameters, now=now)
    if asked.subject is None:
        return hinted
    # An id that the client should not know names nobody: it would tell whom the pairwise name stands for.
    named = subjects.user_of(client, asked.subject) or f"nobody:{asked.subject}"
    if hinted not in (None, named):
        raise invalid_request("id_token_hint and claims name two people.")
    return named
