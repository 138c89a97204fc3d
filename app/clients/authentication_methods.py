"""How clients may authenticate in this installation: one list for all who ask.

Specs:
    RFC 7591 section 2                    client_secret_basic, client_secret_post, none
    OpenID Connect Core 1.0 section 9     client_secret_jwt, private_key_jwt
    RFC 8705 sections 2.1.1, 2.2.1        tls_client_auth, self_signed_tls_client_auth
"""

from app.clients.client import CLIENT_SECRET_JWT, PRIVATE_KEY_JWT, PUBLIC, SELF_SIGNED_TLS, TLS
from app.core.config import Settings

# Every method there is, offered or not, the one to prefer for a secret first.
ALL = (
    "client_secret_basic", "client_secret_post", CLIENT_SECRET_JWT, PRIVATE_KEY_JWT, TLS,
    SELF_SIGNED_TLS, PUBLIC,
)  # fmt: skip
# Those with a JWT that the client signs.
ASSERTIONS = (CLIENT_SECRET_JWT, PRIVATE_KEY_JWT)


def offered_methods(settings: Settings) -> tuple[str, ...]:
    """Return the methods that ``settings`` offer, in the order in which they are published."""
    ours = settings.client_authentication
    off: set[str] = set()
    if not ours.assertions:
        off |= {*ASSERTIONS}
    if ours.certificate_source == "none":
        off |= {TLS, SELF_SIGNED_TLS}
    if ours.certificate_ca is None:
        off.add(TLS)
    return tuple(each for each in ALL if each not in off)
