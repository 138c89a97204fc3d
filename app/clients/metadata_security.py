"""Which keys, algorithms and proofs of a client go together.

Specs:
    RFC 7591 section 2                               jwks or jwks_uri, never both
    OpenID Connect Registration 1.0 section 2        algorithms of answers and request objects
    OpenID Connect Core 1.0 section 9, RFC 8705 section 2.1.2    what each way to authenticate needs
    RFC 9101 section 10.5                            signed requests
    RFC 8725 section 3.1                             an algorithm never changes its family

A name of an algorithm is one that we do; whether a key for it is there is asked right away, since a
client without one would fail only when somebody signs in.
"""

from collections.abc import Callable, Mapping
from typing import Any

from app.clients import public_keys, redirect_uris
from app.clients.client import (
    CLIENT_SECRET_JWT,
    PRIVATE_KEY_JWT,
    SELF_SIGNED_TLS,
    TLS,
    TLS_NAMES,
    Registration,
)
from app.clients.values import one_of, text
from app.core import config, public_jwk
from app.core.algorithm_names import ASYMMETRIC, CONTENT_ENCRYPTION, ENCRYPTION
from app.core.errors import InvalidInputError

_ENCRYPTED = ("id_token_encrypted_response", "userinfo_encrypted_response")
_METHOD_ALGORITHM = "token_endpoint_auth_signing_alg"
_MAX_NAME = 1024
_FITTING = {"RSA-OAEP-256": {"RSA"}, "ECDH-ES": {"P-256", "X25519"}}
_RECEIVING = frozenset({"encrypt", "wrapKey", "deriveKey", "deriveBits"})


def public_key_set(document: Any) -> dict[str, Any] | None:
    """Return a registered key set as it will be stored, or ``None``.

    Raises:
        InvalidInputError: it is no set of public keys that we can use.
    """
    return None if document is None else public_keys.checked(document)


def _keys(wanted: Registration) -> None:
    if wanted.jwks_uri is not None:
        redirect_uris.check_endpoint(wanted.jwks_uri, field="jwks_uri")
        if wanted.jwks is not None:
            raise InvalidInputError("A client has jwks or jwks_uri, not both.", field="jwks")
    if wanted.jwks is not None or wanted.jwks_uri is not None:
        return
    needs = {
        "token_endpoint_auth_method": wanted.token_endpoint_auth_method
        in {PRIVATE_KEY_JWT, SELF_SIGNED_TLS},
        "request_object_signing_alg": wanted.request_object_signing_alg is not None,
        "require_signed_request_object": wanted.require_signed_request_object,
        **{f"{each}_alg": getattr(wanted, f"{each}_alg") is not None for each in _ENCRYPTED},
    }
    for field, is_needed in needs.items():
        if is_needed:
            raise InvalidInputError(f"{field} needs jwks or jwks_uri.", field=field)


def _authentication(wanted: Registration) -> None:
    method = wanted.token_endpoint_auth_method
    algorithm = wanted.token_endpoint_auth_signing_alg
    if algorithm is None:
        return
    if method not in {CLIENT_SECRET_JWT, PRIVATE_KEY_JWT}:
        raise InvalidInputError(
            f"{_METHOD_ALGORITHM} makes sense with client_secret_jwt or private_key_jwt alone.",
            field=_METHOD_ALGORITHM,
        )
    known = ("HS256",) if method == CLIENT_SECRET_JWT else ASYMMETRIC
    one_of(algorithm, known, field=_METHOD_ALGORITHM)


def _certificate(wanted: Registration) -> None:
    given = [name for name in TLS_NAMES if getattr(wanted, name) is not None]
    if wanted.token_endpoint_auth_method != TLS:
        if given:
            raise InvalidInputError(f"{given[0]} makes sense with {TLS} alone.", field=given[0])
        return
    if len(given) != 1:
        raise InvalidInputError(
            f"{TLS} needs exactly one of {', '.join(TLS_NAMES)}.", field=TLS_NAMES[0]
        )
    name = given[0]
    trimmed = text(getattr(wanted, name), field=name, limit=_MAX_NAME, what="A name")
    if trimmed != getattr(wanted, name):
        raise InvalidInputError(f"{name} has spaces around it.", field=name)


def _request_objects(wanted: Registration) -> None:
    field = "request_object_signing_alg"
    if wanted.request_object_signing_alg is not None:
        one_of(wanted.request_object_signing_alg, ASYMMETRIC, field=field)


def _answers(wanted: Registration) -> None:
    field = "userinfo_signed_response_alg"
    if wanted.userinfo_signed_response_alg is not None:
        one_of(wanted.userinfo_signed_response_alg, config.current().keys.algorithms, field=field)
    for each in _ENCRYPTED:
        algorithm, content = getattr(wanted, f"{each}_alg"), getattr(wanted, f"{each}_enc")
        if algorithm is None and content is None:
            continue
        # The default of the specification for a missing enc is one that we do not do.
        one_of(algorithm, ENCRYPTION, field=f"{each}_alg")
        one_of(content, CONTENT_ENCRYPTION, field=f"{each}_enc")
        if wanted.jwks is not None and not _can_receive(wanted.jwks, algorithm):
            raise InvalidInputError(
                f"{each}_alg: jwks has no key to encrypt for with {algorithm}.",
                field=f"{each}_alg",
            )


def _can_receive(key_set: Mapping[str, Any], algorithm: str) -> bool:
    for each in key_set["keys"]:
        key = public_jwk.read(each)
        is_meant = key.use in {None, "enc"} and key.algorithm in {None, algorithm}
        is_meant &= key.operations is None or not _RECEIVING.isdisjoint(key.operations)
        if key.kind in _FITTING[algorithm] and is_meant:
            return True
    return False


RULES: tuple[Callable[[Registration], None], ...] = (
    _keys,
    _authentication,
    _certificate,
    _request_objects,
    _answers,
)
