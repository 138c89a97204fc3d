"""A walk through what the server says about itself, and the names that it might say beside.

``UNIVERSE`` holds the registered names of each kind, whether we offer them or not: what the document
names must work, and every other must be refused. It is written down here and taken from nowhere in the
product, so whoever adds a feature and forgets to announce it finds out.
"""

import base64
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import update
from werkzeug.test import TestResponse

from app.core.errors import InvalidInputError
from app.models.clients import Client as ClientRow
from tests.support import certificates
from tests.support import provider as providers
from tests.support.certificates import Authority, Wanted, authority, self_signed
from tests.support.client_keys import asserted, jwks, key
from tests.support.provider import ISSUER, START, Browser, Provider, request_parameters

CLAIMS = {
    "given_name": "Ada", "family_name": "Lovelace", "middle_name": "B", "nickname": "Countess",
    "profile": "https://ada.example", "picture": "https://ada.example/p.png",
    "website": "https://ada.example", "gender": "female", "birthdate": "1815-12-10",
    "zoneinfo": "Europe/London", "locale": "en-GB", "phone_number": "+44 20 7946 0000",
    "phone_number_verified": True, "address": {"country": "England"},
}  # fmt: skip
_SIGNATURES = (
    "none", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256",
    "ES384", "ES512", "ES256K", "EdDSA", "Ed25519", "Ed448", "ML-DSA-44",
)  # fmt: skip
UNIVERSE: dict[str, tuple[str, ...]] = {
    "signature": _SIGNATURES,
    "key management": (
        "RSA1_5", "RSA-OAEP", "RSA-OAEP-256", "RSA-OAEP-384", "RSA-OAEP-512", "A128KW", "A192KW",
        "A256KW", "dir", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW", "A128GCMKW", "A256GCMKW",
        "PBES2-HS256+A128KW",
    ),
    "content encryption": (
        "A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM", "A256GCM",
    ),
    "authentication": (
        "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt",
        "tls_client_auth", "self_signed_tls_client_auth", "none", "attest_jwt_client_auth",
    ),
    "grant type": (
        "authorization_code", "refresh_token", "client_credentials", "password", "implicit",
        "urn:ietf:params:oauth:grant-type:device_code", "urn:openid:params:grant-type:ciba",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:saml2-bearer",
    ),
    "response type": (
        "code", "token", "id_token", "none", "id_token token", "code token", "code id_token",
        "code id_token token",
    ),
    "response mode": (
        "query", "fragment", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt",
        "web_message", "direct_post",
    ),
    "challenge method": ("S256", "plain", "S512"),
    "prompt": ("none", "login", "consent", "select_account", "create"),
    "subject type": ("public", "pairwise", "ephemeral"),
}  # fmt: skip
# Where each address of the document is, and how it is asked.
ADDRESSES = {
    "authorization_endpoint": ("GET", "/authorize"),
    "token_endpoint": ("POST", "/token"),
    "userinfo_endpoint": ("GET", "/userinfo"),
    "jwks_uri": ("GET", "/.well-known/jwks.json"),
    "introspection_endpoint": ("POST", "/introspect"),
    "revocation_endpoint": ("POST", "/revoke"),
    "end_session_endpoint": ("GET", "/end_session"),
    "pushed_authorization_request_endpoint": ("POST", "/par"),
    "device_authorization_endpoint": ("POST", "/device_authorization"),
    "registration_endpoint": ("POST", "/register"),
    "check_session_iframe": ("GET", "/check_session"),
    "backchannel_authentication_endpoint": ("POST", "/backchannel_authentication"),
}
EVERY_ALGORITHM = "RS256 PS256 ES256 EdDSA"
_ON = {
    "SIGNING_ALGORITHMS": EVERY_ALGORITHM,
    "REGISTRATION_MODE": "open",
    "REGISTRATION_RATE": "10000",
    "CLIENT_CERTIFICATE_SOURCE": "header",
    "TRUSTED_PROXIES": "127.0.0.1",
    "PUBLIC_REQUEST_RATE": "10000",
}
PROFILES: dict[str, dict[str, str]] = {
    "everything": _ON,
    "as little as possible": {
        "SIGNING_ALGORITHMS": "RS256",
        "REQUEST_OBJECTS": "false",
        "REQUEST_URIS": "false",
        "CLIENT_ASSERTIONS": "false",
        "BACK_CHANNEL_LOGOUT": "false",
        "FRONT_CHANNEL_LOGOUT": "false",
        "DEVICE_AUTHORIZATION": "false",
    },
    "as it comes": {},
    "pushed": {"REQUIRE_PUSHED_AUTHORIZATION_REQUESTS": "true", "SIGNING_ALGORITHMS": "ES256"},
}
_CERTIFIED = "CN=walker,O=Example"
# A name by which the product knows each method, and what a client needs to register for it.
_NEEDS: dict[str, dict[str, Any]] = {
    "tls_client_auth": {"tls_client_auth_subject_dn": _CERTIFIED},
}


@dataclass
class Walk:
    """A server of one profile, what it says, and a person who is signed in there."""

    provider: Provider
    authority: Authority
    document: dict[str, Any] = field(default_factory=dict)
    browser: Browser | None = None

    def start(self) -> "Walk":
        self.document = dict(
            self.provider.app.test_client().get("/.well-known/openid-configuration").json
        )
        self.provider.user(email="ada@example.com", email_verified=True, roles=("reader",))
        self.browser = self.provider.browser()
        self.browser.sign_in(self.browser.get("/login"))
        return self

    def announced(self, member: str) -> list[str]:
        return list(self.document.get(member, ()))

    def absent(self, kind: str, member: str) -> list[str]:
        """Return the names of a kind that the document does not hold."""
        return [name for name in UNIVERSE[kind] if name not in self.announced(member)]

    def client(self, **values: Any) -> str:
        """Register a client and return its name."""
        client_id = f"walker-{secrets.token_hex(6)}"
        self.provider.client(client_id, **values)
        return client_id

    def refuses(self, **values: Any) -> bool:
        """Tell whether nobody may register with ``values``."""
        try:
            self.client(**values)
        except InvalidInputError:
            return True
        return False

    def client_of(self, method: str, **values: Any) -> str:
        """Register a client that authenticates by ``method``."""
        needs = {"jwks": jwks(key("ES256")), **_NEEDS.get(method, {}), **values}
        grants = ["authorization_code", "refresh_token"]
        if "device_authorization_endpoint" in self.document:
            grants.append("urn:ietf:params:oauth:grant-type:device_code")
        return self.client(
            token_endpoint_auth_method=method, **{"grant_types": tuple(grants), **needs}
        )

    def alter(self, client_id: str, **columns: Any) -> None:
        """Write into the table what no registration would let through."""
        self.provider.do(self._write, client_id, columns)

    @staticmethod
    def _write(client_id: str, columns: dict[str, Any]) -> None:
        from app.core.db import db

        db.session.execute(
            update(ClientRow).where(ClientRow.client_id == client_id).values(**columns)
        )

    def prove(self, method: str, client_id: str, path: str, **form: str) -> TestResponse:
        """POST ``form`` as ``client_id``, which proves itself by ``method``."""
        secret = self.provider.secrets.get(client_id) or "s" * 43
        more: dict[str, str] = {"client_id": client_id}
        headers = {}
        match method:
            case "client_secret_basic":
                pair = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
                headers["Authorization"] = f"Basic {pair}"
            case "client_secret_post":
                more["client_secret"] = secret
            case "client_secret_jwt":
                more |= asserted(secret, client_id, ISSUER, now=self.provider.at)
            case "private_key_jwt":
                more |= asserted(key("ES256"), client_id, ISSUER, now=self.provider.at)
            case "tls_client_auth":
                shown = self.authority.certify(
                    key("ES256"), Wanted(subject=_CERTIFIED), now=self.provider.at
                )
                headers["Client-Cert"] = certificates.as_byte_sequence(shown)
            case "self_signed_tls_client_auth":
                shown = self_signed(key("ES256"), now=self.provider.at)
                headers["Client-Cert"] = certificates.as_byte_sequence(shown)
        return self.provider.post(path, {**form, **more}, auth=None, headers=headers)

    def authorize(self, client_id: str, **changes: str | None) -> TestResponse:
        """Ask for an authorization, pushed where that is demanded."""
        assert self.browser is not None
        # A sign-in of this very instant would pass for the one that is asked for.
        self.provider.pass_time(seconds=1)
        parameters = request_parameters(client_id=client_id, **changes)
        if self.document.get("require_pushed_authorization_requests"):
            pushed = self.provider.post("/par", parameters, auth=client_id)
            if pushed.status_code != 201:
                return pushed
            parameters = {"client_id": client_id, "request_uri": pushed.json["request_uri"]}
        return self.browser.http.get("/authorize", query_string=parameters)

    def arrived(self, client_id: str, **changes: str | None) -> TestResponse:
        """Ask for an authorization and follow our own redirects."""
        assert self.browser is not None
        return self.browser._arrive(self.authorize(client_id, **changes))


def error_of(answer: TestResponse) -> str | None:
    """Return the error that ``answer`` tells, in its query or as JSON; ``page`` for a page that refuses."""
    if answer.status_code == 303:
        location = urlsplit(answer.headers["Location"])
        pairs = [each.partition("=") for each in location.query.split("&")]
        return next((value for name, _, value in pairs if name == "error"), None)
    if answer.is_json and answer.json is not None:
        return answer.json.get("error")
    return "page" if answer.status_code >= 400 else None


def walk(folder: Path, profile: str) -> Walk:
    """Start a server of ``profile``."""
    issuer = authority(now=START)
    settings = PROFILES[profile]
    if settings.get("CLIENT_CERTIFICATE_SOURCE"):
        bundle = folder / "clients.pem"
        bundle.write_bytes(issuer.pem())
        settings = {**settings, "CLIENT_CERTIFICATE_CA": str(bundle)}
    return Walk(providers.create(folder, **settings), issuer).start()
