"""The options of ``signet clients create`` and ``update``: one for each piece of client metadata.

Specs:
    RFC 7591 section 2                         the names of the metadata
    OpenID Connect Dynamic Registration 1.0 section 2
"""

from collections.abc import Callable, Mapping
from typing import Any

import click

from app.cli.options import Duration, Function

_ALGORITHMS = click.Choice(("RS256", "PS256", "ES256", "EdDSA"))
_METHODS = click.Choice(("client_secret_basic", "client_secret_post", "none"))
_PUBLIC = "none"

# The option, the field of a registration, and how click is to read it.
_OPTIONS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("--redirect-uri", "redirect_uris", {"multiple": True, "help": "Where answers go; exact."}),
    ("--grant-type", "grant_types", {
        "multiple": True,
        "type": click.Choice(("authorization_code", "client_credentials", "refresh_token", "")),
        "help": "What it may do at the token endpoint.",
    }),
    ("--scope", "scope", {"help": "The scopes it may ask for, separated by spaces."}),
    ("--token-endpoint-auth-method", "token_endpoint_auth_method", {
        "type": _METHODS, "help": "How it proves to be itself.",
    }),
    ("--public", "public", {"is_flag": True, "help": "It can keep no secret: method `none`."}),
    ("--require-pkce/--no-require-pkce", "require_pkce", {
        "default": None, "help": "Whether it must use PKCE; only a confidential one need not.",
    }),
    ("--post-logout-redirect-uri", "post_logout_redirect_uris", {
        "multiple": True, "help": "Where a browser may go after sign-out.",
    }),
    ("--resource", "resources", {
        "multiple": True, "help": "A registered API that its tokens may be for.",
    }),
    ("--allowed-origin", "allowed_origins", {
        "multiple": True, "help": "An origin whose scripts may call our endpoints.",
    }),
    ("--application-type", "application_type", {
        "type": click.Choice(("web", "native")), "help": "Native apps may use loopback addresses.",
    }),
    ("--skip-consent/--no-skip-consent", "skip_consent", {
        "default": None, "help": "For the operator's own apps: people are not asked.",
    }),
    ("--id-token-alg", "id_token_signed_response_alg", {
        "type": _ALGORITHMS, "help": "How ID tokens are signed.",
    }),
    ("--access-token-alg", "access_token_signed_response_alg", {
        "type": _ALGORITHMS, "help": "How access tokens are signed.",
    }),
    ("--default-max-age", "default_max_age", {
        "type": Duration(), "help": "How old a sign-in may be when it does not say.",
    }),
    ("--require-auth-time/--no-require-auth-time", "require_auth_time", {
        "default": None, "help": "Whether ID tokens always tell the time of sign-in.",
    }),
    ("--access-token-lifetime", "access_token_lifetime", {
        "type": Duration(), "help": "In place of the installation's.",
    }),
    ("--refresh-token-reuse-leeway", "refresh_token_reuse_leeway", {
        "type": Duration(), "help": "In place of the installation's; 0 is strict.",
    }),
    ("--client-uri", "client_uri", {"help": "Its home page."}),
    ("--logo-uri", "logo_uri", {"help": "Its logo; fetched once and served by us."}),
    ("--policy-uri", "policy_uri", {"help": "Its privacy policy."}),
    ("--tos-uri", "tos_uri", {"help": "Its terms of service."}),
    ("--contact", "contacts", {"multiple": True, "help": "An e-mail address of its makers."}),
)  # fmt: skip
_SECONDS = ("default_max_age", "access_token_lifetime", "refresh_token_reuse_leeway")
_CLEARED_BY_EMPTY_TEXT = ("client_uri", "logo_uri", "policy_uri", "tos_uri")


def with_metadata(function: Function) -> Function:
    """Add an option for each piece of metadata, none with a default: absent means not said."""
    decorated: Callable[..., Any] = function
    for name, field, how in reversed(_OPTIONS):
        decorated = click.option(name, field, **how)(decorated)
    return decorated  # type: ignore[return-value]


def metadata(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a registration that were said; an empty text empties the field.

    Raises:
        click.UsageError: ``--public`` beside a method that needs a secret.
    """
    said: dict[str, Any] = {}
    for _, field, how in _OPTIONS:
        value = given[field]
        if field == "public" or value is None or (how.get("multiple") and not value):
            continue
        said[field] = _typed(field, value)
    if given["name"] is not None:
        said["client_name"] = given["name"]
    if given["public"]:
        if said.get("token_endpoint_auth_method", _PUBLIC) != _PUBLIC:
            raise click.UsageError(
                "--public says that the client has no secret to authenticate with"
            )
        said["token_endpoint_auth_method"] = _PUBLIC
    return said


def _typed(field: str, value: Any) -> Any:
    if field == "scope":
        return tuple(value.split())
    if field in _SECONDS:
        return int(value.total_seconds())
    if field in _CLEARED_BY_EMPTY_TEXT:
        return value or None
    if isinstance(value, tuple):
        return tuple(each for each in value if each)
    return value
