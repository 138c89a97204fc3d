"""Client secrets: made, compared, replaced.

Specs:
    RFC 6749 section 2.3.1    the client's password
    RFC 6749 section 10.10    not to be guessed: 256 random bits
    ASVS 5.0 11.2.4, 13.3.4   constant time; replaced without an interruption

The registry keeps SHA-256 of a secret, so it is shown once and never again; ``sealed_secrets`` has
the exception. The prefix lets scanners find a secret that somebody committed to a repository.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, insert, or_, select, update

from app.audit import events
from app.audit.events import Kind, Subjects
from app.clients import lookup, sealed_secrets
from app.clients.client import CLIENT_SECRET_JWT, Client
from app.clients.sealed_secrets import hmac_keys, seal_anew
from app.core.db import affected, db
from app.core.errors import InvalidInputError, NotFoundError
from app.core.secrets import digest, equal, new_id, new_secret
from app.models.clients import Client as ClientRow
from app.models.clients import ClientSecret

__all__ = [
    "MAX_ALIVE",
    "PREFIX",
    "create",
    "hmac_keys",
    "remove_all",
    "rotate",
    "seal_anew",
    "verify",
]

PREFIX = "sgk_"
MAX_ALIVE = 2
_MAX_GRACE = timedelta(days=90)
# What no secret hashes to: it keeps the number of comparisons the same for every client, and for
# none.
_DECOY = "0" * 64


def verify(client: Client | None, presented: str, *, now: datetime) -> bool:
    """Tell whether ``presented`` is a living secret of ``client``, at the same cost whoever asks.

    ``None`` stands for an unknown client. One that authenticates without a secret is never right.
    """
    known = () if client is None or not client.uses_secret else client.secret_digests
    decoys = ((_DECOY, now),) * (MAX_ALIVE - len(known))
    candidate = digest(presented)
    genuine = False
    for stored, expires_at in (*known, *decoys):
        alive = expires_at is None or now < expires_at
        genuine |= equal(stored, candidate) & alive
    return genuine


def create(client_id: str, *, sealed: bool, now: datetime) -> str:
    """Give the client a further secret, without an end; return it, for the only time.

    ``sealed`` keeps it so that we can compute with it: for ``client_secret_jwt`` alone.
    """
    lookup.changing(client_id)
    secret, secret_id = PREFIX + new_secret(), new_id()
    columns = sealed_secrets.columns(secret, secret_id) if sealed else {}
    db.session.execute(
        insert(ClientSecret).values(
            id=secret_id, client_id=client_id, digest=digest(secret), created_at=now,
            expires_at=None, **columns,
        )
    )  # fmt: skip
    return secret


def rotate(client_id: str, *, grace: timedelta, now: datetime) -> str:
    """Give the client a new secret and return it, for the only time; the old ends after ``grace``.

    At most two are alive: of the older ones only the newest gets its grace. A grace of 0 ends them
    all at once.

    Raises:
        NotFoundError: there is no such client.
        InvalidInputError: the client authenticates without a secret, or the grace is negative or longer than 90 days.
    """
    if not timedelta(0) <= grace <= _MAX_GRACE:
        raise InvalidInputError(f"The grace is 0 to {_MAX_GRACE.days} days.", field="grace")
    lookup.changing(client_id)
    # First of all, so that two rotations of one client follow one another.
    touched = update(ClientRow).where(ClientRow.client_id == client_id).values(updated_at=now)
    if affected(touched) == 0:
        raise NotFoundError("There is no such client.")
    client = lookup.fresh(client_id)
    if client.is_public:
        raise InvalidInputError("A public client has no secret.", field="client_id")
    if not client.uses_secret:
        raise InvalidInputError("This client proves itself without a secret.", field="client_id")
    _retire(client_id, ends_at=now + grace, now=now)
    sealed = client.token_endpoint_auth_method == CLIENT_SECRET_JWT
    secret = create(client_id, sealed=sealed, now=now)
    events.record(
        Kind.CLIENT_SECRET_ROTATED,
        now=now,
        about=Subjects(client_id=client_id),
        detail={"grace": int(grace.total_seconds())},
    )
    return secret


def remove_all(client_id: str) -> None:
    """Delete every secret of a client that will authenticate without one."""
    lookup.changing(client_id)
    db.session.execute(delete(ClientSecret).where(ClientSecret.client_id == client_id))


def _retire(client_id: str, *, ends_at: datetime, now: datetime) -> None:
    own = select(ClientSecret.id, ClientSecret.expires_at).where(
        ClientSecret.client_id == client_id,
        or_(ClientSecret.expires_at.is_(None), ClientSecret.expires_at > now),
    )
    # The one that would live longest is the one that the client uses.
    newest = db.session.execute(
        own.order_by(ClientSecret.expires_at.is_not(None), ClientSecret.expires_at.desc()).limit(1)
    ).first()
    kept = newest.id if newest is not None and ends_at > now else None
    gone = delete(ClientSecret).where(ClientSecret.client_id == client_id)
    db.session.execute(gone if kept is None else gone.where(ClientSecret.id != kept))
    if newest is not None and kept is not None and (newest.expires_at or ends_at) >= ends_at:
        ending = update(ClientSecret).where(ClientSecret.id == kept)
        db.session.execute(ending.values(expires_at=ends_at))
