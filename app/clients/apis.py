"""Registered APIs: the audiences of access tokens, and the scopes that each understands.

Specs:
    RFC 8707 section 2    a resource is an absolute URI without a fragment
    RFC 9068 section 2.2  it becomes the ``aud`` of the access token
    RFC 9728 section 2    what others may learn about it

The identifier is a name, never an address: nothing is ever fetched from it. It never changes,
because resource servers compare it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Text, cast, select
from sqlalchemy import delete as delete_from
from sqlalchemy import update as update_table

from app.audit import events
from app.audit.events import Kind
from app.clients import claim_mappings, recent, redirect_uris, scopes, values
from app.core import config
from app.core.db import affected, db, insert_ignore, table_of
from app.core.errors import ConflictError, InvalidInputError, NotFoundError
from app.models.clients import Api as ApiRow
from app.models.clients import Client as ClientRow

_MAX_LENGTH = 512
_IDENTIFIER = re.compile(
    r"[a-z][a-z0-9+.-]*:(?:[A-Za-z0-9\-._~:/?\[\]@!$&'()+,;=]|%[0-9A-Fa-f]{2})+"
)
_NO_HOST = re.compile(r"https?:(?!//[A-Za-z0-9\[])")
_NOUN = "apis"


@dataclass(frozen=True)
class Api:
    """An API. ``scopes`` are names and what people read about them; the lifetime is in seconds.

    Lifetime and algorithm left ``None`` follow the client. ``claim_mappings`` are entries as in the
    module of that name.
    """

    identifier: str
    name: str
    scopes: Mapping[str, str] = field(default_factory=dict, hash=False)
    access_token_lifetime: int | None = None
    access_token_signed_response_alg: str | None = None
    claim_mappings: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    documentation_uri: str | None = None
    publishes_metadata: bool = True


def create(api: Api, *, now: datetime) -> Api:
    """Register ``api`` and return it as it is stored.

    Raises:
        InvalidInputError: a value is not acceptable; ``field`` says which.
        ConflictError: an API with this identifier is registered already.
    """
    _check_identifier(api.identifier)
    api = _checked(api)
    _cache().change(api.identifier)
    row = _columns(api) | {"created_at": now, "updated_at": now}
    inserted = insert_ignore(ApiRow).values(row).returning(ApiRow.identifier)
    if db.session.scalar(inserted) is None:
        raise ConflictError(f"An API {api.identifier} is registered already.")
    _record(Kind.API_CREATED, api.identifier, now)
    return api


def get(identifier: str) -> Api | None:
    """Return the API, at most 0.9 seconds old, or ``None``. Any input is safe."""
    if not isinstance(identifier, str):
        return None
    return _cache().get(identifier, _read)


def fresh(identifier: str) -> Api:
    """Return the API as the database has it now.

    Raises:
        NotFoundError: there is no such API.
    """
    api = _read(identifier) if isinstance(identifier, str) else None
    if api is None:
        raise NotFoundError("There is no such API.")
    return api


def page(*, after: str | None, limit: int) -> list[Api]:
    """Return at most ``limit`` APIs by identifier, from the one behind ``after`` on."""
    statement = select(*_COLUMNS).order_by(ApiRow.identifier).limit(limit)
    if after is not None:
        statement = statement.where(ApiRow.identifier > after)
    return [_api(row) for row in db.session.execute(statement)]


def all() -> list[Api]:  # noqa: A001 - read as ``apis.all()``
    """Return every API, by identifier."""
    statement = select(*_COLUMNS).order_by(ApiRow.identifier)
    return [_api(row) for row in db.session.execute(statement)]


def update(api: Api, *, now: datetime) -> Api:
    """Replace everything of the API that ``api`` identifies; return what is stored.

    Raises:
        NotFoundError: there is no such API.
        InvalidInputError: a value is not acceptable; ``field`` says which.
        ConflictError: clients are registered for a scope that would be gone; it names them.
    """
    removed = fresh(api.identifier).scopes.keys() - api.scopes.keys()
    api = _checked(api)
    holders = [client_id for client_id, scope in _holders(api.identifier) if removed & scope]
    if holders:
        raise ConflictError(f"These clients are registered for a removed scope: {_list(holders)}.")
    _cache().change(api.identifier)
    statement = update_table(ApiRow).where(ApiRow.identifier == api.identifier)
    if affected(statement.values(**_columns(api), updated_at=now)) == 0:
        raise NotFoundError("There is no such API.")
    _record(Kind.API_UPDATED, api.identifier, now)
    return api


def delete(identifier: str, *, now: datetime) -> None:
    """Remove an API that no client is registered for.

    Raises:
        NotFoundError: there is no such API.
        ConflictError: clients are registered for it; the message names them.
    """
    fresh(identifier)
    holders = [client_id for client_id, _ in _holders(identifier)]
    if holders:
        raise ConflictError(f"These clients are registered for this API: {_list(holders)}.")
    _cache().change(identifier)
    if affected(delete_from(ApiRow).where(ApiRow.identifier == identifier)) == 0:
        raise NotFoundError("There is no such API.")
    _record(Kind.API_DELETED, identifier, now)


_COLUMNS = tuple(table_of(ApiRow).c[each.name] for each in fields(Api))


def _cache() -> recent.Recent[Api]:
    return recent.of(_NOUN)


def _read(identifier: str) -> Api | None:
    if len(identifier) > _MAX_LENGTH or _IDENTIFIER.fullmatch(identifier) is None:
        return None
    statement = select(*_COLUMNS).where(ApiRow.identifier == identifier)
    row = db.session.execute(statement).first()
    return None if row is None else _api(row)


def _api(row: Any) -> Api:
    values = dict(row._mapping)  # noqa: SLF001 - the documented name of SQLAlchemy's mapping
    values["scopes"] = MappingProxyType(values["scopes"])
    values["claim_mappings"] = tuple(values["claim_mappings"])
    return Api(**values)


def _columns(api: Api) -> dict[str, Any]:
    values = {each.name: getattr(api, each.name) for each in fields(Api)}
    values["scopes"] = dict(api.scopes)
    values["claim_mappings"] = [dict(each) for each in api.claim_mappings]
    return values


def _holders(identifier: str) -> list[tuple[str, frozenset[str]]]:
    # The text of the JSON column narrows the rows on both databases; the list itself decides.
    statement = select(ClientRow.client_id, ClientRow.resources, ClientRow.scope).where(
        cast(ClientRow.resources, Text).contains(identifier, autoescape=True)
    )
    return [
        (client_id, frozenset(scope.split()))
        for client_id, resources, scope in db.session.execute(statement)
        if identifier in resources
    ]


def _list(client_ids: list[str]) -> str:
    return ", ".join(sorted(client_ids))


def _record(kind: Kind, identifier: str, now: datetime) -> None:
    events.record(kind, now=now, detail={"identifier": identifier})


def _check_identifier(identifier: str) -> None:
    if (
        not isinstance(identifier, str)
        or not 0 < len(identifier) <= _MAX_LENGTH
        or _IDENTIFIER.fullmatch(identifier) is None
        or _NO_HOST.match(identifier)
    ):
        raise InvalidInputError(
            "The identifier of an API is an absolute URI without a fragment or wildcard, such as "
            "https://api.example or urn:example:api.",
            field="identifier",
        )
    settings = config.current()
    if identifier.rstrip("/") in {settings.issuer, settings.userinfo_audience}:
        raise InvalidInputError("This identifier is Signet's own.", field="identifier")


def _checked(api: Api) -> Api:
    name = values.text(api.name, field="name", limit=256, what="The name of an API")
    values.check_lifetime(api.access_token_lifetime)
    if api.access_token_signed_response_alg is not None:
        known, about = config.current().keys.algorithms, "access_token_signed_response_alg"
        values.one_of(api.access_token_signed_response_alg, known, field=about)
    if api.documentation_uri is not None:
        redirect_uris.check_page(api.documentation_uri, field="documentation_uri")
    if not isinstance(api.publishes_metadata, bool):
        raise InvalidInputError("publishes_metadata is true or false.", field="publishes_metadata")
    mappings = tuple(each.entry() for each in claim_mappings.checked(api.claim_mappings))
    described = {}
    for scope, description in api.scopes.items():
        if not scopes.is_token(scope) or scope in scopes.STANDARD:
            raise InvalidInputError(
                f"{scope!r} cannot be the scope of an API: a scope has 1 to 128 visible ASCII "
                "characters other than \" and \\, and is none of OpenID Connect's own.",
                field="scopes",
            )
        described[scope] = description and values.text(
            description, field="scopes", limit=500, what=f"The description of {scope}"
        )
    return replace(api, name=name, scopes=MappingProxyType(described), claim_mappings=mappings)
