"""Which registrations make sense: every value alone, and all of them together.

Specs:
    RFC 7591 section 2                         grant types, authentication and redirect URIs agree
    OpenID Connect Registration 1.0 section 2  types and limits
    RFC 9700 section 2.1.1                     PKCE, always for public clients

What passes here needs no second look later: no endpoint has to wonder whether a client without a
secret may use ``client_credentials``, or whether there is a key for the algorithm it asked for.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

from app.clients import (
    apis,
    authentication_methods,
    claim_mappings,
    metadata_addresses,
    metadata_security,
    redirect_uris,
    scopes,
    values,
)
from app.clients.client import DEVICE_CODE, PUBLIC, Registration
from app.clients.values import one_of
from app.core import config
from app.core.config import Settings
from app.core.errors import InvalidInputError

GRANT_TYPES = ("authorization_code", "client_credentials", "refresh_token", DEVICE_CODE)
AUTHENTICATION_METHODS = authentication_methods.ALL
APPLICATION_TYPES = ("web", "native")
_MAX_ENTRIES = 100
_MAX_SECONDS = 2**31 - 1
_LISTS = tuple(each.name for each in fields(Registration) if each.type == tuple[str, ...])
_FLAGS = tuple(each.name for each in fields(Registration) if each.type is bool)
_OWN_ALGORITHMS = (
    "id_token_signed_response_alg", "access_token_signed_response_alg",
    "authorization_signed_response_alg",
)  # fmt: skip
_PAGES = ("client_uri", "logo_uri", "policy_uri", "tos_uri")


def check(registration: Registration) -> Registration:
    """Return ``registration`` as it will be stored: trimmed, without repeated entries.

    Raises:
        InvalidInputError: a value is not acceptable, alone or beside the others; ``field`` says
            which.
    """
    name = values.text(
        registration.client_name, field="client_name", limit=256, what="The name of a client"
    )
    lists: dict[str, Any] = {
        each: _entries(getattr(registration, each), field=each) for each in _LISTS
    }
    entries = claim_mappings.checked(registration.claim_mappings)
    mappings = tuple(each.entry() for each in entries)
    key_set = metadata_security.public_key_set(registration.jwks)
    checked = replace(
        registration, client_name=name, claim_mappings=mappings, jwks=key_set, **lists
    )
    for rule in _RULES:
        rule(checked)
    return checked


def offered_grant_types(settings: Settings) -> tuple[str, ...]:
    """Return the grant types that ``settings`` offer, in the order in which they are published."""
    return tuple(each for each in GRANT_TYPES if each != DEVICE_CODE or settings.devices.enabled)


def _entries(entries: Sequence[str], *, field: str) -> tuple[str, ...]:
    if isinstance(entries, str) or len(entries) > _MAX_ENTRIES:
        raise InvalidInputError(f"{field} is a list of at most {_MAX_ENTRIES}.", field=field)
    if not all(isinstance(entry, str) for entry in entries):
        raise InvalidInputError(f"{field} is a list of texts.", field=field)
    return tuple(dict.fromkeys(entries))


def _kinds(wanted: Registration) -> None:
    one_of(wanted.application_type, APPLICATION_TYPES, field="application_type")
    offered = authentication_methods.offered_methods(config.current())
    one_of(wanted.token_endpoint_auth_method, offered, field="token_endpoint_auth_method")
    for algorithm in _OWN_ALGORITHMS:
        # Only algorithms that a key is kept for; `none` and HMAC can never be among them.
        one_of(getattr(wanted, algorithm), config.current().keys.algorithms, field=algorithm)
    for flag in _FLAGS:
        if not isinstance(getattr(wanted, flag), bool):
            raise InvalidInputError(f"{flag} is true or false.", field=flag)


def _grants(wanted: Registration) -> None:
    field = "grant_types"
    if not wanted.grant_types:
        raise InvalidInputError("A client needs a grant type.", field=field)
    for grant_type in wanted.grant_types:
        one_of(grant_type, offered_grant_types(config.current()), field=field)
    public = wanted.token_endpoint_auth_method == PUBLIC
    if public and "client_credentials" in wanted.grant_types:
        raise InvalidInputError(
            "A public client has no credentials, so it cannot use client_credentials.", field=field
        )
    if public and not wanted.require_pkce:
        raise InvalidInputError("A public client always needs PKCE.", field="require_pkce")
    if "refresh_token" in wanted.grant_types and not {"authorization_code", DEVICE_CODE} & {
        *wanted.grant_types
    }:
        raise InvalidInputError(
            "refresh_token continues authorization_code or device_code and needs one of them.",
            field=field,
        )


def _addresses(wanted: Registration) -> None:
    interactive = "authorization_code" in wanted.grant_types
    if interactive and not wanted.redirect_uris:
        raise InvalidInputError("authorization_code needs a redirect URI.", field="redirect_uris")
    for field in ("redirect_uris", "post_logout_redirect_uris"):
        if getattr(wanted, field) and not interactive:
            raise InvalidInputError(
                f"{field} make sense with authorization_code alone.", field=field
            )
    kind = wanted.application_type
    for uri in wanted.redirect_uris:
        redirect_uris.check_registrable(uri, application_type=kind)
    for uri in wanted.post_logout_redirect_uris:
        redirect_uris.check_post_logout(uri, application_type=kind)
    for origin in wanted.allowed_origins:
        redirect_uris.check_origin(origin)


def _reach(wanted: Registration) -> None:
    known = set(scopes.STANDARD)
    for identifier in wanted.resources:
        api = apis.get(identifier)
        if api is None:
            raise InvalidInputError(f"There is no API {identifier[:100]!r}.", field="resources")
        known |= api.scopes.keys()
    for scope in wanted.scope:
        if not scopes.is_token(scope):
            raise InvalidInputError(f"{scope[:100]!r} cannot be a scope.", field="scope")
        if scope not in known:
            raise InvalidInputError(
                f"{scope!r} is neither a scope of OpenID Connect nor of the client's APIs.",
                field="scope",
            )


def _lifetimes(wanted: Registration) -> None:
    values.check_lifetime(wanted.access_token_lifetime)
    values.check_seconds(
        wanted.refresh_token_reuse_leeway, field="refresh_token_reuse_leeway", least=0, most=60
    )
    values.check_seconds(
        wanted.default_max_age, field="default_max_age", least=0, most=_MAX_SECONDS
    )


def _presentation(wanted: Registration) -> None:
    for field in _PAGES:
        uri = getattr(wanted, field)
        if uri is not None:
            redirect_uris.check_page(uri, field=field)
    for contact in wanted.contacts:
        values.text(contact, field="contacts", limit=320, what="A contact")
    for field in ("software_id", "software_version"):
        if getattr(wanted, field) is not None:
            values.text(getattr(wanted, field), field=field, limit=255, what=f"The {field}")


_RULES: tuple[Callable[[Registration], None], ...] = (
    _kinds,
    _grants,
    _addresses,
    _reach,
    _lifetimes,
    _presentation,
    *metadata_security.RULES,
    *metadata_addresses.RULES,
)
