"""What the demo's Signet knows at the start: one person, one API, one application.

Made by the ``signet`` command, as an operator makes them.
"""

import json
import secrets
from typing import Any

from programs import Programs

AUDIENCE = "https://notes.demo.example"
SCOPE = "openid profile email address phone roles offline_access notes:read notes:write"
USERNAME = "ada"
# Every standard claim (OpenID Connect Core 1.0 section 5.1) that the account itself does not hold.
CLAIMS = {
    "given_name": "Ada",
    "middle_name": "King",
    "family_name": "Lovelace",
    "nickname": "Countess",
    "profile": "https://people.example/ada",
    "picture": "https://people.example/ada.png",
    "website": "https://ada.example",
    "gender": "female",
    "birthdate": "1815-12-10",
    "zoneinfo": "Europe/London",
    "locale": "en-GB",
    "phone_number": "+44 20 7946 0123",
    "phone_number_verified": True,
    "address": {
        "formatted": "12 Long Acre\nLondon WC2E 9LH\nUnited Kingdom",
        "street_address": "12 Long Acre",
        "locality": "London",
        "postal_code": "WC2E 9LH",
        "country": "United Kingdom",
    },
}
_WORDS = (
    "amber", "basil", "birch", "canyon", "cedar", "comet", "copper", "delta",
    "ember", "falcon", "fjord", "garnet", "hazel", "heron", "indigo", "juniper",
    "lagoon", "lantern", "maple", "meadow", "nectar", "olive", "orchid", "otter",
    "pebble", "quartz", "raven", "saffron", "thistle", "umber", "violet", "willow",
)  # fmt: skip


def person(programs: Programs) -> str:
    """Create the person of the demo, who is also its administrator; return the password."""
    # New at every start, although it lives for minutes and on this machine alone.
    password = "-".join(secrets.SystemRandom().sample(_WORDS, 4))
    claims = [
        f"{name}={value if isinstance(value, str) else json.dumps(value)}"
        for name, value in CLAIMS.items()
    ]
    programs.signet(
        "users", "create", USERNAME, "--email", "ada@example.com", "--email-verified",
        "--name", "Ada Lovelace", "--role", "admin", "--role", "editor", "--password-stdin",
        *(word for claim in claims for word in ("--claim", claim)),
        typed=password,
    )  # fmt: skip
    return password


def api(programs: Programs) -> None:
    """Register the API: the name that tokens for it carry, and its scopes."""
    programs.signet(
        "apis", "create", AUDIENCE, "--name", "Field Notes API",
        "--scope", "notes:read notes:write",
        "--describe", "notes:read=Read your notes",
        "--describe", "notes:write=Write notes for you",
    )  # fmt: skip


def client(programs: Programs) -> dict[str, Any]:
    """Register the web application; return its credentials."""
    app = programs.ports.url("app")
    return programs.signet(
        "clients", "create", "--name", "Field Notes",
        "--redirect-uri", f"{app}/callback",
        "--post-logout-redirect-uri", f"{app}/signed-out",
        "--grant-type", "authorization_code", "--grant-type", "refresh_token",
        "--token-endpoint-auth-method", "client_secret_basic",
        "--scope", SCOPE, "--resource", AUDIENCE,
    )  # fmt: skip
