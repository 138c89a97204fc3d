"""Certificates for clients: an authority, what it certifies, what nobody certifies, and how proxies tell of it."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, Name

from tests.support.client_keys import ClientKey, Private

_DAY = timedelta(days=1)
Extension = tuple[x509.ExtensionType, bool]


@dataclass(frozen=True)
class Wanted:
    """What is to be in a certificate. ``extensions`` are pairs of value and whether it is critical."""

    subject: str = "CN=client,O=Example"
    not_before: datetime | None = None
    not_after: datetime | None = None
    extensions: Sequence[Extension] = ()


@dataclass(frozen=True)
class Authority:
    """Somebody who certifies."""

    certificate: Certificate
    private: Any = field(repr=False)

    def certify(self, subject: ClientKey, wanted: Wanted, *, now: datetime) -> Certificate:
        """Return a certificate for the key ``subject``."""
        built = _builder(subject.private, wanted, self.certificate.subject, now=now)
        return built.sign(self.private, hashes.SHA256())

    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


def authority(name: str = "CN=Clients' Authority", *, now: datetime) -> Authority:
    """Return an authority with a key of its own."""
    private = ec.generate_private_key(ec.SECP256R1())
    usage = dict.fromkeys(
        (
            "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
            "digital_signature", "encipher_only", "decipher_only",
        ),
        False,
    )  # fmt: skip
    wanted = Wanted(
        subject=name,
        # Real handshakes go by the clock of the world, whatever the time of the test.
        not_before=datetime(2020, 1, 1, tzinfo=UTC),
        extensions=(
            (x509.BasicConstraints(ca=True, path_length=None), True),
            (x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), True),
        ),
    )
    built = _builder(private, wanted, Name.from_rfc4514_string(name), now=now)
    return Authority(built.sign(private, hashes.SHA256()), private)


def self_signed(subject: ClientKey, wanted: Wanted = Wanted(), *, now: datetime) -> Certificate:
    """Return a certificate that nobody but its key vouches for."""
    own = Name.from_rfc4514_string(wanted.subject)
    private: Any = subject.private
    digest = None if subject.algorithm in {"EdDSA", "Ed25519"} else hashes.SHA256()
    return _builder(private, wanted, own, now=now).sign(private, digest)


def der(certificate: Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def pem(certificate: Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def as_byte_sequence(certificate: Certificate) -> str:
    """Return the value of Client-Cert (RFC 9440)."""
    return f":{as_base64(certificate)}:"


def as_base64(certificate: Certificate) -> str:
    return base64.b64encode(der(certificate)).decode()


def as_escaped_pem(certificate: Certificate) -> str:
    """Return what nginx calls $ssl_client_escaped_cert."""
    return quote(pem(certificate), safe="")


def _builder(
    private: Private, wanted: Wanted, issuer: Name, *, now: datetime
) -> x509.CertificateBuilder:
    subject = Name.from_rfc4514_string(
        wanted.subject, attr_name_overrides={"emailAddress": x509.NameOID.EMAIL_ADDRESS}
    )
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(wanted.not_before or now - _DAY)
        .not_valid_after(wanted.not_after or now + _DAY)
    )
    for value, critical in wanted.extensions:
        built = built.add_extension(value, critical)
    return built
