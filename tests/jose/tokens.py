"""Tokens signed and presented, for the tests of JWTs."""

import json
from datetime import timedelta

import pytest

from app.core.secrets import decode, encode
from app.jose import jwt, signing_keys
from app.jose.algorithms import ALGORITHMS
from app.jose.jwt import InvalidTokenError
from tests.jose.applications import ISSUER, NOW

START = int(NOW.timestamp())
CLAIMS = {"iss": ISSUER, "sub": "ada", "iat": START, "exp": START + 600}
SECOND = timedelta(seconds=1)
SKEW = timedelta(minutes=1)
TYP = "at+jwt"


def signed(claims=None, *, algorithm="RS256", typ=TYP):
    return jwt.sign(claims or CLAIMS, algorithm=algorithm, typ=typ, now=NOW)


def read(token, *, typ=(TYP,), now=NOW, issuer=ISSUER, **options):
    return jwt.verify(token, typ=typ, now=now, issuer=issuer, **options)


def refused(token, **options):
    with pytest.raises(InvalidTokenError) as refusal:
        read(token, **options)
    return refusal.value.detail


def header_of(token):
    return json.loads(decode(token.split(".")[0]))


def with_header(token, change):
    """Return ``token`` with another header, properly signed by our own key for it."""
    _, payload, _ = token.split(".")
    header = change(header_of(token))
    message = f"{encode(json.dumps(header).encode())}.{payload}"
    key = signing_keys.active("RS256", now=NOW)
    return f"{message}.{encode(ALGORITHMS['RS256'].sign(message.encode(), key.private))}"
