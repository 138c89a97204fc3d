"""Request parameters, read once: query or form body, never both, each at most once.

Specs:
    RFC 6749 section 3.1, 3.2    no parameter twice; one without a value counts as absent
    RFC 6749 appendix B          application/x-www-form-urlencoded in UTF-8
    RFC 8707 section 2           ``resource`` alone may repeat
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from app.protocol.errors import invalid_request

FORM = "application/x-www-form-urlencoded"
_REPEATABLE = frozenset({"resource"})
_MOST_FIELDS = 64
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CONTROL_BYTE = re.compile(rb"[\x00-\x1f\x7f]")
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True)
class Parameters:
    """Parameters by name. ``repeated`` names those that came more than once; their values are not used."""

    values: Mapping[str, str]
    resources: tuple[str, ...] = ()
    repeated: frozenset[str] = frozenset()
    # Names whose value holds a control character; it is not used either.
    malformed: frozenset[str] = frozenset()

    def get(self, name: str) -> str | None:
        """Return the value of ``name``, or ``None`` when it is absent or empty."""
        return self.values.get(name)

    def words(self, name: str) -> tuple[str, ...]:
        """Return a space-separated value as its distinct words, in order."""
        return tuple(dict.fromkeys(word for word in self.values.get(name, "").split(" ") if word))

    def pairs(self) -> list[tuple[str, str]]:
        """Return everything that was read, to be encoded anew."""
        return [*self.values.items(), *(("resource", each) for each in self.resources)]


def parse(raw: bytes) -> Parameters:
    """Return the parameters in ``raw``, a query string or form body.

    Raises:
        OAuthError: invalid_request: it is not form-encoded UTF-8, or is too much.
    """
    escaped = b"%" in raw
    if (escaped and _BROKEN_ESCAPE.search(raw)) or _CONTROL_BYTE.search(raw):
        raise invalid_request("The request is not form-urlencoded.")
    try:
        pairs = parse_qsl(
            raw.decode("utf-8"),
            keep_blank_values=False,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:  # a UnicodeDecodeError too
        raise invalid_request("The request is not form-urlencoded UTF-8.") from None
    values: dict[str, str] = {}
    repeated = set()
    malformed = set()
    resources = []
    for name, value in pairs:
        # Only an escape can bring one: there is none among the bytes.
        if escaped and (_CONTROL.search(value) or _CONTROL.search(name)):
            malformed.add(name)
        elif name in _REPEATABLE:
            resources.append(value)
        elif name in values:
            repeated.add(name)
        else:
            values[name] = value
    if repeated or malformed:
        for name in repeated | malformed:
            values.pop(name, None)
    return Parameters(
        values, tuple(dict.fromkeys(resources)), frozenset(repeated), frozenset(malformed)
    )


def check_form(content_type: str | None) -> None:
    """Check that a body is a form.

    Raises:
        OAuthError: invalid_request: it says that it is something else.
    """
    if content_type == FORM:
        return
    if (content_type or "").partition(";")[0].strip().lower() != FORM:
        raise invalid_request("The body must be application/x-www-form-urlencoded.")


def check_single(parameters: Parameters) -> None:
    """Check that every parameter came once and can be read.

    Raises:
        OAuthError: invalid_request: one did not.
    """
    if parameters.repeated:
        raise invalid_request(f"{min(parameters.repeated)} came more than once.")
    if parameters.malformed:
        raise invalid_request("A parameter holds a control character.")


def parse_form(raw: bytes, *, content_type: str | None, query: str) -> Parameters:
    """Return the parameters of a POST to a machine endpoint: from the body alone.

    Raises:
        OAuthError: invalid_request: wrong media type, a parameter in the query, one that came twice.
    """
    check_form(content_type)
    if query:
        raise invalid_request("Parameters belong in the body, not in the query.")
    parameters = parse(raw)
    check_single(parameters)
    return parameters
