"""The certificate that a client showed when it connected, told by those who saw it.

Specs:
    RFC 9440 section 2       the header Client-Cert
    RFC 8705 section 6.5     TLS that ends in front of us
    ASVS 5.0 4.1.3           nobody but a trusted proxy sets that header

What cannot be told for certain is no certificate: the client then fails to authenticate, and the
log says why. One thing only the proxy can do: to WSGI a header ``Client_Cert`` is ``Client-Cert``,
so it has to drop names with underscores, or the header needs a name without a hyphen.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import structlog

from app.core.config import Settings
from app.web.trusted_proxies import TrustedProxies

_MAX_CHARACTERS = 16384
_PEM = re.compile(
    r"\s*-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*", re.ASCII
)

_log = structlog.get_logger(__name__)


def presented(
    environ: Mapping[str, Any], settings: Settings, proxies: TrustedProxies
) -> bytes | None:
    """Return the certificate of the client in DER, or ``None`` if there is none to be believed."""
    try:
        if settings.client_authentication.certificate_source == "header":
            name = settings.client_authentication.certificate_header
            return _from_header(environ, name, proxies)
        if settings.client_authentication.certificate_source == "tls":
            return _from_connection(environ)
    except ValueError as error:
        _log.warning("client_certificate.ignored", reason=str(error))
    return None


def _from_header(environ: Mapping[str, Any], name: str, proxies: TrustedProxies) -> bytes | None:
    value = environ.get("HTTP_" + name.upper().replace("-", "_"))
    # A proxy may send the header empty where there was no certificate.
    if not value:
        return None
    if not proxies.trusts(environ.get("REMOTE_ADDR") or ""):
        raise ValueError("the header came from a peer that is no trusted proxy")
    return _decoded(value)


def _from_connection(environ: Mapping[str, Any]) -> bytes | None:
    connection: Any = environ.get("gunicorn.socket")
    if hasattr(connection, "getpeercert"):
        # ``True``: the certificate itself, also where nobody vouches for it.
        shown: bytes | None = connection.getpeercert(True)  # noqa: FBT003 - its only way to be told
        return shown or None
    pem = environ.get("SSL_CLIENT_CERT")
    return _decoded(pem) if pem else None


def _decoded(value: str) -> bytes:
    """Return the one certificate in ``value``: a byte sequence of RFC 9440, PEM (escaped or not), or base64.

    Raises:
        ValueError: it is something else.
    """
    if len(value) > _MAX_CHARACTERS:
        raise ValueError("it is too long")
    # Several header fields arrive as one, joined by commas, which no form of one certificate holds.
    if "," in value:
        raise ValueError("there is more than one")
    text = value.strip()
    if len(text) > 1 and text.startswith(":") and text.endswith(":"):
        text = text[1:-1]
    elif "%" in text or text.startswith("-----"):
        pem = _PEM.fullmatch(unquote(text))
        if pem is None:
            raise ValueError("it is not one certificate in PEM")
        text = "".join(pem[1].split())
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("it is not base64") from None
