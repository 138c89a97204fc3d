"""A web application that signs people in with Signet, by Authlib's Flask client.

Discovery, the code flow with PKCE, the checks of the ID token and the refresh are Authlib's; what
is left to an application is on this page. Tokens stay on the server: the browser gets a random
number in a signed cookie.

Settings come from the environment: ISSUER, CLIENT_ID, CLIENT_SECRET, API_URL. Start it with::

    ISSUER=... CLIENT_ID=... CLIENT_SECRET=... API_URL=... flask --app web_app run --port 8001
"""

import json
import os
import secrets
from dataclasses import dataclass, field
from time import time
from typing import Any

import requests
from authlib.integrations.flask_client import OAuth, OAuthError
from flask import Flask, redirect, render_template, request, session, url_for
from joserfc.errors import JoseError
from werkzeug import Response

ISSUER = os.environ["ISSUER"]
API_URL = os.environ["API_URL"]
CLIENT_ID = os.environ["CLIENT_ID"]
CLIENT_SECRET = os.environ["CLIENT_SECRET"]
SCOPE = "openid profile email address phone roles offline_access notes:read notes:write"

app = Flask(__name__)
app.config.update(
    SECRET_KEY=os.environ.get("SECRET_KEY") or secrets.token_hex(32),
    # Cookies know no ports: two programs on 127.0.0.1 need two names.
    SESSION_COOKIE_NAME="field-notes",
    # Lax also keeps other sites from sending our forms.
    SESSION_COOKIE_SAMESITE="Lax",
)


@dataclass
class Visit:
    """One browser that is signed in here."""

    token: dict[str, Any]
    claims: dict[str, Any]
    refreshed: int = 0
    answers: list[dict[str, Any]] = field(default_factory=list)


# In memory: this is a sample. A real application keeps these in its database or in Redis.
visits: dict[str, Visit] = {}


def current() -> Visit | None:
    """Return the visit of this browser."""
    return visits.get(session.get("visit", ""))


def keep(token: dict[str, Any], **_: Any) -> None:
    """Keep what a refresh brought; Authlib also calls this when it refreshed on its own."""
    visit = current()
    if visit is None:
        return
    # The new ID token must speak of the same person (OpenID Connect Core 1.0 section 12.2).
    renewed = oauth.signet.parse_id_token(token, nonce=None)
    if renewed is not None and renewed["sub"] != visit.claims["sub"]:
        raise OAuthError("invalid_token", "The refresh brought another person's tokens.")
    visit.token = {**visit.token, **token}
    visit.refreshed += 1


oauth = OAuth(app)
oauth.register(
    "signet",
    server_metadata_url=f"{ISSUER}/.well-known/openid-configuration",
    client_id=CLIENT_ID,
    client_secret=CLIENT_SECRET,
    update_token=keep,
    client_kwargs={"scope": SCOPE, "code_challenge_method": "S256", "default_timeout": 10},
)


@app.get("/")
def home() -> str:
    """Show the front page, or who is signed in."""
    visit = current()
    if visit is None:
        return render_template("welcome.html", signed_out="signed_out" in request.args)
    seconds = max(0, round(visit.token["expires_at"] - time()))
    return render_template("who_am_i.html", visit=visit, issuer=ISSUER, seconds=seconds)


@app.get("/sign-in")
def sign_in() -> Response:
    """Send the browser to Signet."""
    answer: Response = oauth.signet.authorize_redirect(url_for("callback", _external=True))
    return answer


@app.get("/callback")
def callback() -> Response:
    """Take the browser back: exchange the code, check the ID token, fetch the claims."""
    # RFC 9207: the answer says whose it is. Authlib checks state, nonce, signature and the rest.
    if request.args.get("iss") != oauth.signet.load_server_metadata()["issuer"]:
        raise OAuthError("invalid_request", "The answer comes from another server.")
    token = oauth.signet.authorize_access_token()
    claims = oauth.signet.userinfo(token=token)
    if claims["sub"] != token["userinfo"]["sub"]:
        raise OAuthError("invalid_token", "ID token and UserInfo speak of different people.")
    # A new number at every sign-in, so that nobody can plant one beforehand.
    session.clear()
    session["visit"] = secrets.token_urlsafe(32)
    visits[session["visit"]] = Visit(token=token, claims=dict(claims))
    return redirect(url_for("home"), 303)


@app.post("/notes")
def notes() -> Response:
    """Call the API with the access token of whoever is signed in."""
    visit = current()
    if visit is None:
        return redirect(url_for("home"), 303)
    action = request.form.get("action")
    if action == "write":
        text = request.form.get("text", "")
        answer = oauth.signet.post(f"{API_URL}/notes", token=visit.token, json={"text": text})
    else:
        path = "/notes/everybody" if action == "everybody" else "/notes"
        answer = oauth.signet.get(f"{API_URL}{path}", token=visit.token)
    asked = f"{answer.request.method} {answer.request.path_url}"
    body = json.dumps(answer.json(), indent=2)
    visit.answers = [{"asked": asked, "status": answer.status_code, "body": body}]
    return redirect(url_for("home", _anchor="api"), 303)


@app.post("/refresh")
def refresh() -> Response:
    """Trade the refresh token for new tokens."""
    visit = current()
    if visit is not None:
        token = oauth.signet.fetch_access_token(
            grant_type="refresh_token", refresh_token=visit.token["refresh_token"]
        )
        keep(token)
    return redirect(url_for("home", _anchor="tokens"), 303)


@app.post("/sign-out")
def sign_out() -> Response:
    """Sign out here, hand back the refresh token, and sign out at Signet."""
    visit = visits.pop(session.pop("visit", ""), None)
    if visit is None:
        return redirect(url_for("home"), 303)
    # It would outlive the session: that is what offline_access means.
    oauth.signet.post(
        oauth.signet.load_server_metadata()["revocation_endpoint"],
        data={"token": visit.token["refresh_token"]},
        auth=(CLIENT_ID, CLIENT_SECRET),
        withhold_token=True,
    )
    answer: Response = oauth.signet.logout_redirect(
        post_logout_redirect_uri=url_for("signed_out", _external=True),
        id_token_hint=visit.token["id_token"],
    )
    return answer


@app.get("/signed-out")
def signed_out() -> Response:
    """Take the browser back after the sign-out."""
    oauth.signet.validate_logout_response()
    return redirect(url_for("home", signed_out="yes"), 303)


@app.errorhandler(OAuthError)
def refused(error: OAuthError) -> tuple[str, int]:
    """Say that the sign-in did not happen, or that the access has ended."""
    if error.error == "invalid_grant":
        # Revoked, or too old: the person signs in again.
        visits.pop(session.pop("visit", ""), None)
    # To say no is nobody's mistake.
    status = 200 if error.error == "access_denied" else 400
    return render_template("refused.html", error=error), status


@app.errorhandler(JoseError)
def forged(error: JoseError) -> tuple[str, int]:
    """Refuse a token that does not hold."""
    app.logger.warning("token refused: %s", error)
    return render_template("refused.html", error=OAuthError("invalid_token")), 400


@app.errorhandler(requests.RequestException)
def unreachable(error: requests.RequestException) -> tuple[str, int]:
    """Say that somebody we need does not answer."""
    app.logger.warning("no answer: %s", error)
    return render_template("refused.html", error=OAuthError("temporarily_unavailable")), 502
