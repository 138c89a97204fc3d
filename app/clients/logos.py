"""Logos: the picture behind ``logo_uri``, fetched once by us and shown from here.

Specs:
    OpenID Connect Registration 1.0 section 2   logo_uri
    ASVS 5.0 1.3.4, 1.3.6                       no script in a picture; guarded fetching

Pages never ask a third party for a picture, so nobody learns who is signing in where. SVG is not a
picture here: it can hold script.
"""

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import delete, insert, select

from app.clients import lookup
from app.core import outbound
from app.core.db import affected, db
from app.core.outbound import OutboundRefusedError
from app.models.clients import ClientLogo

_log = structlog.get_logger("signet.clients")
_OK = 200
_ACCEPT = "image/png, image/webp, image/jpeg, image/gif"
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


@dataclass(frozen=True)
class Picture:
    """A picture whose bytes begin as its media type demands."""

    media_type: str
    content: bytes


def refresh(client_id: str, *, now: datetime) -> bool:
    """Fetch the logo of a client again and tell whether that worked; if not, the old one stays.

    Call it outside of other changes: the fetch may take seconds.

    Raises:
        NotFoundError: there is no such client.
    """
    uri = lookup.fresh(client_id).logo_uri
    found = None if uri is None else fetch(uri)
    if uri is None or found is not None:
        store(client_id, found, now=now)
    return found is not None


def fetch(uri: str) -> Picture | None:
    """Return the picture at ``uri``, or ``None`` if there is none we show; the log says why."""
    try:
        answer = outbound.fetch(uri, accept=_ACCEPT)
    except OutboundRefusedError as error:
        _log.warning("client.logo_unavailable", reason=error.detail)
        return None
    media_type = kind(answer.body)
    if answer.status != _OK or media_type is None:
        _log.warning("client.logo_unavailable", status=answer.status, media_type=answer.media_type)
        return None
    return Picture(media_type, answer.body)


def kind(content: bytes) -> str | None:
    """Return the media type that the first bytes prove, or ``None``: no picture that we show."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _SIGNATURES if content.startswith(start)), None)


def store(client_id: str, found: Picture | None, *, now: datetime) -> None:
    """Make ``found`` the logo of a client; ``None`` removes it."""
    affected(delete(ClientLogo).where(ClientLogo.client_id == client_id))
    if found is not None:
        db.session.execute(
            insert(ClientLogo).values(
                client_id=client_id,
                media_type=found.media_type,
                picture=found.content,
                fetched_at=now,
            )
        )


def picture(client_id: str) -> tuple[str, bytes, datetime] | None:
    """Return media type, bytes and time of fetching of a logo, or ``None``. Any input is safe."""
    if not isinstance(client_id, str) or lookup.CLIENT_ID.fullmatch(client_id) is None:
        return None
    row = db.session.execute(
        select(ClientLogo.media_type, ClientLogo.picture, ClientLogo.fetched_at).where(
            ClientLogo.client_id == client_id
        )
    ).first()
    return None if row is None else (row.media_type, row.picture, row.fetched_at)
