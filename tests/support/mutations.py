"""Mutants of a genuine JWT: tokens that differ from it in one thing that must count.

Most of them are *signed again with the genuine key*, so nothing but the rule that they break can
refuse them; the others are what somebody without the key can make of the token and the public keys.
What a use tolerates by its specification (a key set's missing ``kid``, say) is not among its mutants:
each use names what it forbids.
"""

import hmac
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from app.core.secrets import decode, encode
from tests.support.client_keys import compact, key

Sign = Callable[[bytes], bytes]


class _Absent:
    def __repr__(self) -> str:
        return "absent"


ABSENT: Any = _Absent()
ELSEWHERE = "https://elsewhere.example"
# Nothing of this is a number of seconds since 1970 that lies in the right place.
NO_TIMES: tuple[Any, ...] = (
    None, True, "", "1", "soon", [], [1], {}, 1.5, -1.5, float("inf"), float("-inf"), float("nan"),
)  # fmt: skip
# Keys that a token brings along, and changes to the very format.
OWN_KEYS: Mapping[str, Any] = {
    "jku": f"{ELSEWHERE}/jwks.json",
    "x5u": f"{ELSEWHERE}/certificate.pem",
    "jwk": key("ES256", 3).jwk(),
    "crit": ["exp"],
    "b64": False,
}
_ALGORITHMS: tuple[Any, ...] = (
    ABSENT, "none", "None", "NONE", "nOnE", "", " ", "HS256", "HS384", "HS512", "RS1", "RS384", "RS512",
    "ES384", "ES512", "ES256K", "PS512", "A128GCM", "dir", None, 0, True, [], {}, ["RS256"],
)  # fmt: skip
_KIDS: tuple[Any, ...] = (
    "elsewhere", "../../../dev/null", "\0", "x" * 5000, "' OR '1'='1", None, 7, True, [], {}, "é",
)  # fmt: skip
_ENDINGS = (b"", b"\0", b"\0" * 64, b"\xff" * 64, b"\0" * 256, b"x" * 5000)


@dataclass(frozen=True)
class Mutant:
    """A token that must be refused, and what is wrong with it."""

    what: str
    token: str


@dataclass(frozen=True)
class Genuine:
    """A good token: what it says, and who can sign it. ``public`` are spellings of the public key."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    sign: Sign
    public: tuple[bytes, ...]
    # What this use forbids: values of header members and of claims.
    wrong_header: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    wrong_claims: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    # Its only writer is the product itself, which never names a member twice, nor nests any.
    is_ours: bool = False

    @cached_property
    def token(self) -> str:
        # Once: signed anew, an ECDSA signature is another, and a "mutant" of one may be the other to the letter.
        return compact(self.header, self.claims, self.sign)

    def with_header(self, name: str, value: Any) -> "Genuine":
        return replace(self, header=_changed(self.header, name, value))

    def with_claim(self, name: str, value: Any) -> "Genuine":
        return replace(self, claims=_changed(self.claims, name, value))


def every(genuine: Genuine) -> Iterator[Mutant]:
    """Return each mutant that the tables name."""
    for name, value in _header_changes(genuine):
        yield Mutant(f"header {name}={value!r:.60}", genuine.with_header(name, value).token)
    for name, value in _claim_changes(genuine):
        yield Mutant(f"{name}={value!r:.60}", genuine.with_claim(name, value).token)
    yield from _confused(genuine)
    yield from _unsigned(genuine)
    yield from _misshapen(genuine)


def drawn(genuine: Genuine) -> SearchStrategy[Mutant]:
    """Draw mutants of several faults at once, or with other bytes at any place."""
    headers = st.sampled_from(list(_header_changes(genuine)))
    claims = st.sampled_from(list(_claim_changes(genuine)))
    return st.one_of(
        st.tuples(st.lists(headers, max_size=2), st.lists(claims, min_size=1, max_size=3)).map(
            lambda both: _combined(genuine, *both)
        ),
        st.tuples(st.integers(0, len(genuine.token) - 1), st.characters(max_codepoint=255)).map(
            lambda change: _with_letter(genuine, *change)
        ),
        st.binary(max_size=300).map(lambda raw: _with_signature(genuine, raw)),
        st.tuples(st.binary(max_size=40), st.binary(max_size=40)).map(
            lambda parts: Mutant("raw parts", _raw(genuine, *parts))
        ),
    ).filter(lambda mutant: mutant.token != genuine.token)


def _changed(members: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    kept = {each: old for each, old in members.items() if each != name}
    return kept if value is ABSENT else {**kept, name: value}


def _header_changes(genuine: Genuine) -> Iterator[tuple[str, Any]]:
    for algorithm in _ALGORITHMS:
        yield "alg", algorithm
    for kid in _KIDS:
        yield "kid", kid
    yield from OWN_KEYS.items()
    for name, values in genuine.wrong_header.items():
        for value in values:
            yield name, value


def _claim_changes(genuine: Genuine) -> Iterator[tuple[str, Any]]:
    for name, values in genuine.wrong_claims.items():
        for value in values:
            yield name, value


def _combined(
    genuine: Genuine, headers: Sequence[tuple[str, Any]], claims: Sequence[tuple[str, Any]]
) -> Mutant:
    changed = genuine
    for name, value in headers:
        changed = changed.with_header(name, value)
    for name, value in claims:
        changed = changed.with_claim(name, value)
    return Mutant(f"header {headers!r:.80}, claims {claims!r:.80}", changed.token)


def _confused(genuine: Genuine) -> Iterator[Mutant]:
    """Return tokens whose HMAC is made with the public key, which anybody has."""
    for spelling in genuine.public:
        for algorithm in ("HS256", genuine.header["alg"]):
            header = {**genuine.header, "alg": algorithm}
            yield Mutant(
                f"an HMAC of the public key as {algorithm}",
                compact(header, genuine.claims, lambda text, k=spelling: hmac.digest(k, text, "sha256")),
            )  # fmt: skip


def _unsigned(genuine: Genuine) -> Iterator[Mutant]:
    for ending in _ENDINGS:
        yield _with_signature(genuine, ending)
    for name in ("RS256", "ES256", "EdDSA"):
        stranger = key(name, 3)
        header = {**genuine.header, "alg": name}
        yield Mutant(
            f"signed by a stranger's {name}", compact(header, genuine.claims, stranger.sign)
        )
    none = compact({**genuine.header, "alg": "none"}, genuine.claims, lambda _: b"")
    yield Mutant("none, and no signature", none)
    signature = genuine.token.rpartition(".")[2]
    raw = bytearray(decode(signature))
    raw[len(raw) // 2] ^= 1
    yield _with_signature(genuine, bytes(raw))
    yield _with_signature(genuine, decode(signature)[:-1])
    yield _with_signature(genuine, decode(signature) + b"\0")


def _misshapen(genuine: Genuine) -> Iterator[Mutant]:
    first, second, third = genuine.token.split(".")
    for token in (
        "", ".", "..", "...", first, f"{first}.{second}", f"{first}..{third}", f".{second}.{third}",
        f"{genuine.token}.", f".{genuine.token}", f"{genuine.token}.{third}", f"{genuine.token}=",
        f"{first}=.{second}.{third}", f"{first}.{second}\n.{third}", f" {genuine.token}",
        f"{genuine.token}.{second}.{third}", genuine.token.lower(), genuine.token[::-1], "x" * 20000,
        f"{first}.{second}.{'A' * 20000}",
    ):  # fmt: skip
        yield Mutant(f"shape {token[:40]!r}", token)
    members, said = json.dumps(genuine.header)[1:], json.dumps(genuine.claims)[1:]
    contents: list[tuple[Any, Any]] = [
        ("[]", genuine.claims), ("null", genuine.claims), (b"\xff\xfe", genuine.claims),
        ("{" + members + " ", b"[]"), (genuine.header, "null"), (genuine.header, "[]"),
        (genuine.header, '"text"'), (genuine.header, b"\xff\xfe"), (genuine.header, "[" * 20000),
        (genuine.header, "{'iss':1}"),
    ]  # fmt: skip
    if not genuine.is_ours:
        deep = "[" * 300 + "]" * 300
        contents += [
            ('{"alg":"none",' + members, genuine.claims),
            (f'{{"deep":{deep},' + members, genuine.claims),
            (genuine.header, f'{{"deep":{deep},' + said),
            (genuine.header, '{"aud":"elsewhere",' + said),
        ]
    for header, claims in contents:
        yield Mutant(
            f"content {header!r:.40} {claims!r:.40}", compact(header, claims, genuine.sign)
        )


def _with_signature(genuine: Genuine, signature: bytes) -> Mutant:
    message = genuine.token.rpartition(".")[0]
    return Mutant(f"the signature {signature!r:.40}", f"{message}.{encode(signature)}")


def _with_letter(genuine: Genuine, place: int, letter: str) -> Mutant:
    token = genuine.token
    return Mutant(f"{letter!r} at {place}", token[:place] + letter + token[place + 1 :])


def _raw(genuine: Genuine, header: bytes, claims: bytes) -> str:
    return compact(header, claims, genuine.sign)
