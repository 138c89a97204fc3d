"""Settings that make sense alone but not together: refused at the start, in one line.

Specs:
    RFC 7591 section 2.3     whoever vouches for software is reached over https
    RFC 9440 section 2.4     a certificate in a header is believed from a proxy that we know
"""

import re
from urllib.parse import urlsplit

from app.core import claim_names
from app.core.config import Settings
from app.core.errors import ConfigurationError

_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")


def check(settings: Settings) -> None:
    """Accept settings that do not contradict one another.

    Raises:
        ConfigurationError: two of them do; one line, naming the places.
    """
    _certificates(settings)
    _requests(settings)
    _registration(settings)


def _certificates(settings: Settings) -> None:
    ours = settings.client_authentication
    if _HEADER.fullmatch(ours.certificate_header) is None:
        raise ConfigurationError("SIGNET_CLIENT_CERTIFICATE_HEADER is not the name of a header")
    if ours.certificate_source == "header" and not settings.server.trusted_proxies:
        raise ConfigurationError(
            "SIGNET_CLIENT_CERTIFICATE_SOURCE=header needs SIGNET_TRUSTED_PROXIES: anybody else "
            "could send the header"
        )
    if ours.certificate_ca is not None:
        if ours.certificate_source == "none":
            raise ConfigurationError(
                "SIGNET_CLIENT_CERTIFICATE_CA needs a SIGNET_CLIENT_CERTIFICATE_SOURCE"
            )
        if not ours.certificate_ca.is_file():
            raise ConfigurationError(
                f"SIGNET_CLIENT_CERTIFICATE_CA: there is no file {ours.certificate_ca}"
            )


def _requests(settings: Settings) -> None:
    if settings.requests.require_signed and not settings.requests.request_objects:
        raise ConfigurationError(
            "SIGNET_REQUIRE_SIGNED_REQUEST_OBJECT needs SIGNET_REQUEST_OBJECTS"
        )


def _registration(settings: Settings) -> None:
    ours = settings.registration
    if unknown := set(ours.scopes) - claim_names.STANDARD_SCOPES:
        raise ConfigurationError(
            f"SIGNET_REGISTRATION_SCOPES: {', '.join(sorted(unknown))} is no scope of OpenID Connect"
        )
    for entry in ours.software_statement_issuers:
        issuer, _, jwks_uri = entry.partition("=")
        if not (_is_https(issuer) and _is_https(jwks_uri)):
            raise ConfigurationError(
                f"SIGNET_SOFTWARE_STATEMENT_ISSUERS: {entry} is not https://issuer=https://jwks_uri"
            )


def _is_https(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and not parts.fragment
