"""Where answers may be sent: what a client may register, and when a presented URI is registered.

Specs:
    RFC 6749 section 3.1.2           absolute, without a fragment
    RFC 8252 sections 7.1, 7.2, 7.3  private-use schemes, claimed https, loopback with any port
    RFC 9700 sections 2.1, 4.1.3     the exact string, except the port of a native loopback URI
    RFC 6454 section 6.2             the one spelling of an origin

Everything that browsers read differently from servers (dot segments, ``http://2130706433/``, a
backslash) is refused when a client registers, so that at sign-in comparing strings is all there is
to do.
"""

import re
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

from app.core.errors import InvalidInputError
from app.core.loopback import is_loopback

MAX_LENGTH = 2048
_MAX_PORT = 65535
# RFC 3986 section 2, without the asterisk.
_URI = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()+,;=]|%[0-9A-Fa-f]{2})+")
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
# Browsers read a host whose last label looks like a number as an IPv4 address, in any notation.
_NUMERIC = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)")
_PRIVATE_USE = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:/.*")
_LOOPBACK = re.compile(
    r"http://(127\.0\.0\.1|\[::1\]|localhost)(?::([1-9][0-9]{0,4}))?((?:[/?][\x21-\x7e]*)?)"
)


def check_registrable(uri: str, *, application_type: str) -> None:
    """Accept ``uri`` as a redirect URI of a ``web`` or ``native`` client.

    Web: https, or http on a loopback host for development. Native: claimed https, http on a
    loopback host, or a private-use scheme with a dot in it, such as ``com.example.app:/signed-in``.

    Raises:
        InvalidInputError: it may not be registered; the message says why.
    """
    _check(uri, application_type, "redirect_uris")


def check_post_logout(uri: str, *, application_type: str) -> None:
    """Accept ``uri`` as a place to return to after sign-out; the same rules.

    Raises:
        InvalidInputError: it may not be registered; the message says why.
    """
    _check(uri, application_type, "post_logout_redirect_uris")


def check_origin(origin: str) -> None:
    """Accept ``origin`` as browsers send it: lower case, no path, no default port.

    It is https, or http on a loopback host.

    Raises:
        InvalidInputError: no browser would send it, or it may not be allowed.
    """
    field = "allowed_origins"
    parts = _split(origin, field)
    if origin != f"{parts.scheme}://{parts.netloc}" or origin != origin.lower():
        raise InvalidInputError(
            f"{origin}: an origin is scheme, host and port in lower case, such as "
            "https://app.example",
            field=field,
        )
    _check_web(origin, parts, field)
    if parts.port == {"https": 443, "http": 80}[parts.scheme]:
        raise InvalidInputError(f"{origin}: browsers leave out the default port", field=field)


def check_endpoint(uri: str, *, field: str, fragment: bool = False) -> SplitResult:
    """Accept ``uri`` as an address of the client's own that we ask or send browsers to.

    It is https, or http on a loopback host, and has a fragment only where one is allowed.

    Raises:
        InvalidInputError: it is no such address; ``field`` names the metadata it was given for.
    """
    parts = _split(uri, field)
    if "#" in uri and not fragment:
        raise InvalidInputError(f"{uri}: must not have a fragment", field=field)
    _check_web(uri, parts, field)
    return parts


def check_page(uri: str, *, field: str) -> None:
    """Accept ``uri`` as the address of a page or picture about the client: http or https.

    Raises:
        InvalidInputError: it is no such address; ``field`` names the metadata it was given for.
    """
    parts = _split(uri, field)
    if not uri.startswith(("https://", "http://")):
        raise InvalidInputError(f"{uri}: must begin with https:// or http://", field=field)
    _check_host(uri, parts, field)


def matches(registered: Sequence[str], presented: str, *, application_type: str) -> bool:
    """Tell whether ``presented`` is one of ``registered``: the same string, character by character.

    A native app cannot choose its port, so for it alone the port of ``http://127.0.0.1``,
    ``http://[::1]`` and ``http://localhost`` is free. ``localhost`` is included because apps do use
    it, although RFC 8252 section 8.3 advises against it; it never stands for either literal.
    """
    if presented in registered:
        return True
    if application_type != "native":
        return False
    wanted = _without_port(presented)
    return wanted is not None and any(_without_port(each) == wanted for each in registered)


def _without_port(uri: str) -> tuple[str, str] | None:
    match = _LOOPBACK.fullmatch(uri)
    if match is None or int(match[2] or 1) > _MAX_PORT:
        return None
    return match[1], match[3]


def _check(uri: str, application_type: str, field: str) -> None:
    parts = _split(uri, field)
    if "#" in uri:
        raise InvalidInputError(f"{uri}: must not have a fragment", field=field)
    segments = parts.path.replace("%2e", ".").replace("%2E", ".").split("/")
    if "." in segments or ".." in segments:
        raise InvalidInputError(f"{uri}: must not have . or .. in its path", field=field)
    if uri.startswith(("https://", "http://")):
        _check_web(uri, parts, field)
    elif application_type != "native":
        raise InvalidInputError(f"{uri}: must begin with https://", field=field)
    elif _PRIVATE_USE.fullmatch(uri) is None:
        raise InvalidInputError(
            f"{uri}: must be https, http on a loopback address, or a private-use scheme in lower "
            "case with a dot in it, such as com.example.app:/signed-in",
            field=field,
        )


def _check_web(uri: str, parts: SplitResult, field: str) -> None:
    _check_host(uri, parts, field)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise InvalidInputError(f"{uri}: http is accepted on loopback addresses alone", field=field)
    if parts.scheme not in {"https", "http"}:
        raise InvalidInputError(f"{uri}: must begin with https://", field=field)


def _split(uri: str, field: str) -> SplitResult:
    if not isinstance(uri, str) or not 0 < len(uri) <= MAX_LENGTH:
        raise InvalidInputError(f"A URI has 1 to {MAX_LENGTH} characters.", field=field)
    if "*" in uri:
        raise InvalidInputError(
            f"{uri}: must not have a wildcard; register each address", field=field
        )
    if _URI.fullmatch(uri) is None:
        raise InvalidInputError("A URI holds a character that URIs do not have.", field=field)
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        raise InvalidInputError(f"{uri}: is not a URI", field=field) from None
    if "@" in parts.netloc:
        raise InvalidInputError(f"{uri}: must not name a user", field=field)
    return parts


def _check_host(uri: str, parts: SplitResult, field: str) -> None:
    host = parts.hostname or ""
    # urlsplit lets through what is beside a bracket, and an empty or zero port.
    port = f":{parts.port}" if parts.port else ""
    literal = f"[{host}]" if ":" in host else host
    if parts.netloc.lower() != literal + port or not _is_host(host):
        raise InvalidInputError(f"{uri}: has no usable host", field=field)


def _is_host(host: str) -> bool:
    if ":" not in host and _NUMERIC.fullmatch(host) is None:
        return len(host) <= 253 and _NAME.fullmatch(host) is not None  # noqa: PLR2004 - DNS's own
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return not (isinstance(address, IPv6Address) and address.scope_id)
