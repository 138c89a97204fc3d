"""Client metadata as it travels: JSON from a stranger in, a registration out, and back.

Specs:
    RFC 7591 sections 2, 2.1, 3.2.2       members, what goes with what, the codes of refusals
    RFC 7592 section 2.2                  a replacement says everything anew
    OpenID Connect Registration 1.0 section 2
    ASVS 5.0 15.3.3, 15.3.5               the members that count are listed; types are strict

A registration is made of the members named here and of no others: lifetimes, APIs, or whether people
are asked for consent, are the operator's to say.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from app.clients import metadata
from app.clients.client import PUBLIC, REGISTERED, TLS_NAMES, Client, Registration
from app.clients.registry import information
from app.core import config, strict_json
from app.core.errors import InvalidInputError
from app.protocol.errors import OAuthError

MAX_BYTES = 65536
_MAX_TEXT = 4096
_MAX_NAME_SHOWN = 64
_NAMELESS = "Unnamed application"
_PLAIN = re.compile(r"[A-Za-z0-9._:-]+")
_CODE = "authorization_code"
_TEXTS = (
    "client_name", "token_endpoint_auth_method", "application_type", "client_uri", "logo_uri",
    "policy_uri", "tos_uri", "jwks_uri", "token_endpoint_auth_signing_alg", *TLS_NAMES,
    "request_object_signing_alg", "id_token_signed_response_alg",
    "id_token_encrypted_response_alg", "id_token_encrypted_response_enc",
    "userinfo_signed_response_alg", "userinfo_encrypted_response_alg",
    "userinfo_encrypted_response_enc", "authorization_signed_response_alg", "subject_type",
    "sector_identifier_uri", "initiate_login_uri", "backchannel_logout_uri",
    "frontchannel_logout_uri", "software_id", "software_version",
)  # fmt: skip
_LISTS = (
    "redirect_uris", "post_logout_redirect_uris", "grant_types", "contacts", "request_uris",
    "default_acr_values",
)  # fmt: skip
_FLAGS = (
    "require_auth_time", "require_signed_request_object", "require_pushed_authorization_requests",
    "backchannel_logout_session_required", "frontchannel_logout_session_required",
)  # fmt: skip
STANDARD_MEMBERS = (*_TEXTS, *_LISTS, *_FLAGS, "default_max_age", "jwks", "scope")
# What we understand and do not do: to ignore it would leave a client without what it counts on.
_NOT_DONE = (
    "request_object_encryption_alg", "request_object_encryption_enc",
    "authorization_encrypted_response_alg", "authorization_encrypted_response_enc",
)  # fmt: skip
_NOT_DONE_FLAGS = ("dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens")
_TOLD = {
    *STANDARD_MEMBERS, "client_id", "client_id_issued_at", "client_secret",
    "client_secret_expires_at", "response_types",
}  # fmt: skip


class MetadataInvalidError(OAuthError):
    """The metadata cannot be registered: ``invalid_redirect_uri`` or ``invalid_client_metadata``."""

    def __init__(self, public: str, *, code: str = "invalid_client_metadata") -> None:
        super().__init__(code, public)


def document_of(body: bytes) -> dict[str, Any]:
    """Return the JSON object that ``body`` is, without the members that are null.

    Raises:
        MetadataInvalidError: it is none, or one that two readers could understand differently.
    """
    if len(body) > MAX_BYTES:
        raise MetadataInvalidError("The client metadata is too long.")
    try:
        document = strict_json.read(body)
    except ValueError:
        raise MetadataInvalidError("The body is not a JSON object of unambiguous form.") from None
    if not isinstance(document, dict):
        raise MetadataInvalidError("The body is not a JSON object.")
    return {name: value for name, value in document.items() if value is not None}


def registration_of(
    document: Mapping[str, Any], *, existing: Client | None, scopes: tuple[str, ...]
) -> Registration:
    """Return the registration that ``document`` asks for, checked as far as that needs no network.

    ``existing`` is the client that it replaces: what is not the client's to say stays as it is.
    ``scopes`` are the most that it may ask for, and what it gets unless it names some.

    Raises:
        MetadataInvalidError: it cannot be registered so; ``public`` names the member.
    """
    said = _typed(document)
    grant_types = said.setdefault("grant_types", (_CODE,))
    _check_response_types(document, grant_types)
    said["scope"] = _scope(said.get("scope"), grant_types, existing=existing, allowed=scopes)
    said.setdefault("client_name", _name_of(said))
    kept = _kept(existing)
    if said.get("token_endpoint_auth_method") == PUBLIC:
        kept["require_pkce"] = True
    try:
        return metadata.check(Registration(**kept, **said))
    except InvalidInputError as error:
        raise refused(error) from None


def refused(error: InvalidInputError) -> MetadataInvalidError:
    """Return what the wire calls a value that the registry does not accept."""
    if error.field == "redirect_uris":
        return MetadataInvalidError(error.public, code="invalid_redirect_uri")
    named = error.field is None or error.field in error.public
    return MetadataInvalidError(error.public if named else f"{error.field}: {error.public}")


def described(client: Client, *, secret: str | None = None) -> dict[str, Any]:
    """Return what a client is told of its registration, ready for JSON, ``secret`` if it is given."""
    told = information(client, secret=secret)
    known = {name: value for name, value in told.items() if name in _TOLD}
    if client.software_statement is not None:
        known["software_statement"] = client.software_statement
    return known


def _typed(document: Mapping[str, Any]) -> dict[str, Any]:
    for name in _NOT_DONE:
        if name in document:
            raise MetadataInvalidError(f"{name} is not supported.")
    for name in _NOT_DONE_FLAGS:
        if document.get(name, False) is not False:
            raise MetadataInvalidError(f"{name} is not supported.")
    said: dict[str, Any] = {}
    for name in STANDARD_MEMBERS:
        if name in document:
            said[name] = _value(name, document[name])
    return said


def _value(name: str, value: Any) -> Any:
    # The exact types: to Python, true is a number.
    if name in _LISTS:
        return _list(name, value)
    if name in _FLAGS:
        if type(value) is not bool:
            raise MetadataInvalidError(f"{name} is true or false.")
    elif name == "jwks":
        if not isinstance(value, dict):
            raise MetadataInvalidError("jwks is a JSON object.")
    elif name == "default_max_age":
        if type(value) is not int:
            raise MetadataInvalidError(f"{name} is a whole number of seconds.")
    elif not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise MetadataInvalidError(f"{name} is a text of at most {_MAX_TEXT} characters.")
    return value


def _list(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(
        isinstance(each, str) and len(each) <= _MAX_TEXT for each in value
    ):
        code = "invalid_redirect_uri" if name == "redirect_uris" else "invalid_client_metadata"
        raise MetadataInvalidError(f"{name} is a list of texts.", code=code)
    return tuple(value)


def _check_response_types(document: Mapping[str, Any], grant_types: tuple[str, ...]) -> None:
    wanted = ["code"] if _CODE in grant_types else []
    found = document.get("response_types", wanted)
    # One value of one word: there is no order that could differ.
    if found != wanted:
        raise MetadataInvalidError(
            'response_types is ["code"] with the grant type authorization_code and empty without.'
        )


def _scope(
    said: str | None,
    grant_types: tuple[str, ...],
    *,
    existing: Client | None,
    allowed: tuple[str, ...],
) -> tuple[str, ...]:
    if said is None:
        if existing is not None:
            return existing.scope
        # A client that acts for nobody has no use for what is about people.
        return () if set(grant_types) == {"client_credentials"} else allowed
    wanted = tuple(said.split(" ")) if said else ()
    for scope in wanted:
        if scope not in allowed and (existing is None or scope not in existing.scopes):
            raise MetadataInvalidError(f"scope: {scope[:100]} may not be registered here.")
    return wanted


def _name_of(said: Mapping[str, Any]) -> str:
    """Return what people are shown of a client that gave no name: where it receives answers."""
    first = (*said.get("redirect_uris", ()), said.get("client_uri", ""))[0]
    try:
        parts = urlsplit(first)
    except ValueError:
        # The address is refused a moment later, for its own sake.
        return _NAMELESS
    name = (parts.hostname or parts.scheme)[:_MAX_NAME_SHOWN]
    return name if _PLAIN.fullmatch(name) else _NAMELESS


def _kept(existing: Client | None) -> dict[str, Any]:
    """Return what no client says of itself."""
    if existing is None:
        return {"require_pkce": config.current().registration.require_pkce}
    return {name: getattr(existing, name) for name in REGISTERED if name not in STANDARD_MEMBERS}
