"""tls_client_auth and self_signed_tls_client_auth: the client proves a key while it connects.

Specs:
    RFC 8705 section 2.1    a certificate that an authority vouches for, with the registered name
    RFC 8705 section 2.2    a certificate with a registered key, vouched for by nobody
    ASVS 5.0 10.4.16        client authentication by a key pair

That the client holds the private key was proved to whoever ended TLS; here it is asked whose it is.
"""

from typing import TYPE_CHECKING

from app.clients.registry import Client
from app.core import config
from app.protocol.client_authentication.presented import Presented
from app.protocol.errors import invalid_client
from app.tokens import client_keys

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


def proves_by_authority(client: Client | None, presented: Presented) -> bool:
    """Tell whether the certificate is vouched for and bears the client's name.

    Raises:
        OAuthError: invalid_client: there is none, or it cannot be read.
    """
    bundle = config.current().client_authentication.certificate_ca
    if client is None or bundle is None:
        return False
    # Imported here: hardly an installation needs it, and it takes a while.
    from app.protocol.client_authentication import certificates

    certificate = _shown(presented)
    return certificates.is_vouched_for(
        certificate, bundle, now=presented.request.now
    ) and certificates.names_match(certificate, client)


def proves_by_key(client: Client | None, presented: Presented) -> bool:
    """Tell whether the certificate has a key that the client registered, and is in force.

    Raises:
        OAuthError: invalid_client: there is none, or it cannot be read.
        KeySetUnavailableError, KeySetInvalidError: there are no keys to tell by.
    """
    if client is None:
        return False
    from app.protocol.client_authentication import certificates

    certificate, now = _shown(presented), presented.request.now
    return certificates.is_in_force(certificate, now=now) and client_keys.holds(
        client, lambda keys: certificates.key_matches(certificate, keys), now=now
    )


def _shown(presented: Presented) -> "Certificate":
    from app.protocol.client_authentication import certificates

    if presented.request.certificate is None:
        raise invalid_client(detail=f"{presented.client_id} showed no certificate")
    try:
        return certificates.parse(presented.request.certificate)
    except certificates.CertificateInvalidError as error:
        raise invalid_client(detail=f"the client certificate {error.detail}") from None
