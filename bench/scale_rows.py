"""A database that is full: people, clients, sessions, grants and records made by SQL alone, as if years had passed.

The tables and keys are those of a real installation; only the rows come from here. Every name is a function of its
number, so whoever measures can speak of the hundred-thousandth grant without asking the database. They are scattered
over the whole range of their index, as random ones are.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from scale_database import Database
from subject import REDIRECT_URI

# So many rows in one transaction.
_SLICE = 500_000
# Knuth's multiplicative scatter: neighbours end up far apart.
_SCATTER = 2654435761
_SPAN = 2**32
# One grant in so many belongs to the application that measures.
OWN_EVERY = 1000
_DAY = 86_400
_YEAR = 365 * _DAY


@dataclass(frozen=True)
class Sizes:
    """How many of each there are."""

    users: int
    clients: int
    grants: int

    @property
    def sessions(self) -> int:
        """Half of the people are signed in somewhere."""
        return max(1, self.users // 2)

    @property
    def others(self) -> dict[str, int]:
        """The remaining tables, in proportion."""
        return {
            "user_sessions": self.sessions,
            "consents": self.users,
            "audit_events": self.grants // 5,
            "denied_tokens": self.grants // 100,
            "throttle_counters": self.users // 20,
        }


@dataclass(frozen=True)
class Origin:
    """What the rows are made from: whose password everybody has, and what the application that measures was granted."""

    username: str
    app: str
    scope: str
    audience: str


def grant_id(number: int) -> str:
    """Return the id of a generated grant: canonical base64url of 16 bytes, as the product demands."""
    return f"{number * _SCATTER % _SPAN:08x}{number:013d}A"


def username(number: int) -> str:
    """Return the user name of a generated person."""
    return f"person-{number}"


def fill(
    database: Database, sizes: Sizes, origin: Origin, *, say: Callable[[str], None]
) -> dict[str, float]:
    """Make all rows; return how many seconds each table took."""
    took = {}
    for table, count, columns in _tables(database, sizes, origin):
        began = time.monotonic()
        names = ", ".join(columns)
        values = ", ".join(columns.values())
        for low in range(1, count + 1, _SLICE):
            high = min(count, low + _SLICE - 1)
            database.insert(f"INSERT INTO {table} ({names})", f"SELECT {values}", low, high)
        took[table] = time.monotonic() - began
        say(f"{table}: {count} rows in {took[table]:.0f} s")
    return took


def _tables(
    database: Database, sizes: Sizes, origin: Origin
) -> Iterator[tuple[str, int, dict[str, str]]]:
    others = sizes.others
    yield "users", sizes.users, _users(database, origin)
    yield "clients", sizes.clients, _clients(database)
    yield "user_sessions", others["user_sessions"], _sessions(database)
    yield "consents", others["consents"], _consents(database, sizes)
    yield "grants", sizes.grants, _grants(database, sizes, origin)
    yield "denied_tokens", others["denied_tokens"], _denied(database)
    yield "throttle_counters", others["throttle_counters"], _counters(database)
    yield "audit_events", others["audit_events"], _events(database, sizes)


def _scattered(database: Database, number: str) -> str:
    return database.hexadecimal(f"(({number}) * {_SCATTER}) % {_SPAN}", 8)


def _user_id(database: Database, number: str) -> str:
    tail = database.hexadecimal(number, 12)
    return f"{_scattered(database, number)} || '-0000-4000-8000-' || {tail}"


def _client_id(database: Database, number: str) -> str:
    return f"'client-' || {_scattered(database, number)} || {database.padded(number, 7)}"


def _short_id(database: Database, number: str) -> str:
    return f"{_scattered(database, number)} || {database.padded(number, 13)} || 'A'"


def _any(number: str, count: int) -> str:
    # A stride that shares no factor with round numbers: it comes past everybody.
    return f"(({number}) * 7919) % {count} + 1"


def _users(database: Database, origin: Origin) -> dict[str, str]:
    made = database.at(f"-{2 * _YEAR} + n % {_YEAR}")
    hashed = f"(SELECT password_hash FROM users WHERE username = '{origin.username}')"  # noqa: S608 - a name of the bench
    return {
        "id": _user_id(database, "n"),
        "username": "'person-' || n",
        "username_key": "'person-' || n",
        "email": "'person-' || n || '@people.example'",
        "email_key": "'person-' || n || '@people.example'",
        "email_verified": "n % 20 <> 0",
        "name": "'Person Number ' || n",
        "claims": "'{}'",
        "password_hash": hashed,
        "password_changed_at": made,
        "created_at": made,
        "updated_at": made,
    }


def _clients(database: Database) -> dict[str, str]:
    made = database.at(f"-{2 * _YEAR}")
    empty = "'[]'"
    return {
        "client_id": _client_id(database, "n"),
        "client_name": f"'Application ' || {_scattered(database, 'n')}",
        "application_type": "'web'",
        "redirect_uris": f"'[\"{REDIRECT_URI}\"]'",
        "post_logout_redirect_uris": empty,
        "grant_types": '\'["authorization_code", "refresh_token"]\'',
        "scope": "'openid profile email offline_access'",
        "resources": empty,
        "allowed_origins": "CASE WHEN n % 50 = 0 THEN '[\"https://app.example\"]' ELSE '[]' END"
        + database.json,
        "token_endpoint_auth_method": "'client_secret_basic'",
        "id_token_signed_response_alg": "'RS256'",
        "access_token_signed_response_alg": "'RS256'",
        "require_pkce": "true",
        "skip_consent": "false",
        "require_auth_time": "false",
        "contacts": empty,
        "created_at": made,
        "updated_at": made,
    }


def _sessions(database: Database) -> dict[str, str]:
    made = database.at("-(n % 36000) - 60")
    return {
        "id": _short_id(database, "n"),
        "cookie_id": _short_id(database, "n + 1000000000"),
        "user_id": _user_id(database, "2 * n"),
        "auth_time": made,
        "acr": "'urn:signet:acr:1'",
        "amr": "'pwd'",
        "address": "'192.0.2.' || (n % 250)",
        "agent": "'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'",
        "created_at": made,
        "last_seen_at": database.at("-(n % 1800)"),
        "expires_at": database.at("1800 + n % 36000"),
        "ended_at": f"CASE WHEN n % 10 = 0 THEN {database.at('-(n % 30000)')} END",
        "end_reason": "CASE WHEN n % 10 = 0 THEN 'sign_out' END",
    }


def _consents(database: Database, sizes: Sizes) -> dict[str, str]:
    return {
        "user_id": _user_id(database, "n"),
        "client_id": _client_id(database, _any("n", sizes.clients)),
        "scope": "'email openid profile'",
        "resources": "'{}'",
        "granted_at": database.at(f"-(n % {_YEAR})"),
    }


def _grants(database: Database, sizes: Sizes, origin: Origin) -> dict[str, str]:
    # Half of all sign-ins happen at one client in a hundred; all but the last tenth were redeemed.
    popular = _client_id(database, _any("n", max(1, sizes.clients // 100)))
    seldom = _client_id(database, _any("n", sizes.clients))
    client = (
        f"CASE WHEN n % {OWN_EVERY} = 0 THEN '{origin.app}' "
        f"WHEN n % 2 = 0 THEN {popular} ELSE {seldom} END"
    )
    made = database.at(f"-{_DAY // 2} - ({sizes.grants} - n) % {90 * _DAY}")
    live, over = database.at(f"{_DAY} + n % {29 * _DAY}"), database.at("-(n % 40000)")
    own_is_live = f"n % 10 < 8 OR n % {OWN_EVERY} = 0"
    return {
        "id": _short_id(database, "n"),
        "user_id": _user_id(database, _any("n", sizes.users)),
        "client_id": client,
        "session_id": _short_id(database, _any("n", sizes.sessions)),
        "scope": f"'{origin.scope}'",
        "resources": f"'{origin.audience}'",
        "offline": "true",
        "nonce": f"'nonce-' || {_scattered(database, 'n + 1')}",
        "redirect_uri": f"'{REDIRECT_URI}'",
        "code_challenge": f"'{'c' * 43}'",
        "auth_time": made,
        "acr": "'urn:signet:acr:1'",
        "amr": "'pwd'",
        "created_at": made,
        "code_expires_at": made,
        "redeemed_at": made,
        "generation": "1",
        "rotated_at": made,
        "expires_at": f"CASE WHEN {own_is_live} THEN {live} ELSE {over} END",
        "ends_at": database.at(f"{90 * _DAY}"),
        "revoked_at": f"CASE WHEN n % 10 = 9 AND NOT ({own_is_live}) THEN {over} END",
        "revoked_reason": f"CASE WHEN n % 10 = 9 AND NOT ({own_is_live}) THEN 'client' END",
    }


def _denied(database: Database) -> dict[str, str]:
    return {
        "jti": f"{_short_id(database, 'n')} || '.' || {_short_id(database, 'n + 7')}",
        "expires_at": database.at("60 + n % 3600"),
    }


def _counters(database: Database) -> dict[str, str]:
    return {
        "key": f"{_short_id(database, 'n')} || {database.padded('n', 21)}",
        "failures": "n % 7 + 1",
        "last_at": database.at("-(n % 600)"),
        "blocked_until": database.at("0"),
        "expires_at": database.at("600 + n % 86000"),
    }


def _events(database: Database, sizes: Sizes) -> dict[str, str]:
    return {
        "at": database.at(f"-{300 * _DAY} + n"),
        "kind": "CASE WHEN n % 3 = 0 THEN 'sign_in' ELSE 'grant.created' END",
        "outcome": "'success'",
        "user_id": _user_id(database, _any("n", sizes.users)),
        "client_id": _client_id(database, _any("n", sizes.clients)),
        "session_id": _short_id(database, _any("n", sizes.sessions)),
        "address": "'192.0.2.' || (n % 250)",
        "request_id": _short_id(database, "n"),
        "detail": '\'{"scope": ["openid", "profile"]}\'',
    }
