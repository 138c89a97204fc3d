"""``signet clients``: the applications that sign people in.

Specs:
    RFC 7591 section 3.2.1    the client information that create, update and rotate-secret print
"""

from dataclasses import fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from app.cli import output
from app.cli.client_options import metadata, with_metadata
from app.cli.context import opened
from app.cli.options import Duration, with_json, with_paging
from app.core import clock
from app.core.errors import InvalidInputError, UnavailableError

if TYPE_CHECKING:
    from app.clients.registry import Client

_COLUMNS = ("client_id", "client_name", "token_endpoint_auth_method", "grant_types", "disabled")


@click.group("clients")
def command() -> None:
    """Applications that sign people in."""


@command.command("create")
@click.option("--name", required=True, help="The name that people see.")
@click.option("--client-id", help="Its identifier; made if not given.")
@with_metadata
@with_json
def create(**given: Any) -> None:
    """Register a client and print its information; the secret is shown this once."""
    with opened():
        from app.clients import registry

        registration = registry.Registration(**metadata(given))
        client, secret = registry.register(
            registration, client_id=given["client_id"], now=clock.now()
        )
        information = registry.information(client, secret=secret)
    if secret is not None and not given["as_json"]:
        output.remark("keep client_secret now; it is not shown again")
    output.one(information, as_json=given["as_json"])


@command.command("list")
@click.option("--search", help="Part of an id or a name.")
@with_paging
@with_json
def list_(search: str | None, limit: int, after: str | None, *, as_json: bool) -> None:
    """List clients."""
    with opened():
        from app.clients import registry

        found = [_shown(each) for each in registry.page(after=after, limit=limit, search=search)]
    output.several(found, columns=_COLUMNS, as_json=as_json)
    output.more(found, limit=limit, key="client_id", as_json=as_json)


@command.command("show")
@click.argument("client_id")
@with_json
def show(client_id: str, *, as_json: bool) -> None:
    """Show a client."""
    with opened():
        from app.clients import registry

        client = _shown(registry.fresh(client_id))
    output.one(client, as_json=as_json)


@command.command("update")
@click.argument("client_id")
@click.option("--name", help="The name that people see.")
@with_metadata
@with_json
def update(client_id: str, **given: Any) -> None:
    """Change a client; what is not named stays, '' empties a field."""
    said = metadata(given)
    if not said:
        raise click.UsageError("nothing to change was named")
    with opened():
        from app.clients import registry

        client = registry.fresh(client_id)
        present = {
            each.name: getattr(client, each.name)
            for each in fields(registry.Registration)
            if each.name not in said
        }
        registration = registry.Registration(**present, **said)
        updated = _shown(registry.update(client_id, registration, now=clock.now()))
    output.one(updated, as_json=given["as_json"])


@command.command("rotate-secret")
@click.argument("client_id")
@click.option(
    "--grace", type=Duration(), default="1h", show_default=True,
    help="How long the old secret still counts; 0 ends it now.",
)  # fmt: skip
@with_json
def rotate_secret(client_id: str, grace: timedelta, *, as_json: bool) -> None:
    """Make a new secret and print it this once."""
    with opened():
        from app.clients import registry, secrets

        secret = secrets.rotate(client_id, grace=grace, now=clock.now())
        information = registry.information(registry.fresh(client_id), secret=secret)
    if not as_json:
        output.remark("keep client_secret now; it is not shown again")
    output.one(information, as_json=as_json)


@command.command("refresh-keys")
@click.argument("client_id")
@with_json
def refresh_keys(client_id: str, *, as_json: bool) -> None:
    """Fetch the keys behind jwks_uri now; what is not there any more counts no more."""
    with opened():
        from app.clients import key_sets, registry

        if registry.fresh(client_id).jwks_uri is None:
            raise InvalidInputError("The client has no jwks_uri.", field="jwks_uri")
        if not key_sets.refresh(client_id, now=clock.now()):
            raise UnavailableError("The key set could not be fetched; the old one stays.")
    output.one({"client_id": client_id, "refreshed": True}, as_json=as_json)


@command.command("preview-claims")
@click.argument("client_id")
@click.argument("user")
@with_json
def preview_claims(client_id: str, user: str, *, as_json: bool) -> None:
    """Print what claim mappings would tell a client of a person."""
    with opened():
        from app.clients import apis, registry
        from app.identity import directory
        from app.tokens import claim_mappings

        client = registry.fresh(client_id)
        found = claim_mappings.preview(
            directory.lookup(user),
            client=client,
            apis=[each for each in apis.all() if each.identifier in client.resources],
        )
    output.one({place: dict(claims) for place, claims in found.items()}, as_json=as_json)


@command.command("disable")
@click.argument("client_id")
@with_json
def disable(client_id: str, *, as_json: bool) -> None:
    """Refuse everything that a client asks, until it is enabled."""
    with opened():
        from app.clients import registry

        registry.disable(client_id, now=clock.now())
        client = _shown(registry.fresh(client_id))
    output.one(client, as_json=as_json)


@command.command("enable")
@click.argument("client_id")
@with_json
def enable(client_id: str, *, as_json: bool) -> None:
    """Serve a client again."""
    with opened():
        from app.clients import registry

        registry.enable(client_id, now=clock.now())
        client = _shown(registry.fresh(client_id))
    output.one(client, as_json=as_json)


@command.command("revoke")
@click.argument("client_id")
@with_json
def revoke(client_id: str, *, as_json: bool) -> None:
    """Make all tokens of a client void, at once."""
    with opened():
        from app.clients import registry
        from app.tokens import revocation

        registry.fresh(client_id)
        count = revocation.of_client(client_id, now=clock.now())
    output.one({"client_id": client_id, "revoked_grants": count}, as_json=as_json)


@command.command("delete")
@click.argument("client_id")
@with_json
def delete(client_id: str, *, as_json: bool) -> None:
    """Delete a client with all it holds."""
    with opened():
        from app.clients import registry

        registry.delete(client_id, now=clock.now())
    output.one({"client_id": client_id, "deleted": True}, as_json=as_json)


def _shown(client: "Client") -> dict[str, Any]:
    from app.clients import registry

    shown = {**registry.information(client), "disabled": client.is_disabled}
    if client.is_dynamic:
        shown |= {"dynamic": True, "last_used_at": client.last_used_at}
    return shown
