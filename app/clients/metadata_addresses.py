"""Where we fetch from a client, send people to it, and tell it of a sign-out; and whom it knows people as.

Specs:
    OpenID Connect Registration 1.0 sections 2, 5    request_uris, initiate_login_uri, sectors
    OpenID Connect Core 1.0 section 8.1              one host, or a sector that names its addresses
    OpenID Connect Back-Channel Logout 1.0 section 2.2    backchannel_logout_uri
    OpenID Connect Front-Channel Logout 1.0 section 2     the origin of a redirect URI
"""

from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from app.clients import redirect_uris
from app.clients.client import DEVICE_CODE, PAIRWISE, Registration
from app.clients.values import one_of, text
from app.core.errors import InvalidInputError

SUBJECT_TYPES = ("public", PAIRWISE)
_MAX_REQUEST_URIS = 20
_MAX_SECTOR = 255
_MAX_ACR = 255
_PORTS = {"https": 443, "http": 80}


def _requests(wanted: Registration) -> None:
    field = "request_uris"
    if len(wanted.request_uris) > _MAX_REQUEST_URIS:
        raise InvalidInputError(f"{field} is a list of at most {_MAX_REQUEST_URIS}.", field=field)
    for uri in wanted.request_uris:
        redirect_uris.check_endpoint(uri, field=field, fragment=True)


def _initiation(wanted: Registration) -> None:
    field = "initiate_login_uri"
    if wanted.initiate_login_uri is not None:
        _only_https(wanted.initiate_login_uri, field)
    for acr in wanted.default_acr_values:
        text(acr, field="default_acr_values", limit=_MAX_ACR, what="An acr value")
        if " " in acr:
            raise InvalidInputError("An acr value has no spaces.", field="default_acr_values")


def _subjects(wanted: Registration) -> None:
    one_of(wanted.subject_type, SUBJECT_TYPES, field="subject_type")
    field = "sector_identifier_uri"
    if wanted.sector_identifier_uri is not None:
        host = _only_https(wanted.sector_identifier_uri, field).hostname or ""
        if len(host) > _MAX_SECTOR:
            raise InvalidInputError(f"{field}: its host is too long.", field=field)
        return
    if wanted.subject_type != PAIRWISE:
        return
    hosts = {urlsplit(uri).hostname for uri in wanted.redirect_uris}
    if len(hosts) != 1 or None in hosts:
        raise InvalidInputError(
            "Pairwise subjects need redirect URIs of one host, or a sector_identifier_uri.",
            field=field,
        )


def _sign_out(wanted: Registration) -> None:
    has_sessions = {"authorization_code", DEVICE_CODE} & {*wanted.grant_types}
    for field in ("backchannel_logout_uri", "frontchannel_logout_uri"):
        uri = getattr(wanted, field)
        if uri is None:
            continue
        parts = redirect_uris.check_endpoint(uri, field=field)
        if not has_sessions:
            raise InvalidInputError(
                f"{field} makes sense with authorization_code or device_code alone.", field=field
            )
        ours = {_origin(urlsplit(each)) for each in wanted.redirect_uris}
        if field.startswith("front") and _origin(parts) not in ours:
            raise InvalidInputError(
                f"{field}: scheme, host and port must be those of a redirect URI.", field=field
            )


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _only_https(uri: str, field: str) -> SplitResult:
    parts = redirect_uris.check_endpoint(uri, field=field)
    if parts.scheme != "https":
        raise InvalidInputError(f"{uri}: must begin with https://", field=field)
    return parts


RULES: tuple[Callable[[Registration], None], ...] = (
    _requests,
    _initiation,
    _subjects,
    _sign_out,
)
