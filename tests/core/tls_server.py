"""A certificate authority and servers on loopback that answer as badly as a test wants."""

import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from threading import Event, Thread

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

Answer = bytes | Callable[[socket.socket, Event], None]


class Authority:
    """A certificate authority; ``bundle`` is the file that one trusts it by."""

    def __init__(self, folder):
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        usage = x509.KeyUsage(
            digital_signature=False, content_commitment=False, key_encipherment=False,
            data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
            encipher_only=False, decipher_only=False,
        )  # fmt: skip
        self._certificate = (
            self._begun(self._name, self._key)
            .add_extension(constraints, critical=True)
            .add_extension(usage, critical=True)
            .sign(self._key, SHA256())
        )
        self.bundle = folder / "authority.pem"
        self.bundle.write_bytes(self._certificate.public_bytes(Encoding.PEM))

    def server_context(self, *names):
        """Return the TLS context of a server called ``names`` (host names or addresses)."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            self._begun(x509.Name([]), key)
            .add_extension(
                x509.SubjectAlternativeName([_general(each) for each in names]), critical=True
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .sign(self._key, SHA256())
        )
        path = self._folder / f"server-{id(key)}.pem"
        path.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            + certificate.public_bytes(Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _begun(self, subject, key):
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
        )


def _general(name):
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class Site:
    """A server on a loopback port: reads a request's head and gives ``answer``, bytes or a function."""

    def __init__(self, answer: Answer, context=None):
        self.answer = answer
        self.requests = []
        self._context = context
        self._closing = Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.port = self._listener.getsockname()[1]
        self._threads = []

    def __enter__(self):
        self._start(self._listen)
        return self

    def __exit__(self, *_):
        self._closing.set()
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def _start(self, work, *arguments):
        thread = Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _listen(self):
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            self._start(self._serve, connection)

    def _serve(self, connection):
        connection.settimeout(5)
        try:
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            head = b""
            while b"\r\n\r\n" not in head:
                received = connection.recv(4096)
                if not received:
                    break
                head += received
            self.requests.append(head)
            if callable(self.answer):
                self.answer(connection, self._closing)
            else:
                connection.sendall(self.answer)
        except OSError:
            # The client hung up or did not trust us: what the test is about is seen on its side.
            self.requests.append(b"")
        finally:
            connection.close()
