"""A JSON API that accepts access tokens from Signet and verifies each of them itself.

It asks the sign-in server for one thing: its public keys, which PyJWT fetches and keeps for five
minutes. No request of a user makes another request to the sign-in server.

Settings come from the environment: ISSUER (who signs) and AUDIENCE (what we are called)::

    export ISSUER=http://127.0.0.1:8000 AUDIENCE=https://notes.demo.example
    flask --app notes_api run --port 8002
"""

import os
from collections import defaultdict
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

import jwt
import requests
from flask import Flask, Response, g, jsonify, request

ISSUER = os.environ["ISSUER"]
AUDIENCE = os.environ["AUDIENCE"]
LONGEST_NOTE = 200

app = Flask(__name__)
# A note belongs to the subject of the token. In memory: this is a sample.
notes: dict[str, list[str]] = defaultdict(list)


class RefusedError(Exception):
    """The request is not answered.

    ``challenge`` goes into WWW-Authenticate (RFC 6750 section 3).
    """

    def __init__(self, status: int, message: str, **challenge: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.challenge = challenge


@cache
def issuer_keys() -> jwt.PyJWKClient:
    """Return the client for the issuer's key set; found by discovery, once."""
    metadata = requests.get(f"{ISSUER}/.well-known/openid-configuration", timeout=5).json()
    if metadata["issuer"] != ISSUER:
        raise RefusedError(503, "The metadata speaks of another issuer.")
    return jwt.PyJWKClient(metadata["jwks_uri"], timeout=5)


def verified(token: str) -> dict[str, Any]:
    """Return the claims of an access token that is for us and still counts (RFC 9068 section 4)."""
    try:
        key = issuer_keys().get_signing_key_from_jwt(token)
        decoded = jwt.decode_complete(
            token,
            key,
            # What we expect, never what the token asks for.
            algorithms=["RS256"],
            issuer=ISSUER,
            audience=AUDIENCE,
            options={"require": ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"]},
        )
    except (requests.RequestException, jwt.PyJWKClientConnectionError) as error:
        raise RefusedError(503, "The sign-in server cannot be reached.") from error
    except (jwt.InvalidTokenError, jwt.PyJWKClientError) as error:
        app.logger.info("token refused: %s", error)
        raise invalid_token() from None
    # An ID token is signed with the same key. Its type tells it from an access token.
    if str(decoded["header"].get("typ", "")).lower().removeprefix("application/") != "at+jwt":
        raise invalid_token()
    claims: dict[str, Any] = decoded["payload"]
    return claims


def invalid_token() -> RefusedError:
    """Return the refusal of a token, whatever is wrong with it."""
    message = "The access token is invalid or expired."
    return RefusedError(401, message, error="invalid_token", error_description=message)


def requires(*, scope: str, role: str | None = None) -> Callable[..., Any]:
    """Let a view answer only tokens with ``scope``, and with ``role`` if one is named."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(**arguments: Any) -> Any:
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not token:
                # No token at all: the challenge names no error.
                raise RefusedError(401, "An access token is required.")
            g.claims = verified(token.strip())
            if scope not in g.claims.get("scope", "").split():
                message = f"The token lacks the scope {scope}."
                raise RefusedError(403, message, error="insufficient_scope", scope=scope)
            if role is not None and role not in g.claims.get("roles", []):
                message = f"This needs the role {role}."
                raise RefusedError(
                    403, message, error="insufficient_scope", error_description=message
                )
            return view(**arguments)

        return guarded

    return decorate


@app.errorhandler(RefusedError)
def refuse(error: RefusedError) -> Response:
    """Answer a refusal."""
    response = jsonify(error=error.challenge.get("error", "refused"), message=error.message)
    response.status_code = error.status
    if error.status in {401, 403}:
        words = {"realm": "notes", **error.challenge}
        challenge = ", ".join(f'{name}="{value}"' for name, value in words.items())
        response.headers["WWW-Authenticate"] = f"Bearer {challenge}"
    return response


@app.after_request
def never_stored(response: Response) -> Response:
    """Keep personal answers out of every cache."""
    response.headers["Cache-Control"] = "no-store"
    return response


@app.get("/notes")
@requires(scope="notes:read")
def own_notes() -> Response:
    """List the notes of whoever the token speaks for."""
    return jsonify(notes=notes[g.claims["sub"]])


@app.post("/notes")
@requires(scope="notes:write")
def write_note() -> tuple[Response, int]:
    """Add a note."""
    body = request.get_json(silent=True)
    text = body.get("text") if isinstance(body, dict) else None
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST_NOTE:
        raise RefusedError(400, f"A note is a text of 1 to {LONGEST_NOTE} characters.")
    notes[g.claims["sub"]].append(text)
    return jsonify(written=text), 201


@app.get("/notes/everybody")
@requires(scope="notes:read", role="editor")
def all_notes() -> Response:
    """Count everybody's notes; for editors."""
    return jsonify(people={subject: len(texts) for subject, texts in notes.items() if texts})


@app.get("/health")
def health() -> Response:
    """Say that we answer."""
    return jsonify(status="ok")
