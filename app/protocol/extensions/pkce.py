"""PKCE: a code is worth nothing without the secret that asked for it. S256 only.

Specs:
    RFC 7636 section 4.2, 4.3, 4.6    challenge, request, verification
    RFC 9700 section 2.1.1            for every client; and no downgrade at the token endpoint
"""

import re

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from app.clients.registry import Client
from app.core.secrets import equal
from app.protocol.errors import OAuthError, invalid_request
from app.protocol.parameters import Parameters

METHODS = ("S256",)
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def challenge(client: Client, parameters: Parameters) -> str | None:
    """Return the code challenge of an authorization request.

    Raises:
        OAuthError: invalid_request: it is missing where it is required, malformed, or not S256.
    """
    value, method = parameters.get("code_challenge"), parameters.get("code_challenge_method")
    if value is None:
        if client.require_pkce or client.is_public:
            raise invalid_request("code_challenge is required (PKCE).")
        if method is not None:
            raise invalid_request("code_challenge_method came without code_challenge.")
        return None
    if method not in METHODS:
        # An absent method would mean plain, which we do not do.
        raise invalid_request("code_challenge_method must be S256.")
    if not _CHALLENGE.fullmatch(value):
        raise invalid_request("code_challenge is not a SHA-256 in base64url.")
    return value


def verify(stored: str | None, verifier: str | None) -> None:
    """Check the verifier against the challenge of the request that got the code.

    Raises:
        OAuthError: invalid_grant: they do not belong together, or only one of them is there.
    """
    if stored is None:
        if verifier is not None:
            raise _mismatch("a verifier without a challenge")
        return
    if verifier is None or not _VERIFIER.fullmatch(verifier):
        raise _mismatch("no well-formed verifier")
    if not equal(create_s256_code_challenge(verifier), stored):
        raise _mismatch("verifier and challenge differ")


def _mismatch(detail: str) -> OAuthError:
    return OAuthError("invalid_grant", "The code_verifier does not match.", detail=detail)
