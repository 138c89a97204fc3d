"""Good tokens of each kind that we read, and what each kind forbids: what ``mutations`` makes mutants of."""

import json
from dataclasses import replace
from typing import Any

from app.jose import key_ring
from app.jose.algorithms import ALGORITHMS
from app.jose.foreign_jwt import peek
from tests.support.client_keys import assertion_claims, key
from tests.support.mutations import ABSENT, ELSEWHERE, NO_TIMES, Genuine
from tests.support.provider import ISSUER, Provider, request_parameters

_NO_TEXTS: tuple[Any, ...] = (None, 7, True, {}, [], "")
_OTHERS: tuple[Any, ...] = (
    ABSENT,
    *_NO_TEXTS,
    ELSEWHERE,
    f"{ISSUER}/",
    ISSUER.upper(),
    [ELSEWHERE],
)
_FOREIGN_TYPES = ("at+jwt", "logout+jwt", "dpop+jwt", "secevent+jwt", "JWE", "", 7, [], {}, None)
_DAY = 86400


def _public_spellings(algorithm: str) -> tuple[bytes, ...]:
    signer = key(algorithm)
    return signer.public_key_info(), json.dumps(signer.jwk()).encode(), signer.kid.encode()


def assertion(provider: Provider, algorithm: str = "ES256") -> Genuine:
    signer = key(algorithm)
    present = int(provider.at.timestamp())
    return Genuine(
        {"alg": algorithm, "kid": signer.kid},
        assertion_claims("signer", ISSUER, now=provider.at),
        signer.sign,
        _public_spellings(algorithm),
        {"typ": (*_FOREIGN_TYPES, "oauth-authz-req+jwt")},
        {
            "iss": (*_OTHERS, "app", ["signer"]),
            "sub": (*_OTHERS, "app", ["signer"]),
            "aud": (*_OTHERS, [ISSUER], [ISSUER, ELSEWHERE], f"{ISSUER}/userinfo"),
            "exp": (ABSENT, *NO_TIMES, 0, -1, present, present - 1, present + _DAY, 10**30),
            "iat": (*NO_TIMES, present + _DAY, 10**30),
            "nbf": (*NO_TIMES, present + _DAY, 10**30),
            "jti": (ABSENT, *_NO_TEXTS, "x" * 5000),
        },
    )


def authorization_object(provider: Provider, algorithm: str = "ES256") -> Genuine:
    signer = key(algorithm)
    present = int(provider.at.timestamp())
    parameters = request_parameters()
    return Genuine(
        {"alg": algorithm, "kid": signer.kid, "typ": "oauth-authz-req+jwt"},
        {
            **parameters,
            "iss": "app",
            "aud": ISSUER,
            "iat": present,
            "nbf": present,
            "exp": present + 60,
        },
        signer.sign,
        _public_spellings(algorithm),
        {"typ": (*_FOREIGN_TYPES[:-1], "client-authentication+jwt")},
        {
            "iss": (*_OTHERS, "signer", ["app"]),
            "aud": (*_OTHERS, [ISSUER, ELSEWHERE]),
            "exp": (ABSENT, *NO_TIMES, 0, -1, present, present - 1, present + _DAY, 10**30),
            "iat": (*NO_TIMES, present + _DAY, present - _DAY, 10**30),
            "nbf": (*NO_TIMES, present + _DAY, present - _DAY, 10**30),
            "sub": ("app",),
            "client_id": (ABSENT, "signer", "", ["app"], 7),
            "request": ("x",),
            "request_uri": ("https://app.example/object",),
            "response_type": ("token", "id_token", "code token"),
        },
    )


def _ours(provider: Provider, token: str) -> Genuine:
    """Return a token of ours as one that can be signed again with our own key."""
    said = peek(token)
    algorithm = said.header["alg"]
    with provider.app.app_context():
        ring = key_ring.current()
        private = ring.private(said.header["kid"])
    public = private.as_pem(private=False)
    return Genuine(
        said.header,
        said.claims,
        lambda message: ALGORITHMS[algorithm].sign(message, private),
        (public, public.strip(), said.header["kid"].encode()),
        is_ours=True,
    )


def hint(provider: Provider, token: str) -> Genuine:
    present = int(provider.at.timestamp())
    return replace(
        _ours(provider, token),
        wrong_header={
            "typ": ("at+jwt", "logout+jwt", "oauth-authz-req+jwt", "", 7, [], {}),
            "kid": (ABSENT, ""),
            "x5c": (["AAAA"],),
            "zip": ("DEF",),
        },
        wrong_claims={
            "iss": _OTHERS,
            "aud": (*_OTHERS, "signer", ["signer"], ["app", "signer"]),
            "sub": (ABSENT, None, 7, True, {}, []),
            "exp": (ABSENT, *NO_TIMES),
            "iat": (ABSENT, *NO_TIMES, present + _DAY),
            "nbf": (*NO_TIMES, present + _DAY),
        },
    )


def access_token(provider: Provider, token: str) -> Genuine:
    present = int(provider.at.timestamp())
    return replace(
        _ours(provider, token),
        wrong_header={
            "typ": (ABSENT, "JWT", "logout+jwt", "oauth-authz-req+jwt", "", 7, [], {}),
            "kid": (ABSENT, ""),
            "x5c": (["AAAA"],),
            "zip": ("DEF",),
        },
        wrong_claims={
            "iss": _OTHERS,
            "exp": (ABSENT, *NO_TIMES, 0, -1, present, present - 1),
            "iat": (ABSENT, *NO_TIMES, present + _DAY),
            "nbf": (*NO_TIMES, present + _DAY),
        },
    )
