"""Logout tokens: a signed statement that a session has ended.

Specs:
    OpenID Connect Back-Channel Logout 1.0 section 2.4    its claims, and that it has no nonce
    RFC 8417 section 2.2                                  events, the claim that makes it a security event
    RFC 8725 section 3.11                                 a type of its own, so that it passes for nothing else

Person and session are both named, always: a client may look at either.
"""

from datetime import datetime

from app.clients.registry import Client
from app.core import clock, config
from app.core.secrets import new_id
from app.identity import sessions
from app.jose import jwt
from app.tokens import subjects

TYPE = "logout+jwt"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


def mint(client: Client, *, user_id: str, session_id: str, now: datetime) -> str:
    """Return a new logout token for ``client``: each attempt gets one of its own.

    It is encrypted where the client has its ID tokens encrypted.

    Raises:
        NoSigningKeyError: no key may sign with the client's algorithm now.
        NoEncryptionKeyError: the client wants it encrypted and has no key for that.
    """
    settings = config.current()
    issued_at = clock.epoch(now)
    claims = {
        "iss": settings.issuer,
        "sub": subjects.subject(client, user_id),
        "aud": client.client_id,
        "iat": issued_at,
        "exp": issued_at + int(settings.logout.token_lifetime.total_seconds()),
        "jti": new_id(),
        "sid": sessions.sid(session_id, client.client_id),
        "events": {EVENT: {}},
    }
    signed = jwt.sign(claims, algorithm=client.id_token_signed_response_alg, typ=TYPE, now=now)
    if client.id_token_encrypted_response_alg and client.id_token_encrypted_response_enc:
        # Imported here: few need it, and every start would pay for it.
        from app.tokens import encrypted

        return encrypted.for_client(
            signed,
            client,
            algorithm=client.id_token_encrypted_response_alg,
            encryption=client.id_token_encrypted_response_enc,
            now=now,
        )
    return signed
