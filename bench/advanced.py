"""What the optional features cost, as ratios to the plain flow of the same run. No server, no network.

    .venv/bin/python bench/advanced.py [--count N] [--database-url URL]

In one thread, as in ``cost.py``; what the client signs is made before the clock runs. Two requests (to push, and to
come back with the handle) count as one answer: that is what a sign-in takes.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import sign_in
from cost import Stage, log_into, stage
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from signet_server import ENDPOINTS
from subject import API, API_SCOPE, REDIRECT_URI
from wire import Answer

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ALGORITHM = "ES256"
_BATCH = 20
_WARM_UP = 20
_LIFETIME = 240
_TOKEN = {"grant_type": "client_credentials"}


@dataclass(frozen=True)
class Row:
    """A way to do something. ``prepare`` makes what one call of ``call`` needs; ``plain`` is its measure."""

    name: str
    plain: str
    prepare: Callable[[], Any]
    call: Callable[[Any], Answer]


class Client:
    """A client with a key of its own, or with a secret that it signs with."""

    def __init__(self, issuer: str, client_id: str, key: Any, algorithm: str) -> None:
        self.issuer, self.client_id = issuer, client_id
        self._key, self._algorithm = key, algorithm

    def signed(self, **claims: Any) -> str:
        """Return a JWT for the server."""
        now = int(time.time())
        said = {
            "iss": self.client_id, "aud": self.issuer, "iat": now, "nbf": now,
            "exp": now + _LIFETIME, "jti": token_urlsafe(12), **claims,
        }  # fmt: skip
        header = {"alg": self._algorithm}
        if "client_id" in claims:
            header["typ"] = "oauth-authz-req+jwt"
        return jwt.encode(header, said, self._key, algorithms=[self._algorithm])

    def assertion(self) -> dict[str, str]:
        """Return the parameters by which it proves itself once."""
        return {
            "client_assertion_type": _ASSERTION,
            "client_assertion": self.signed(sub=self.client_id),
        }


def _clients(staged: Stage) -> dict[str, Client]:
    """Register a client for each way; the command line has no hand in it."""
    from app.clients import registry
    from app.clients.registry import Registration
    from app.core.db import db
    from app.factory import create_app

    key = ECKey.generate_key("P-256")
    own: dict[str, Any] = {"jwks": {"keys": [key.as_dict(private=False)]}}
    machine = {
        "grant_types": ("client_credentials",), "scope": (API_SCOPE,), "resources": (API,),
    }  # fmt: skip
    wanted: dict[str, dict[str, Any]] = {
        "key": {"token_endpoint_auth_method": "private_key_jwt", **own, **machine},
        "secret": {"token_endpoint_auth_method": "client_secret_jwt", **machine},
        "app": {
            "redirect_uris": (REDIRECT_URI,), "skip_consent": True, **own,
            "token_endpoint_auth_method": "private_key_jwt",
            "scope": tuple(staged.subject.scope.split()),
        },
    }  # fmt: skip
    issuer = os.environ["SIGNET_ISSUER"]
    made = {}
    with create_app().app_context():
        for name, values in wanted.items():
            client, secret = registry.register(
                Registration(client_name=name, **values), now=datetime.now(UTC)
            )
            used = OctKey.import_key(secret) if name == "secret" else key
            algorithm = "HS256" if name == "secret" else _ALGORITHM
            made[name] = Client(issuer, client.client_id, used, algorithm)
        db.session.commit()
    return made


def _rows(staged: Stage) -> tuple[Row, ...]:
    clients = _clients(staged)
    send, app = staged.application.request, clients["app"]
    basic = [("Authorization", staged.subject.machine.basic)]
    cookies = [("Cookie", staged.browser.cookies)]
    plain = dict(parse_qsl(urlsplit(sign_in.authorization_path(staged.subject)).query))
    plain["client_id"] = app.client_id

    def token(form: dict[str, str]) -> Answer:
        return send("POST", ENDPOINTS.token, [], urlencode({**_TOKEN, **form}))

    def authorize(query: dict[str, str]) -> Answer:
        return send("GET", f"{ENDPOINTS.authorize}?{urlencode(query)}", cookies)

    def push(form: dict[str, str]) -> Answer:
        pushed = json.loads(send("POST", "/par", [], urlencode(form)).body)
        return authorize({"client_id": app.client_id, "request_uri": pushed["request_uri"]})

    def signed() -> dict[str, str]:
        return {"client_id": app.client_id, "request": app.signed(**plain)}

    return (
        Row("client_secret_basic", "", dict, lambda _: send("POST", "/token", basic, urlencode(_TOKEN))),
        Row("private_key_jwt", "client_secret_basic", clients["key"].assertion, token),
        Row("client_secret_jwt", "client_secret_basic", clients["secret"].assertion, token),
        Row("plain request", "", lambda: plain, authorize),
        Row("signed request", "plain request", signed, authorize),
        Row("signed answer", "plain request", lambda: {**plain, "response_mode": "jwt"}, authorize),
        Row("pushed request", "plain request", lambda: {**plain, **app.assertion()}, push),
        Row("all three", "plain request", lambda: {
            "request": app.signed(**{**plain, "response_mode": "jwt"}), **app.assertion(),
        }, push),
    )  # fmt: skip


def _measure(row: Row, count: int) -> float:
    """Return the processor time of one answer in the best batch, in microseconds."""
    for _ in range(_WARM_UP):
        _look(row, row.call(row.prepare()))
    least = float("inf")
    for _ in range(max(1, count // _BATCH)):
        prepared = [row.prepare() for _ in range(_BATCH)]
        began = time.process_time()
        for each in prepared:
            answer = row.call(each)
        least = min(least, (time.process_time() - began) / _BATCH)
        _look(row, answer)
    return least * 1e6


def _look(row: Row, answer: Answer) -> None:
    arrived = urlsplit(answer.header("location") or "")
    good = answer.status == 200 or {"code", "response"} & dict(parse_qsl(arrived.query)).keys()
    if not good:
        raise SystemExit(f"{row.name}: {answer.status} {arrived.geturl()} {answer.body[:300]!r}")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="What the optional features cost.")
    parser.add_argument("--count", type=int, default=200, help="answers to each row (default 200)")
    parser.add_argument("--database-url", help="an empty PostgreSQL database")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="signet-bench-") as folder:
        path = Path(folder)
        with log_into(path / "log"):
            rows = _rows(stage(path, asked.database_url))
            figures = {row.name: _measure(row, asked.count) for row in rows}
        os.chdir(Path(__file__).parent)
    print(f"{'':<22}{'CPU us':>8}{'x plain':>9}")
    for row in rows:
        ratio = f"{figures[row.name] / figures[row.plain]:>9.2f}" if row.plain else ""
        print(f"{row.name:<22}{figures[row.name]:>8.0f}{ratio}")


if __name__ == "__main__":
    main()
