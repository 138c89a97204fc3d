"""Sectors: clients that know people by the same pairwise names prove that they belong together.

Specs:
    OpenID Connect Core 1.0 section 8.1                          the host of the sector identifier
    OpenID Connect Dynamic Client Registration 1.0 section 5     its file names every redirect URI
    ASVS 5.0 1.3.6                                               fetched by the guarded door alone
"""

from typing import Any

from app.clients.client import Registration
from app.core import db, outbound
from app.core.errors import InvalidInputError
from app.core.outbound import OutboundRefusedError

_FIELD = "sector_identifier_uri"
_MAX_BYTES = 64 * 1024


def check(registration: Registration) -> None:
    """Accept a registration whose sector, if it names one, lists all its redirect URIs.

    It fetches, and gives the database back for that time: call it before the first write.

    Raises:
        InvalidInputError: the file cannot be had, or does not; ``field`` is
            ``sector_identifier_uri``.
    """
    if registration.sector_identifier_uri is None:
        return
    db.release()
    try:
        listed = outbound.fetch_json(registration.sector_identifier_uri, max_bytes=_MAX_BYTES)
    except OutboundRefusedError as error:
        raise InvalidInputError(
            "The file of the sector cannot be fetched.", field=_FIELD, detail=error.detail
        ) from None
    if not _is_list_of_text(listed):
        raise InvalidInputError("The file of the sector is no JSON array of URIs.", field=_FIELD)
    # To the letter: two spellings of one address are two addresses to whoever wrote the file.
    missing = [uri for uri in registration.redirect_uris if uri not in listed]
    if missing:
        raise InvalidInputError(f"The file of the sector does not list {missing[0]}.", field=_FIELD)


def _is_list_of_text(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
