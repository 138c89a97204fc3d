"""Some thousand rows in every table that grows, so that the database has something to plan for."""

from datetime import timedelta
from typing import Any

from sqlalchemy import insert, text

from app.core.db import Base, db
from app.core.secrets import new_id
from app.models.audit import AuditEvent
from app.models.clients import Client, ClientSecret
from app.models.consents import Consent
from app.models.identity import User, UserRole, UserSession
from app.models.logout import LogoutDelivery, SessionClient
from app.models.requests import DeviceAuthorization, PushedRequest
from app.models.throttle import SingleUse, ThrottleCounter
from app.models.tokens import DeniedToken, Grant
from tests.support.provider import CALLBACK, START

PEOPLE = 1500
CLIENTS = 300
ROWS = 4000
_MADE = START - timedelta(days=2)


def fill() -> None:
    """Add the rows and let the planner look at them."""
    rows: dict[type[Base], list[dict[str, Any]]] = {
        User: [_user(number) for number in range(PEOPLE)],
        UserRole: [{"user_id": f"u{number}", "role": "reader"} for number in range(PEOPLE)],
        Client: [_client(number) for number in range(CLIENTS)],
        ClientSecret: [
            {"id": new_id(), "client_id": f"c{number}", "digest": "0" * 64, "created_at": _MADE}
            for number in range(CLIENTS)
        ],
        UserSession: [_session(number) for number in range(PEOPLE)],
        Consent: [
            {"user_id": f"u{number}", "client_id": f"c{number % CLIENTS}", "scope": "openid", "granted_at": _MADE}
            for number in range(PEOPLE)
        ],
        Grant: [_grant(number) for number in range(ROWS)],
        DeniedToken: [
            {"jti": new_id(), "expires_at": _end(number)} for number in range(ROWS)
        ],
        SessionClient: [
            {"session_id": f"s{number % PEOPLE}", "client_id": f"c{number // PEOPLE}", "user_id": f"u{number % PEOPLE}", "since": _MADE}
            for number in range(ROWS)
        ],
        PushedRequest: [
            {
                "id": new_id(), "client_id": f"c{number % CLIENTS}", "parameters": [], "created_at": _MADE,
                "expires_at": _end(number), "purge_after": _end(number),
            }
            for number in range(ROWS)
        ],
        DeviceAuthorization: [
            {
                "id": new_id(), "user_code_key": new_id() + "u" * 21, "client_id": f"c{number % CLIENTS}",
                "scope": "openid", "resources": "", "acr_values": "", "created_at": _MADE,
                "expires_at": _end(number), "interval": 5,
            }
            for number in range(ROWS)
        ],
        LogoutDelivery: [
            {
                "session_id": f"s{number % PEOPLE}", "client_id": f"c{number // PEOPLE}",
                "user_id": f"u{number % PEOPLE}", "created_at": _MADE, "attempts": 1, "settled_at": _end(number),
                "outcome": "delivered",
            }
            for number in range(ROWS)
        ],
        SingleUse: [{"key": new_id() + "k" * 21, "expires_at": _end(number)} for number in range(ROWS)],
        ThrottleCounter: [
            {"key": new_id() + "t" * 21, "failures": 1, "last_at": _MADE, "blocked_until": _MADE, "expires_at": _end(number)}
            for number in range(ROWS)
        ],
        AuditEvent: [
            {
                "at": START - timedelta(minutes=number), "kind": "sign_in", "outcome": "success",
                "user_id": f"u{number % PEOPLE}", "client_id": f"c{number % CLIENTS}", "detail": {},
            }
            for number in range(ROWS)
        ],
    }  # fmt: skip
    for table, values in rows.items():
        db.session.execute(insert(table), values)
    db.session.execute(text("ANALYZE"))
    db.session.commit()


def _end(number: int) -> Any:
    # One in ten is over.
    return START + timedelta(days=10 if number % 10 else -40, seconds=number)


def _user(number: int) -> dict[str, Any]:
    name = f"person-{number}"
    return {
        "id": f"u{number}", "username": name, "username_key": name, "email": f"{name}@x.example",
        "email_key": f"{name}@x.example", "created_at": _MADE, "updated_at": _MADE,
    }  # fmt: skip


def _client(number: int) -> dict[str, Any]:
    return {
        "client_id": f"c{number}", "client_name": f"Client {number}", "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "none", "created_at": _MADE, "updated_at": _MADE,
    }  # fmt: skip


def _session(number: int) -> dict[str, Any]:
    return {
        "id": f"s{number}", "cookie_id": new_id(), "user_id": f"u{number}", "auth_time": _MADE,
        "acr": "1", "amr": "pwd", "created_at": START - timedelta(seconds=number),
        "last_seen_at": START, "expires_at": _end(number),
        "ended_at": None if number % 7 else START - timedelta(days=40),
    }  # fmt: skip


def _grant(number: int) -> dict[str, Any]:
    return {
        "id": new_id(), "user_id": f"u{number % PEOPLE}", "client_id": f"c{number % CLIENTS}",
        "session_id": f"s{number % PEOPLE}", "scope": "openid", "redirect_uri": CALLBACK,
        "auth_time": _MADE, "acr": "1", "amr": "pwd", "created_at": _MADE,
        "code_expires_at": _MADE, "redeemed_at": _MADE, "generation": 1,
        "expires_at": _end(number), "ends_at": START + timedelta(days=90),
    }  # fmt: skip
