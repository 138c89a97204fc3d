"""The keys of a client, and what it signs with them: key sets, assertions, request objects.

Signed with ``cryptography`` alone, so that any token can be made here, also one that no library
would make. Keys are made once for a process: ``key("ES256")`` is the same one everywhere, ``key(
"ES256", 1)`` another.
"""

import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from app.core.secrets import encode

Private = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | x25519.X25519PrivateKey
)
SIGNING = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
ENCRYPTION = ("RSA-OAEP-256", "ECDH-ES")
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFETIME = 60


@dataclass(frozen=True)
class ClientKey:
    """A private key, the algorithm it is used with, and its name in the client's key set."""

    private: Private
    algorithm: str
    kid: str

    def jwk(self, **members: Any) -> dict[str, Any]:
        """Return the public half; ``members`` are added, or left out when they are ``None``."""
        use = "enc" if self.algorithm in ENCRYPTION else "sig"
        found = {**_numbers(self.private), "kid": self.kid, "use": use, **members}
        return {name: value for name, value in found.items() if value is not None}

    def private_jwk(self) -> dict[str, Any]:
        """Return both halves, as the client keeps them and nobody else may see them."""
        match self.private:
            case rsa.RSAPrivateKey() as key:
                each = key.private_numbers()
                halves = (each.d, each.p, each.q, each.dmp1, each.dmq1, each.iqmp)
                names = ("d", "p", "q", "dp", "dq", "qi")
                return self.jwk() | {
                    name: encode(_big(value)) for name, value in zip(names, halves, strict=True)
                }
            case ec.EllipticCurvePrivateKey() as key:
                size = (key.key_size + 7) // 8
                value = key.private_numbers().private_value
                return self.jwk() | {"d": encode(value.to_bytes(size, "big"))}
            case _ as key:
                return self.jwk() | {"d": encode(key.private_bytes_raw())}

    def pem(self) -> bytes:
        """Return the private half as PKCS#8."""
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def public_key_info(self) -> bytes:
        """Return the SubjectPublicKeyInfo in DER."""
        public = self.private.public_key()
        return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: bytes) -> bytes:
        """Return the signature of ``message`` by the algorithm of the key."""
        match self.private:
            case rsa.RSAPrivateKey() as key if self.algorithm == "PS256":
                salted = padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=32)
                return key.sign(message, salted, SHA256())
            case rsa.RSAPrivateKey() as key:
                return key.sign(message, padding.PKCS1v15(), SHA256())
            case ec.EllipticCurvePrivateKey() as key:
                size = (key.key_size + 7) // 8
                pair = decode_dss_signature(key.sign(message, ec.ECDSA(SHA256())))
                return b"".join(number.to_bytes(size, "big") for number in pair)
            case ed25519.Ed25519PrivateKey() as key:
                return key.sign(message)
        raise TypeError("an X25519 key signs nothing")


@lru_cache(maxsize=64)
def key(algorithm: str, number: int = 0) -> ClientKey:
    """Return the key number ``number`` for ``algorithm``, of ``SIGNING`` or ``ENCRYPTION``."""
    makers: dict[str, Callable[[], Private]] = {
        "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "EdDSA": ed25519.Ed25519PrivateKey.generate,
        "Ed25519": ed25519.Ed25519PrivateKey.generate,
        "ECDH-ES": lambda: ec.generate_private_key(ec.SECP256R1()),
    }
    made = makers[algorithm]() if algorithm in makers else _rsa(number)
    return ClientKey(made, algorithm, f"{algorithm.lower()}-{number}")


@lru_cache(maxsize=1)
def x25519_key() -> ClientKey:
    """Return a key for ECDH-ES on the other curve."""
    return ClientKey(x25519.X25519PrivateKey.generate(), "ECDH-ES", "x25519")


def jwks(*keys: ClientKey) -> dict[str, Any]:
    """Return the public key set of a client."""
    return {"keys": [each.jwk() for each in keys]}


def compact(header: Any, claims: Any, sign: Callable[[bytes], bytes]) -> str:
    """Return a JWT of any content: a text is taken as it is, all else is written as JSON."""
    message = b".".join(encode(_text(part)).encode("ascii") for part in (header, claims))
    return f"{message.decode('ascii')}.{encode(sign(message))}"


def signed(signer: ClientKey, claims: Any, **header: Any) -> str:
    """Return ``claims`` signed by ``signer``; header members that are ``None`` are left out."""
    members = {"alg": signer.algorithm, "kid": signer.kid, **header}
    return compact(_present(members), claims, signer.sign)


def hmac_signed(secret: str | bytes, claims: Any, **header: Any) -> str:
    """Return ``claims`` under an HS256 of ``secret``, a client secret as it was issued."""
    raw = secret.encode() if isinstance(secret, str) else secret
    return compact(
        _present({"alg": "HS256", **header}), claims, lambda text: hmac.digest(raw, text, "sha256")
    )


def assertion_claims(
    client_id: str, audience: str, *, now: datetime, **changes: Any
) -> dict[str, Any]:
    """Return what a client asserts of itself; ``changes`` replace claims, ``None`` removes one."""
    present = int(now.timestamp())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "iat": present,
        "exp": present + _LIFETIME,
        "jti": secrets.token_urlsafe(16),
    }
    return _present(claims | changes)


def assertion(
    signer: ClientKey | str | bytes,
    client_id: str,
    audience: str,
    *,
    now: datetime,
    header: Mapping[str, Any] | None = None,
    **changes: Any,
) -> str:
    """Return a client assertion (RFC 7523) signed by a key, or by a client secret."""
    claims = assertion_claims(client_id, audience, now=now, **changes)
    if isinstance(signer, ClientKey):
        return signed(signer, claims, **(header or {}))
    return hmac_signed(signer, claims, **(header or {}))


def asserted(
    signer: ClientKey | str | bytes, client_id: str, audience: str, *, now: datetime
) -> dict[str, str]:
    """Return the form parameters by which a client proves itself with an assertion."""
    made = assertion(signer, client_id, audience, now=now)
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": made}


def request_object(
    signer: ClientKey,
    client_id: str,
    issuer: str,
    parameters: Mapping[str, Any],
    *,
    now: datetime,
    typ: str | None = "oauth-authz-req+jwt",
    **changes: Any,
) -> str:
    """Return authorization ``parameters`` as a request object (RFC 9101); ``changes`` as above."""
    present = int(now.timestamp())
    claims = {
        "iss": client_id,
        "aud": issuer,
        "client_id": client_id,
        "iat": present,
        "nbf": present,
        "exp": present + _LIFETIME,
        "jti": secrets.token_urlsafe(16),
        **parameters,
        **changes,
    }
    return signed(signer, _present(claims), typ=typ)


def decrypted(recipient: ClientKey, token: str) -> tuple[dict[str, Any], str]:
    """Return header and content of an encrypted token, as the client reads it."""
    from joserfc import jwe
    from joserfc.jwk import ECKey, OKPKey, RSAKey

    kind = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}[recipient.jwk()["kty"]]
    algorithms = [recipient.algorithm, "A128GCM", "A256GCM"]
    opened = jwe.decrypt_compact(
        token, kind.import_key(recipient.private_jwk()), algorithms=algorithms
    )
    return dict(opened.protected), (opened.plaintext or b"").decode()


@lru_cache(maxsize=4)
def _rsa(number: int) -> rsa.RSAPrivateKey:
    # One for all algorithms: making one takes a while.
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _numbers(private: Private) -> dict[str, str]:
    match private:
        case rsa.RSAPrivateKey():
            pair = private.public_key().public_numbers()
            return {"kty": "RSA", "n": encode(_big(pair.n)), "e": encode(_big(pair.e))}
        case ec.EllipticCurvePrivateKey():
            point = private.public_key().public_numbers()
            size = (private.key_size + 7) // 8
            curve = {256: "P-256", 384: "P-384", 521: "P-521"}[private.key_size]
            x, y = (encode(each.to_bytes(size, "big")) for each in (point.x, point.y))
            return {"kty": "EC", "crv": curve, "x": x, "y": y}
        case ed25519.Ed25519PrivateKey():
            crv = "Ed25519"
        case _:
            crv = "X25519"
    return {"kty": "OKP", "crv": crv, "x": encode(private.public_key().public_bytes_raw())}


def _big(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _text(part: Any) -> bytes:
    if isinstance(part, bytes):
        return part
    if isinstance(part, str):
        return part.encode("utf-8", "surrogatepass")
    return json.dumps(part, separators=(",", ":")).encode("ascii")


def _present(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
