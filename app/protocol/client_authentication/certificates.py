"""Certificates of clients: who vouches for one, whose name is in it, and which key.

Specs:
    RFC 8705 sections 2.1, 2.1.2, 2.2, 7.4, 7.5   the two methods; parsing and trust
    RFC 5280 sections 4.2.1, 6                    extensions, and the path to an authority
    RFC 4514 section 3                            names as text, compared as names

Imported only when a client shows a certificate. The authorities are those of the operator's file and
no others: who may certify clients is not who may certify web sites. The issuers of the clients'
certificates stand in that file too, since a proxy tells of one certificate, not of a chain. Nobody
is asked whether a certificate was withdrawn: the operator disables the client.
"""

import re
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import structlog
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import Certificate, ExtensionNotFound
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier
from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store, VerificationError

from app.clients.registry import Client
from app.core.errors import SignetError
from app.core.secrets import equal
from app.jose.foreign_keys import ForeignKeySet

_log = structlog.get_logger(__name__)
# Short names beside those that the library knows, which has them in capitals alone.
_SHORT_NAMES = {
    "CN": NameOID.COMMON_NAME,
    "L": NameOID.LOCALITY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "C": NameOID.COUNTRY_NAME,
    "STREET": NameOID.STREET_ADDRESS,
    "DC": NameOID.DOMAIN_COMPONENT,
    "UID": NameOID.USER_ID,
    "emailAddress": NameOID.EMAIL_ADDRESS,
    "E": NameOID.EMAIL_ADDRESS,
    "serialNumber": NameOID.SERIAL_NUMBER,
    "organizationIdentifier": NameOID.ORGANIZATION_IDENTIFIER,
}
_TYPES: dict[str, ObjectIdentifier] = {
    spelling: oid
    for name, oid in _SHORT_NAMES.items()
    for spelling in (name, name.lower(), name.upper())
}
# People write a space after the comma; a space that belongs to a value has to be escaped.
_SPACE_BETWEEN = re.compile(r"(?<!\\), +")


class CertificateInvalidError(SignetError):
    """What was shown is no certificate that we can read. The detail says why, for the log."""

    public = "The certificate cannot be read."


def parse(der: bytes) -> Certificate:
    """Return the certificate in ``der``, with its key and its extensions readable.

    Raises:
        CertificateInvalidError: it is none.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        certificate.public_key()
        _ = certificate.extensions, certificate.subject
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension) as error:
        raise CertificateInvalidError(detail=f"cannot be read: {type(error).__name__}") from None
    except x509.UnsupportedGeneralNameType:
        raise CertificateInvalidError(detail="has a name of an unknown kind") from None
    return certificate


def is_in_force(certificate: Certificate, *, now: datetime) -> bool:
    """Tell whether ``now`` lies between the dates of the certificate."""
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def key_matches(certificate: Certificate, keys: ForeignKeySet) -> bool:
    """Tell whether the key in the certificate is one of ``keys`` that may be used to prove something.

    A certificate in a key set (x5c) has the key of its entry, so it is covered.
    """
    shown = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return any(
        each.about.use != "enc" and equal(each.public_key_info(), shown) for each in keys.keys
    )


def names_match(certificate: Certificate, client: Client) -> bool:
    """Tell whether the certificate bears the one name that the client is registered with."""
    if client.tls_client_auth_subject_dn is not None:
        return _subject_matches(certificate, client.tls_client_auth_subject_dn)
    if client.tls_client_auth_san_ip is not None:
        return _address(client.tls_client_auth_san_ip) in _alternatives(certificate, x509.IPAddress)
    for wanted, kind in (
        (client.tls_client_auth_san_dns, x509.DNSName),
        (client.tls_client_auth_san_uri, x509.UniformResourceIdentifier),
        (client.tls_client_auth_san_email, x509.RFC822Name),
    ):
        if wanted is not None:
            return wanted in _alternatives(certificate, kind)
    return False


def is_vouched_for(certificate: Certificate, bundle: Path, *, now: datetime) -> bool:
    """Tell whether an authority in the PEM file ``bundle`` certifies it, now, as a client's.

    The library's own rules for the last certificate are those for web sites; ours are here. Without
    a readable file nobody is vouched for.
    """
    try:
        authorities = _authorities(bundle, bundle.stat().st_mtime_ns)
    except (OSError, ValueError) as error:
        _log.error("client_certificate.no_authorities", file=str(bundle), reason=str(error)[:200])
        return False
    verifier = (
        PolicyBuilder()
        .store(authorities)
        .time(now)
        .extension_policies(
            ca_policy=ExtensionPolicy.webpki_defaults_ca(),
            ee_policy=ExtensionPolicy.permit_all(),
        )
        .build_client_verifier()
    )
    try:
        verifier.verify(certificate, [])
    except (VerificationError, ValueError) as error:
        _log.info("client_certificate.not_vouched_for", reason=str(error)[:200])
        return False
    return _is_for_clients(certificate)


def _is_for_clients(certificate: Certificate) -> bool:
    authority = _extension(certificate, x509.BasicConstraints)
    usage = _extension(certificate, x509.KeyUsage)
    purposes = _extension(certificate, x509.ExtendedKeyUsage)
    return (
        (authority is None or not authority.ca)
        and (usage is None or usage.digital_signature)
        and (purposes is None or ExtendedKeyUsageOID.CLIENT_AUTH in purposes)
    )


def _subject_matches(certificate: Certificate, registered: str) -> bool:
    text = _SPACE_BETWEEN.sub(",", registered)
    try:
        wanted = x509.Name.from_rfc4514_string(text, attr_name_overrides=_TYPES)
    except ValueError:
        _log.warning("client_certificate.name_unreadable", name=registered)
        return False
    # An empty name names nobody.
    return len(wanted) > 0 and wanted == certificate.subject


def _alternatives(certificate: Certificate, kind: Any) -> list[Any]:
    names = _extension(certificate, x509.SubjectAlternativeName)
    return [] if names is None else list(names.get_values_for_type(kind))


def _address(text: str) -> Any:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _extension(certificate: Certificate, kind: Any) -> Any:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except ExtensionNotFound:
        return None


@lru_cache(maxsize=4)
def _authorities(bundle: Path, _changed_at: int) -> Store:
    # Read again when the file is another one.
    return Store(x509.load_pem_x509_certificates(bundle.read_bytes()))
