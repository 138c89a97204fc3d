"""What an application has registered beyond plain sign-in, for its page; what it has not is not shown."""

import json
from typing import Any

from app.clients import claim_mappings
from app.clients.client import PAIRWISE, TLS_NAMES, Client
from app.web.console import pages
from app.web.language import gettext, when


def further(client: Client) -> list[tuple[str, Any]]:
    """Return labels and values about origin, keys, requests, answers, subjects, sign-out and claims."""
    found = [*_origin(client), *_keys(client), *_answers(client), *_people(client)]
    return [(label, value) for label, value in found if value]


def _origin(client: Client) -> list[tuple[str, Any]]:
    if not client.is_dynamic:
        return []
    used = client.last_used_at
    return [
        (gettext("Registered by"), gettext("itself")),
        (gettext("Last used"), when(used) if used else gettext("never")),
        (gettext("Software statement"), pages.yes_or_no(client.software_statement)),
    ]


def _keys(client: Client) -> list[tuple[str, Any]]:
    names = [getattr(client, name) for name in TLS_NAMES]
    return [
        (gettext("Keys, by address"), client.jwks_uri),
        (gettext("Keys"), json.dumps(client.jwks) if client.jwks else None),
        (gettext("Certificate"), next((name for name in names if name), None)),
        (gettext("Signature of its requests"), client.request_object_signing_alg),
        (gettext("Its requests must be signed"), _yes(client.require_signed_request_object)),
        (
            gettext("Its requests must be pushed"),
            _yes(client.require_pushed_authorization_requests),
        ),
        (gettext("Addresses of signed requests"), list(client.request_uris)),
    ]


def _answers(client: Client) -> list[tuple[str, Any]]:
    return [
        (gettext("ID tokens: encryption"), client.id_token_encrypted_response_enc),
        (gettext("UserInfo: signature"), client.userinfo_signed_response_alg),
        (gettext("UserInfo: encryption"), client.userinfo_encrypted_response_enc),
        (gettext("Told of sign-outs at"), client.backchannel_logout_uri),
        (gettext("Framed at sign-outs"), client.frontchannel_logout_uri),
    ]


def _people(client: Client) -> list[tuple[str, Any]]:
    pairwise = client.sector if client.subject_type == PAIRWISE else None
    mappings = [each.line() for each in claim_mappings.read(client.claim_mappings)]
    return [
        (gettext("A name of its own for each person (pairwise)"), pairwise),
        (gettext("Where a sign-in starts"), client.initiate_login_uri),
        (gettext("Claim mappings"), mappings),
    ]


def _yes(value: bool) -> str | None:  # noqa: FBT001 - a value to be shown
    return pages.yes_or_no(value) if value else None
