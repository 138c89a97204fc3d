"""Clients that prove themselves by a certificate, as a proxy or the connection tells of it."""

import ipaddress
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.x509 import Certificate
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from werkzeug.test import TestResponse

from app.core import outbound
from app.protocol.client_authentication import certificates as judged
from tests.identity.installation import with_settings
from tests.support import certificates
from tests.support import provider as providers
from tests.support.certificates import Authority, Wanted, authority, der, pem, self_signed
from tests.support.client_keys import ClientKey, jwks, key
from tests.support.provider import START, Provider
from tests.support.tls_server import serving

KEY = key("ES256")
PROXY = "127.0.0.1"
FORM = {"grant_type": "client_credentials", "client_id": "machine", "token": "x"}


@pytest.fixture(scope="module")
def issuer() -> Authority:
    return authority(now=START)


@pytest.fixture
def provider(tmp_path: Path, issuer: Authority) -> Iterator[Provider]:
    """A provider behind a proxy that tells of certificates."""
    bundle = tmp_path / "clients.pem"
    bundle.write_bytes(authority("CN=Another", now=START).pem() + issuer.pem())
    made = providers.create(
        tmp_path,
        CLIENT_CERTIFICATE_SOURCE="header",
        TRUSTED_PROXIES=PROXY,
        CLIENT_CERTIFICATE_CA=str(bundle),
    )
    yield made
    providers.dispose(made)


def machine(provider: Provider, **values: Any) -> None:
    """Register the client; by its key, unless a name is given."""
    method = "self_signed_tls_client_auth"
    if any(name.startswith("tls_client_auth") for name in values):
        method = "tls_client_auth"
    elif "jwks_uri" not in values:
        values = {"jwks": jwks(KEY), **values}
    grants = ("client_credentials",)
    provider.client("machine", grant_types=grants, token_endpoint_auth_method=method, **values)


def send(
    provider: Provider, header: str | Certificate | None, path: str = "/token", **options: Any
) -> TestResponse:
    if isinstance(header, Certificate):
        header = certificates.as_byte_sequence(header)
    headers = {} if header is None else {"Client-Cert": header}
    peer = {"REMOTE_ADDR": options.pop("peer", PROXY)}
    form = {**FORM, **options}
    return provider.post(path, form, auth=None, headers=headers, environ_base=peer)


def accepted(answer: TestResponse) -> bool:
    if answer.status_code == 200:
        return True
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
    return False


@pytest.mark.spec("RFC 8705", "2.2")
@pytest.mark.spec("RFC 8705", "2.2.2")
@pytest.mark.spec("ASVS 5.0", "10.4.10")
@pytest.mark.spec("ASVS 5.0", "10.4.16")
@pytest.mark.parametrize("path", ["/token", "/introspect", "/revoke"])
def test_a_certificate_with_a_registered_key_proves_the_client(
    provider: Provider, path: str
) -> None:
    machine(provider)
    assert accepted(send(provider, self_signed(KEY, now=START), path))


@pytest.mark.spec("RFC 8705", "2.2")
@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "Ed25519"])
def test_a_key_of_any_kind_proves_the_client(provider: Provider, algorithm: str) -> None:
    own = key(algorithm)
    machine(provider, jwks=jwks(KEY, own))
    assert accepted(send(provider, self_signed(own, now=START)))


@pytest.mark.spec("RFC 8705", "2.2")
def test_another_key_proves_nothing_whatever_its_names(provider: Provider) -> None:
    machine(provider)
    assert not accepted(send(provider, self_signed(key("ES256", 1), now=START)))


def test_a_key_for_encryption_proves_nothing(provider: Provider) -> None:
    machine(provider, jwks={"keys": [KEY.jwk(use="enc"), key("ES256", 1).jwk()]})
    assert not accepted(send(provider, self_signed(KEY, now=START)))


@pytest.mark.spec("RFC 5280", "4.1.2.5")
def test_a_certificate_counts_between_its_dates(provider: Provider) -> None:
    machine(provider)
    hour = timedelta(hours=1)
    for wanted in (Wanted(not_after=START - hour), Wanted(not_before=START + hour)):
        assert not accepted(send(provider, self_signed(KEY, wanted, now=START)))


@pytest.mark.spec("RFC 8705", "2.2.2")
def test_a_fetched_set_is_renewed_for_a_certificate_with_a_new_key(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = [jwks(KEY)]
    monkeypatch.setattr(outbound, "fetch_json", lambda *_, **__: known[-1])
    machine(provider, jwks_uri="https://app.example/keys")
    newer = key("ES256", 1)
    assert accepted(send(provider, self_signed(KEY, now=START)))
    assert not accepted(send(provider, self_signed(newer, now=START)))
    known.append(jwks(newer))
    provider.pass_time(seconds=11)
    assert accepted(send(provider, self_signed(newer, now=START)))


@pytest.mark.spec("RFC 8705", "2")
def test_the_client_names_itself_in_the_body(provider: Provider) -> None:
    machine(provider)
    good = self_signed(KEY, now=START)
    assert not accepted(send(provider, good, client_id=""))
    assert not accepted(send(provider, good, client_id="nobody"))
    assert not accepted(send(provider, None))


def test_a_certificate_does_not_prove_a_client_of_another_method(provider: Provider) -> None:
    provider.client(
        "machine",
        grant_types=("client_credentials",),
        token_endpoint_auth_method="private_key_jwt",
        jwks=jwks(KEY),
    )
    assert not accepted(send(provider, self_signed(KEY, now=START)))


def test_a_public_client_stays_public_whatever_it_shows(provider: Provider) -> None:
    provider.client("machine", token_endpoint_auth_method="none")
    answer = send(provider, self_signed(KEY, now=START), "/revoke")
    assert answer.status_code == 200


@pytest.mark.spec("RFC 9440", "2.2")
@pytest.mark.parametrize(
    "form",
    [
        certificates.as_byte_sequence,
        certificates.as_escaped_pem,
        certificates.as_base64,
        lambda it: pem(it).replace("\n", "\t"),
        lambda it: pem(it).replace("\n", "%0A"),
    ],
)
def test_the_forms_that_proxies_write_are_read(provider: Provider, form: Any) -> None:
    machine(provider)
    assert accepted(send(provider, form(self_signed(KEY, now=START))))


@pytest.mark.spec("RFC 9440", "2.2")
@pytest.mark.parametrize(
    "change",
    [
        lambda good: f"{good}, {good}",
        lambda good: good[:-1],
        lambda good: good + ";a=1",
        lambda good: good[:40] + ":",
        lambda _: "",
        lambda _: ":",
        lambda _: "::",
        lambda _: ":AAAA:",
        lambda _: "%",
        lambda _: "-----BEGIN CERTIFICATE-----",
        lambda _: "-----BEGIN%20CERTIFICATE-----%0AAAAA%0A-----END%20CERTIFICATE-----",
        lambda _: ":" + "A" * 16384 + ":",
        lambda _: "\xe4",
    ],
)
def test_a_header_that_is_not_one_certificate_is_none(provider: Provider, change: Any) -> None:
    machine(provider)
    good = certificates.as_byte_sequence(self_signed(KEY, now=START))
    assert not accepted(send(provider, change(good)))


def test_two_certificates_in_one_text_are_none(provider: Provider) -> None:
    machine(provider)
    assert not accepted(
        send(provider, certificates.as_escaped_pem(self_signed(KEY, now=START)) * 2)
    )


@pytest.mark.spec("ASVS 5.0", "4.1.3")
@pytest.mark.spec("RFC 8705", "6.5")
@pytest.mark.spec("RFC 9440", "4")
@pytest.mark.parametrize("peer", ["203.0.113.9", "::1", "", "x"])
def test_the_header_is_believed_from_a_trusted_proxy_alone(provider: Provider, peer: str) -> None:
    machine(provider)
    assert not accepted(send(provider, self_signed(KEY, now=START), peer=peer))


@pytest.mark.parametrize("source", ["none", "tls"])
def test_where_no_header_is_expected_it_says_nothing(provider: Provider, source: str) -> None:
    machine(provider)
    with_settings(provider.app, "client_authentication", certificate_source=source)
    assert not accepted(send(provider, self_signed(KEY, now=START)))


def test_the_header_may_have_another_name(provider: Provider) -> None:
    machine(provider)
    with_settings(provider.app, "client_authentication", certificate_header="X-SSL-Cert")
    good = certificates.as_byte_sequence(self_signed(KEY, now=START))
    assert not accepted(send(provider, good))
    answer = provider.post(
        "/token", FORM, auth=None, headers={"X-Ssl-Cert": good}, environ_base={"REMOTE_ADDR": PROXY}
    )
    assert accepted(answer)


class _Connection:
    """A TLS connection as gunicorn passes it on."""

    def __init__(self, shown: bytes | None) -> None:
        self.shown = shown

    def getpeercert(self, *binary_form: bool) -> bytes | None:
        assert binary_form == (True,)
        return self.shown


@pytest.mark.spec("RFC 8705", "2")
def test_the_connection_tells_where_the_server_ends_tls_itself(provider: Provider) -> None:
    machine(provider)
    with_settings(provider.app, "client_authentication", certificate_source="tls")
    good, other = (self_signed(each, now=START) for each in (KEY, key("ES256", 1)))
    for environ, right in (
        ({"gunicorn.socket": _Connection(der(good))}, True),
        ({"gunicorn.socket": _Connection(der(other))}, False),
        ({"gunicorn.socket": _Connection(None)}, False),
        # A plain socket: there is no TLS, so nothing else may speak for it but the server.
        ({"gunicorn.socket": object()}, False),
        ({"SSL_CLIENT_CERT": pem(good)}, True),
        ({"SSL_CLIENT_CERT": pem(other)}, False),
        ({"SSL_CLIENT_CERT": ""}, False),
        ({"HTTP_SSL_CLIENT_CERT": pem(good)}, False),
        ({}, False),
    ):
        answer = provider.post("/token", FORM, auth=None, environ_base=environ)
        assert accepted(answer) is right, environ


@pytest.mark.parametrize("content", [b"", b"\x30\x00", b"x" * 100, bytes(2000)])
def test_what_is_no_certificate_is_refused(content: bytes) -> None:
    with pytest.raises(judged.CertificateInvalidError):
        judged.parse(content)


SAN = x509.SubjectAlternativeName
NAMES = (
    x509.DNSName("client.example"),
    x509.UniformResourceIdentifier("https://client.example/it"),
    x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
    x509.RFC822Name("it@client.example"),
)


def certified(issuer: Authority, *extensions: Any, owner: ClientKey = KEY, **wanted: Any) -> Any:
    made = Wanted(extensions=[(each, False) for each in extensions], **wanted)
    return issuer.certify(owner, made, now=START)


@pytest.mark.spec("RFC 8705", "2.1")
@pytest.mark.spec("RFC 8705", "2.1.2")
@pytest.mark.parametrize(
    ("field", "value", "right"),
    [
        ("subject_dn", "CN=client,O=Example", True),
        ("subject_dn", "cn=client, o=Example", True),
        ("subject_dn", "2.5.4.3=client,O=Example", True),
        ("subject_dn", "O=Example,CN=client", False),
        ("subject_dn", "CN=client", False),
        ("subject_dn", "CN=Client,O=Example", False),
        ("subject_dn", r"CN=client\,O=Example", False),
        ("subject_dn", "CN=client,O=Example,C=DE", False),
        ("subject_dn", "CN=client+O=Example", False),
        ("subject_dn", "client", False),
        ("san_dns", "client.example", True),
        ("san_dns", "other.example", False),
        ("san_dns", "it@client.example", False),
        ("san_dns", "client", False),
        ("san_uri", "https://client.example/it", True),
        ("san_uri", "https://client.example/it/", False),
        ("san_ip", "2001:db8:0:0::1", True),
        ("san_ip", "2001:db8::2", False),
        ("san_ip", "nonsense", False),
        ("san_email", "it@client.example", True),
        ("san_email", "client.example", False),
    ],
)
def test_a_certified_client_is_known_by_exactly_the_registered_name(
    provider: Provider, issuer: Authority, field: str, value: str, *, right: bool
) -> None:
    machine(provider, **{f"tls_client_auth_{field}": value})
    assert accepted(send(provider, certified(issuer, SAN(NAMES)))) is right


@pytest.mark.spec("RFC 4514", "3")
@pytest.mark.parametrize(
    ("subject", "registered"),
    [
        (r"CN=a\, b,O=Example", r"CN=a\, b, O=Example"),
        ("emailAddress=it@client.example,O=Example", "E=it@client.example,O=Example"),
        ("OU=x+CN=client,O=Example", "CN=client+OU=x,O=Example"),
        ("CN=Jürgen,DC=client,DC=example", r"CN=J\C3\BCrgen,DC=client,DC=example"),
    ],
)
def test_names_are_compared_as_names(
    provider: Provider, issuer: Authority, subject: str, registered: str
) -> None:
    machine(provider, tls_client_auth_subject_dn=registered)
    assert not accepted(send(provider, certified(issuer)))
    made = issuer.certify(KEY, Wanted(subject=subject), now=START)
    assert accepted(send(provider, made))


@pytest.mark.spec("RFC 8705", "7.4")
def test_a_name_that_is_not_there_matches_nothing(provider: Provider, issuer: Authority) -> None:
    machine(provider, tls_client_auth_san_ip="nonsense")
    assert not accepted(send(provider, certified(issuer)))


@pytest.mark.spec("RFC 8705", "2.1")
@pytest.mark.spec("ASVS 5.0", "12.1.3")
@pytest.mark.spec("ASVS 5.0", "6.7.1")
def test_only_the_configured_authorities_are_believed(
    provider: Provider, issuer: Authority
) -> None:
    machine(provider, tls_client_auth_subject_dn="CN=client,O=Example")
    namesake = authority(now=START)
    assert namesake.certificate.subject == issuer.certificate.subject
    assert accepted(send(provider, certified(issuer)))
    assert not accepted(send(provider, certified(namesake)))
    assert not accepted(send(provider, self_signed(KEY, now=START)))


def test_whoever_was_certified_certifies_nobody(provider: Provider, issuer: Authority) -> None:
    machine(provider, tls_client_auth_subject_dn="CN=client,O=Example")
    middle = Authority(certified(issuer), KEY.private)
    assert not accepted(send(provider, certified(middle, owner=key("ES256", 1))))


@pytest.mark.spec("RFC 5280", "4.2.1.12")
def test_a_certificate_for_other_purposes_is_refused(provider: Provider, issuer: Authority) -> None:
    machine(provider, tls_client_auth_subject_dn="CN=client,O=Example")
    purposes = ExtendedKeyUsageOID
    usage = dict.fromkeys(
        (
            "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
            "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
        ),
        False,
    )  # fmt: skip
    unknown = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\5\0")
    for extension, critical, right in (
        (x509.ExtendedKeyUsage([purposes.CLIENT_AUTH]), False, True),
        (x509.ExtendedKeyUsage([purposes.SERVER_AUTH]), False, False),
        (x509.KeyUsage(digital_signature=True, **usage), True, True),
        (x509.KeyUsage(digital_signature=False, **{**usage, "key_agreement": True}), True, False),
        (x509.BasicConstraints(ca=False, path_length=None), True, True),
        (x509.BasicConstraints(ca=True, path_length=None), True, False),
        (unknown, False, True),
        (unknown, True, False),
    ):
        made = issuer.certify(KEY, Wanted(extensions=[(extension, critical)]), now=START)
        assert accepted(send(provider, made)) is right, extension


@pytest.mark.spec("RFC 5280", "6.1.3")
def test_a_certified_client_is_believed_between_the_dates(
    provider: Provider, issuer: Authority
) -> None:
    machine(provider, tls_client_auth_subject_dn="CN=client,O=Example")
    hour = timedelta(hours=1)
    for wanted in ({"not_after": START - hour}, {"not_before": START + hour}):
        assert not accepted(send(provider, certified(issuer, **wanted)))


def test_without_its_file_of_authorities_nobody_is_believed(
    provider: Provider, issuer: Authority
) -> None:
    machine(provider, tls_client_auth_subject_dn="CN=client,O=Example")
    good = certified(issuer)
    assert accepted(send(provider, good))
    bundle = provider.app.extensions["signet.settings"].client_authentication.certificate_ca
    bundle.write_bytes(b"not a certificate")
    assert not accepted(send(provider, good))
    bundle.unlink()
    assert not accepted(send(provider, good))
    with_settings(provider.app, "client_authentication", certificate_ca=None)
    assert not accepted(send(provider, good))


@pytest.mark.spec("RFC 8705", "2")
@pytest.mark.spec("RFC 8705", "7.5")
def test_a_certificate_shown_in_a_real_handshake_proves_the_client(
    provider: Provider, tmp_path: Path, issuer: Authority
) -> None:
    machine(provider, tls_client_auth_san_dns="client.example")
    with_settings(provider.app, "client_authentication", certificate_source="tls")
    address = SAN([x509.IPAddress(ipaddress.ip_address(PROXY))])
    identity, shown = tmp_path / "server.pem", tmp_path / "client.pem"
    # The handshake goes by the clock of the world.
    own = key("ES256", 1)
    world = {"not_before": datetime(2020, 1, 1, tzinfo=UTC)}
    served = Wanted(extensions=[(address, False)], **world)
    identity.write_text(own.pem().decode() + pem(self_signed(own, served, now=START)))
    shown.write_text(KEY.pem().decode() + pem(certified(issuer, SAN(NAMES), **world)))
    trusted = tmp_path / "issuer.pem"
    trusted.write_bytes(issuer.pem())
    with serving(provider.app, identity=identity, authorities=trusted) as port:
        statuses = [
            requests.post(
                f"https://{PROXY}:{port}/token",
                data=FORM,
                cert=None if each is None else str(each),
                verify=str(identity),
                headers={"Client-Cert": certificates.as_base64(certified(issuer, SAN(NAMES)))},
                timeout=10,
            ).status_code
            for each in (shown, None)
        ]
    assert statuses == [200, 401]
