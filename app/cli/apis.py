"""``signet apis``: registered APIs, the audiences and scopes of access tokens.

Specs:
    RFC 8707 section 2    what an identifier may be
    RFC 9728 section 2    what others may learn about an API
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import click

from app.cli import output
from app.cli.context import opened
from app.cli.options import Duration, Pair, with_json, with_paging
from app.core import clock

if TYPE_CHECKING:
    from app.clients.apis import Api

_COLUMNS = ("identifier", "name", "scope")
_Function = TypeVar("_Function", bound=Callable[..., Any])


def _with_features(function: _Function) -> _Function:
    """Add the options that say how tokens for an API look, and what is told about it."""
    options = (
        click.option(
            "--access-token-alg", metavar="ALG",
            help="How its access tokens are signed, in place of the client's choice ('' for that).",
        ),
        click.option(
            "--claim", "claims", type=Pair(), multiple=True, metavar="CLAIM=SOURCE",
            help="A claim of the person in its access tokens; all of them from now on.",
        ),
        click.option("--no-claims", is_flag=True, help="No such claims from now on."),
        click.option(
            "--documentation-uri", metavar="URI", help="A page for developers ('' for none)."
        ),
        click.option(
            "--publish-metadata/--hide-metadata", "publishes_metadata", default=None,
            help="Whether /resources/metadata describes it; it does unless told otherwise.",
        ),
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


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
@_with_features
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
            **_features(given),
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
@_with_features
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
            **_features(given),
        )
        apis.update(wanted, now=clock.now())
        updated = _shown(apis.fresh(identifier))
    output.one(updated, as_json=given["as_json"])


@command.command("metadata")
@click.argument("identifier")
@with_json
def metadata(identifier: str, *, as_json: bool) -> None:
    """Print what an API may serve about itself (RFC 9728); with --json in the form to serve."""
    with opened():
        from app.clients import apis
        from app.protocol import protected_resource

        document = protected_resource.document(apis.fresh(identifier))
    output.one(document, as_json=as_json)


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
        "access_token_signed_response_alg": api.access_token_signed_response_alg,
        "claim_mappings": [dict(each) for each in api.claim_mappings],
        "documentation_uri": api.documentation_uri,
        "publishes_metadata": api.publishes_metadata,
    }


def _features(given: dict[str, Any]) -> dict[str, Any]:
    """Return what the options say about the features of an API; what is not named is not in it."""
    if given["no_claims"] and given["claims"]:
        raise click.UsageError("--claim and --no-claims contradict each other")
    found: dict[str, Any] = {}
    if given["access_token_alg"] is not None:
        found["access_token_signed_response_alg"] = given["access_token_alg"] or None
    if given["claims"] or given["no_claims"]:
        # Of an API's own tokens there is one kind.
        found["claim_mappings"] = tuple(
            {"claim": claim, "source": source, "in": ["access_token"]}
            for claim, source in given["claims"]
        )
    if given["documentation_uri"] is not None:
        found["documentation_uri"] = given["documentation_uri"] or None
    if given["publishes_metadata"] is not None:
        found["publishes_metadata"] = given["publishes_metadata"]
    return found


def _seconds(lifetime: timedelta | None) -> int | None:
    return None if lifetime is None else int(lifetime.total_seconds())


def _refuse_strays(words: dict[str, str]) -> None:
    if words:
        raise click.UsageError(f"--describe speaks of {', '.join(words)}, which is no scope here")
