"""JWTs that a stranger can make out of a genuine one and the public keys; none of them may ever count."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

_TIMES: tuple[Any, ...] = (
    0, -1, 1e308, 2**63, 10**400, 1.5, "1999999999", "١٩٩٩٩٩٩٩٩٩", "\U0001d7d9\U0001d7e1\U0001d7e1\U0001d7e1\U0001d7e1\U0001d7e1\U0001d7e1\U0001d7e1\U0001d7e1\U0001d7e1", None, True,
    [], {}, float("nan"), float("inf"), "9" * 400,
)  # fmt: skip
_KIDS: tuple[Any, ...] = (
    "../../../dev/null", "/dev/null", "", "\0", "x" * 5000, "' OR '1'='1", None, 7, [], {}, "é",
    "http://127.0.0.1:1/k", "keys/root", "\ud800",
)  # fmt: skip
_EXTRA: Mapping[str, Any] = {
    "jku": "http://127.0.0.1:1/jwks.json",
    "x5u": "http://127.0.0.1:1/cert.pem",
    "jwk": {"kty": "oct", "k": "AAAA"},
    "x5c": ["AAAA"],
    "crit": ["exp"],
    "b64": False,
    "zip": "DEF",
    "enc": "A256GCM",
}
_ALGORITHMS: tuple[Any, ...] = (
    "none",
    "None",
    "nOnE",
    "HS256",
    "HS512",
    "RS1",
    "",
    None,
    5,
    [],
    "ES256",
)


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _json(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


def resigned(token: str, header: Mapping[str, Any], claims: Mapping[str, Any], key: bytes) -> str:
    """Return a JWT whose signature is an HMAC under ``key``, the public key in one of its spellings."""
    message = f"{encoded(_json(header))}.{encoded(_json(claims))}"
    mac = hmac.new(key, message.encode(), hashlib.sha256).digest()
    return f"{message}.{encoded(mac)}"


@st.composite
def forged(draw: DrawFn, token: str, public_keys: tuple[bytes, ...]) -> str:
    """Draw a token that is nearly ``token``."""
    work = draw(st.sampled_from(_WORKS))
    return work(draw, token, public_keys)


def _header(draw: DrawFn, token: str, keys: tuple[bytes, ...]) -> str:
    first, payload, signature = token.split(".")
    header = json.loads(decoded(first))
    match draw(st.sampled_from(("alg", "kid", "typ", "extra", "none"))):
        case "alg":
            header["alg"] = draw(st.sampled_from(_ALGORITHMS))
        case "kid":
            header["kid"] = draw(st.sampled_from(_KIDS))
        case "typ":
            header["typ"] = draw(st.sampled_from(("JWT", "at+jwt", "logout+jwt", "", None, 5, {})))
        case "extra":
            name = draw(st.sampled_from(sorted(_EXTRA)))
            header[name] = _EXTRA[name]
        case _:
            header, signature = {**header, "alg": "none"}, draw(st.sampled_from(("", signature)))
    return f"{encoded(_json(header))}.{payload}.{signature}"


def _confused(draw: DrawFn, token: str, keys: tuple[bytes, ...]) -> str:
    first, payload, _ = token.split(".")
    header = {**json.loads(decoded(first)), "alg": draw(st.sampled_from(("HS256", "RS256")))}
    return resigned(token, header, json.loads(decoded(payload)), draw(st.sampled_from(keys)))


def _claims(draw: DrawFn, token: str, keys: tuple[bytes, ...]) -> str:
    first, payload, signature = token.split(".")
    claims = json.loads(decoded(payload))
    name = draw(st.sampled_from([*claims, "nbf", "act", "cnf"]))
    claims[name] = draw(st.sampled_from(_TIMES))
    return f"{first}.{encoded(_json(claims))}.{signature}"


def _shape(draw: DrawFn, token: str, keys: tuple[bytes, ...]) -> str:
    first, payload, signature = token.split(".")
    deep = encoded(b'{"alg":"RS256","kid":' + b"[" * 300 + b"]" * 300 + b"}")
    bottomless = encoded(b"[" * 20000)
    twice = encoded(b'{"alg":"none","kid":"a","alg":"RS256"}')
    return draw(
        st.sampled_from((
            f"{first}.{payload}", f"{first}.{payload}.", f"{first}..{signature}", "..", ".", "....",
            f"{first}.{payload}.{signature}.", f"{first}.{payload}.{signature}.{first}.{payload}",
            f"{first}=.{payload}.{signature}", f"{first}.{payload}.{signature}=",
            f"{deep}.{payload}.{signature}", f"{bottomless}.{payload}.{signature}",
            f"{twice}.{payload}.{signature}", f"{first}.{bottomless}.{signature}",
            f"{first}.{payload}.{'A' * 20000}", f"{'e' * 30000}.{payload}.{signature}",
            f"{encoded(b'{}')}.{payload}.{signature}", f"{encoded(b'[]')}.{encoded(b'null')}.",
            f"{encoded(bytes([255, 254]))}.{payload}.{signature}", token.lower(), token[::-1],
        ))
    )  # fmt: skip


def _bit(draw: DrawFn, token: str, keys: tuple[bytes, ...]) -> str:
    place = draw(st.integers(0, len(token) - 1))
    letter = draw(st.sampled_from("AZaz09-_.+/= \x00é"))
    return token[:place] + letter + token[place + 1 :]


_WORKS: tuple[Callable[[DrawFn, str, tuple[bytes, ...]], str], ...] = (
    _header, _confused, _claims, _shape, _bit,
)  # fmt: skip
