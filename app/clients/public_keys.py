"""The key set of a client: what of it we store, and what makes us refuse it.

Specs:
    RFC 7517 sections 4, 5, 9.3                     JWK Sets; no private half in what is shared
    RFC 7591 section 2                              jwks, jwks_uri
    OpenID Connect Dynamic Client Registration 1.0 section 2   jwks

A set that a client registers is refused as a whole if anything is wrong, since somebody is there to
mend it. A set that was fetched may hold keys for others, so those are left out. Either way a private
key is an accident that its owner must hear of: the set is refused.
"""

import json
from collections.abc import Mapping
from typing import Any

from app.core import public_jwk
from app.core.errors import InvalidInputError
from app.core.public_jwk import KeyRefusedError

_FIELD = "jwks"
_TEXTS = ("kid", "alg", "use", "x5t", "x5t#S256")
_LISTS = ("key_ops", "x5c")
_MAX_CHAIN = 10
_MAX_CERTIFICATE = 16384


def checked(document: Any, *, lenient: bool = False) -> dict[str, Any]:
    """Return the public key set to store and to show: the standard members of usable keys.

    ``lenient`` is for a set that was fetched: keys of unknown kinds are left out, even if none
    remains.

    Raises:
        InvalidInputError: it is no key set, too large, or holds a private key; not ``lenient``, also
            one that cannot be used.
    """
    listed = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(listed, list | tuple):
        raise _refused("A key set is a JSON object with a list called keys.")
    if len(listed) > public_jwk.MAX_KEYS:
        raise _refused(f"A key set has at most {public_jwk.MAX_KEYS} keys.")
    if any(public_jwk.has_secret(each) for each in listed):
        raise _refused(
            "A key set must hold public keys alone. A private key that was sent here is no secret "
            "any more: make a new one."
        )
    keys = [key for each in listed if (key := _key(each, lenient=lenient)) is not None]
    if not keys and not lenient:
        raise _refused("A key set has at least one key.")
    found = {"keys": keys}
    if len(json.dumps(found)) > public_jwk.MAX_BYTES:
        raise _refused(f"A key set has at most {public_jwk.MAX_BYTES} bytes.")
    return found


def _key(jwk: Any, *, lenient: bool) -> dict[str, Any] | None:
    try:
        about = public_jwk.read(jwk)
        for name in ("x5t", "x5t#S256"):
            _check_text(jwk.get(name, ""))
        _check_chain(jwk.get("x5c", ()))
    except KeyRefusedError as error:
        if lenient:
            return None
        raise _refused(f"In a key set {error}.") from None
    rest = {name: jwk[name] for name in _TEXTS if jwk.get(name) is not None}
    lists = {name: list(jwk[name]) for name in _LISTS if jwk.get(name) is not None}
    return {**about.members, **rest, **lists}


def _check_text(value: Any) -> None:
    if value is None:
        return
    if not _is_text(value, public_jwk.MAX_KID):
        raise KeyRefusedError("the thumbprint of a certificate is a short text")


def _check_chain(chain: Any) -> None:
    if chain is None:
        return
    if (
        not isinstance(chain, list | tuple)
        or len(chain) > _MAX_CHAIN
        or not all(_is_text(each, _MAX_CERTIFICATE) for each in chain)
    ):
        raise KeyRefusedError(f"x5c is a list of at most {_MAX_CHAIN} certificates")


def _is_text(value: Any, limit: int) -> bool:
    return isinstance(value, str) and len(value) <= limit and value.isprintable()


def _refused(why: str) -> InvalidInputError:
    return InvalidInputError(why, field=_FIELD)
