"""``signet apis``: registered APIs, the audiences and scopes of access tokens.

Specs:
    RFC 8707 section 2    what an identifier may be
"""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from app.cli import output
from app.cli.context import opened
from app.cli.options import Duration, Pair, with_json, with_paging
from app.core import clock

if TYPE_CHECKING:
    from app.clients.apis import Api

_COLUMNS = ("identifier", "name", "scope")


@click.group("apis")
def command() -> None:
    """APIs: the audiences and scopes of access tokens."""


@command.command("create")
@click.argument("identifier")
@click.option("--name", required=True, help="The name that people see.")
@click.option("--scope", default="", help="The scopes it understands, separated by spaces.")
@click.option(
    "--describe", type=Pair(), multiple=True, metavar="SCOPE=TEXT",
    help="What a scope allows, in the words of the consent page.",
)  # fmt: skip
@click.option("--access-token-lifetime", type=Duration(), help="In place of the installation's.")
@with_json
def create(identifier: str, **given: Any) -> None:
    """Register an API."""
    words = dict(given["describe"])
    scopes = {name: words.pop(name, "") for name in given["scope"].split()}
    _refuse_strays(words)
    with opened():
        from app.clients import apis

        wanted = apis.Api(
            identifier=identifier,
            name=given["name"],
            scopes=scopes,
            access_token_lifetime=_seconds(given["access_token_lifetime"]),
        )
        apis.create(wanted, now=clock.now())
        created = _shown(apis.fresh(identifier))
    output.one(created, as_json=given["as_json"])


@command.command("list")
@with_paging
@with_json
def list_(limit: int, after: str | None, *, as_json: bool) -> None:
    """List APIs."""
    with opened():
        from app.clients import apis

        found = [_shown(each) for each in apis.page(after=after, limit=limit)]
    output.several(found, columns=_COLUMNS, as_json=as_json)
    output.more(found, limit=limit, key="identifier", as_json=as_json)


@command.command("show")
@click.argument("identifier")
@with_json
def show(identifier: str, *, as_json: bool) -> None:
    """Show an API."""
    with opened():
        from app.clients import apis

        api = _shown(apis.fresh(identifier))
    output.one(api, as_json=as_json)


@command.command("update")
@click.argument("identifier")
@click.option("--name", help="The name that people see.")
@click.option("--scope", help="All the scopes it understands from now on.")
@click.option(
    "--describe", type=Pair(), multiple=True, metavar="SCOPE=TEXT", help="What a scope allows.",
)  # fmt: skip
@click.option("--access-token-lifetime", type=Duration(), help="In place of the installation's.")
@with_json
def update(identifier: str, **given: Any) -> None:
    """Change an API; what is not named stays."""
    words = dict(given["describe"])
    with opened():
        from app.clients import apis

        api = apis.fresh(identifier)
        names = list(api.scopes) if given["scope"] is None else given["scope"].split()
        scopes = {name: words.pop(name, api.scopes.get(name, "")) for name in names}
        _refuse_strays(words)
        wanted = replace(
            api,
            scopes=scopes,
            name=given["name"] or api.name,
            access_token_lifetime=_seconds(given["access_token_lifetime"])
            or api.access_token_lifetime,
        )
        apis.update(wanted, now=clock.now())
        updated = _shown(apis.fresh(identifier))
    output.one(updated, as_json=given["as_json"])


@command.command("delete")
@click.argument("identifier")
@with_json
def delete(identifier: str, *, as_json: bool) -> None:
    """Delete an API that no client uses."""
    with opened():
        from app.clients import apis

        apis.delete(identifier, now=clock.now())
    output.one({"identifier": identifier, "deleted": True}, as_json=as_json)


def _shown(api: "Api") -> dict[str, Any]:
    return {
        "identifier": api.identifier,
        "name": api.name,
        "scope": " ".join(api.scopes),
        "scopes": dict(api.scopes),
        "access_token_lifetime": api.access_token_lifetime,
    }


def _seconds(lifetime: timedelta | None) -> int | None:
    return None if lifetime is None else int(lifetime.total_seconds())


def _refuse_strays(words: dict[str, str]) -> None:
    if words:
        raise click.UsageError(f"--describe speaks of {', '.join(words)}, which is no scope here")
