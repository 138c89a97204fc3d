"""Userinfo as a JWT: signed, encrypted, or both, as its client registered.

Specs:
    OpenID Connect Core 1.0 section 5.3.2    a signed answer has iss and aud; an encrypted one is a JWT as well
    OpenID Connect Core 1.0 section 16.14    signed first, then encrypted

It says nothing of a sign-in and has neither iat nor exp, so that it never passes for an ID token.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.clients.registry import Client
from app.core import config
from app.jose import jwt

TYPE = "JWT"


def secured(client: Client, claims: Mapping[str, Any], *, now: datetime) -> str | None:
    """Return ``claims`` as the JWT that ``client`` registered for, or ``None`` if it takes plain JSON.

    Raises:
        NoSigningKeyError: no key may sign with the client's algorithm now.
        NoEncryptionKeyError: the client wants it encrypted and has no key for that.
    """
    signed, algorithm = None, client.userinfo_signed_response_alg
    if algorithm is not None:
        told = {**claims, "iss": config.current().issuer, "aud": client.client_id}
        signed = jwt.sign(told, algorithm=algorithm, typ=TYPE, now=now)
    wanted, encryption = (
        client.userinfo_encrypted_response_alg,
        client.userinfo_encrypted_response_enc,
    )
    if wanted is None or encryption is None:
        return signed
    # Imported here: few need it, and every start would pay for it.
    from app.tokens import encrypted

    if signed is not None:
        return encrypted.for_client(
            signed, client, algorithm=wanted, encryption=encryption, now=now
        )
    text = json.dumps(claims, separators=(",", ":"), allow_nan=False)
    return encrypted.claims_for_client(
        text, client, algorithm=wanted, encryption=encryption, now=now
    )
