"""The options of ``signet clients create`` and ``update``: one for each piece of client metadata.

Specs:
    RFC 7591 section 2                         the names of the metadata
    OpenID Connect Dynamic Registration 1.0 section 2
    RFC 8705 section 2.1.2, RFC 9101 section 10.5, RFC 9126 section 6, JARM 1.0 section 3

What one installation offers of these is for the registry to say, so every name is accepted here.
"""

from collections.abc import Callable, Mapping
from typing import Any

import click

from app.cli.options import ClaimLine, Duration, Function, KeySet
from app.core.algorithm_names import ASYMMETRIC, CONTENT_ENCRYPTION, ENCRYPTION

_ALGORITHMS = click.Choice(("RS256", "PS256", "ES256", "EdDSA"))
_METHODS = click.Choice((
    "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt",
    "tls_client_auth", "self_signed_tls_client_auth", "none",
))  # fmt: skip
_GRANT_TYPES = click.Choice((
    "authorization_code", "client_credentials", "refresh_token",
    "urn:ietf:params:oauth:grant-type:device_code", "",
))  # fmt: skip
_PUBLIC = "none"


def _or_empty(*names: str) -> click.Choice[str]:
    return click.Choice((*names, ""))


def _flag(field: str, says: str) -> tuple[str, str, Mapping[str, Any]]:
    name = field.replace("_", "-")
    return f"--{name}/--no-{name}", field, {"default": None, "help": says}


# The option, the field of a registration, and how click is to read it.
_OPTIONS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("--redirect-uri", "redirect_uris", {"multiple": True, "help": "Where answers go; exact."}),
    ("--grant-type", "grant_types", {
        "multiple": True, "type": _GRANT_TYPES, "help": "What it may do at the token endpoint.",
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
    ("--jwks", "jwks", {"type": KeySet(), "help": "Its public keys; - is standard input."}),
    ("--jwks-uri", "jwks_uri", {"help": "Where its public keys are."}),
    ("--token-endpoint-auth-signing-alg", "token_endpoint_auth_signing_alg", {
        "type": _or_empty(*ASYMMETRIC, "HS256"), "help": "How its assertions are signed.",
    }),
    ("--tls-subject-dn", "tls_client_auth_subject_dn", {
        "help": "The subject of its certificate (RFC 4514).",
    }),
    ("--tls-san-dns", "tls_client_auth_san_dns", {"help": "The host in its certificate."}),
    ("--tls-san-uri", "tls_client_auth_san_uri", {"help": "The URI in its certificate."}),
    ("--tls-san-ip", "tls_client_auth_san_ip", {"help": "The address in its certificate."}),
    ("--tls-san-email", "tls_client_auth_san_email", {"help": "The e-mail in its certificate."}),
    ("--request-object-alg", "request_object_signing_alg", {
        "type": _or_empty(*ASYMMETRIC), "help": "How its requests are signed, if they are.",
    }),
    _flag("require_signed_request_object", "Whether its requests must be signed."),
    ("--request-uri", "request_uris", {
        "multiple": True, "help": "Where a signed request may be fetched; exact.",
    }),
    _flag("require_pushed_authorization_requests", "Whether its requests must be pushed."),
    ("--id-token-encryption-alg", "id_token_encrypted_response_alg", {
        "type": _or_empty(*ENCRYPTION), "help": "How the key of encrypted ID tokens travels.",
    }),
    ("--id-token-encryption-enc", "id_token_encrypted_response_enc", {
        "type": _or_empty(*CONTENT_ENCRYPTION), "help": "How ID tokens are encrypted.",
    }),
    ("--userinfo-alg", "userinfo_signed_response_alg", {
        "type": _or_empty("RS256", "PS256", "ES256", "EdDSA"), "help": "How UserInfo is signed.",
    }),
    ("--userinfo-encryption-alg", "userinfo_encrypted_response_alg", {
        "type": _or_empty(*ENCRYPTION), "help": "How the key of encrypted UserInfo travels.",
    }),
    ("--userinfo-encryption-enc", "userinfo_encrypted_response_enc", {
        "type": _or_empty(*CONTENT_ENCRYPTION), "help": "How UserInfo is encrypted.",
    }),
    ("--authorization-response-alg", "authorization_signed_response_alg", {
        "type": _ALGORITHMS, "help": "How answers are signed in the response modes with jwt.",
    }),
    ("--subject-type", "subject_type", {
        "type": click.Choice(("public", "pairwise")),
        "help": "Pairwise: its sector knows people by names of its own.",
    }),
    ("--sector-identifier-uri", "sector_identifier_uri", {
        "help": "A file that lists the redirect URIs of a whole sector.",
    }),
    ("--default-acr", "default_acr_values", {
        "multiple": True, "help": "A class of sign-in that it prefers.",
    }),
    ("--initiate-login-uri", "initiate_login_uri", {
        "help": "Where a sign-in starts from the account page.",
    }),
    ("--backchannel-logout-uri", "backchannel_logout_uri", {
        "help": "Where logout tokens are sent.",
    }),
    _flag("backchannel_logout_session_required", "Whether logout tokens must name the session."),
    ("--frontchannel-logout-uri", "frontchannel_logout_uri", {
        "help": "What is framed after a sign-out.",
    }),
    _flag("frontchannel_logout_session_required", "Whether that address must name the session."),
    ("--software-id", "software_id", {"help": "What names its software."}),
    ("--software-version", "software_version", {"help": "The version of its software."}),
    ("--claim-mapping", "claim_mappings", {
        "multiple": True, "type": ClaimLine(), "metavar": "'CLAIM = SOURCE in PLACE ...'",
        "help": "What else of a person it is told; all mappings from now on.",
    }),
)  # fmt: skip
_SECONDS = ("default_max_age", "access_token_lifetime", "refresh_token_reuse_leeway")
_CLEARED_BY_EMPTY_TEXT = frozenset({
    "client_uri", "logo_uri", "policy_uri", "tos_uri", "jwks", "jwks_uri",
    "token_endpoint_auth_signing_alg", "tls_client_auth_subject_dn", "tls_client_auth_san_dns",
    "tls_client_auth_san_uri", "tls_client_auth_san_ip", "tls_client_auth_san_email",
    "request_object_signing_alg", "id_token_encrypted_response_alg",
    "id_token_encrypted_response_enc", "userinfo_signed_response_alg",
    "userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc", "sector_identifier_uri",
    "initiate_login_uri", "backchannel_logout_uri", "frontchannel_logout_uri", "software_id",
    "software_version",
})  # fmt: skip


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
