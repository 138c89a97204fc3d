"""A server where clients may register themselves, behind a proxy that tells of their certificates."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from tests.support import databases
from tests.support.certificates import Authority, authority
from tests.support.server import Server

_SETTINGS = {
    "SIGNET_REGISTRATION_MODE": "open",
    "SIGNET_REGISTRATION_RATE": "10000",
    "SIGNET_SIGNING_ALGORITHMS": "RS256 PS256 ES256 EdDSA",
    "SIGNET_OUTBOUND_ALLOW": "127.0.0.0/8",
    "SIGNET_TRUSTED_PROXIES": "127.0.0.1",
    "SIGNET_CLIENT_CERTIFICATE_SOURCE": "header",
    "SIGNET_LOGOUT_DELIVERY_INTERVAL": "250ms",
}


@dataclass(frozen=True)
class Open:
    """A server where anybody may register, and those who certify for its clients."""

    server: Server
    authority: Authority
    redirect_uri: str = "https://app.example.test/callback"

    def register(self, **metadata: Any) -> dict[str, Any]:
        """Register a client as it would do it itself."""
        answer = requests.post(
            self.server.url("/register"), json=self.metadata(**metadata), timeout=30
        )
        assert answer.status_code == 201, answer.text
        registered: dict[str, Any] = answer.json()
        self.server.secrets.update(
            registered[name]
            for name in ("client_secret", "registration_access_token")
            if name in registered
        )
        return registered

    def metadata(self, **members: Any) -> dict[str, Any]:
        return {"redirect_uris": [self.redirect_uri], "client_name": "The Reading Room", **members}

    def given(self, registered: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {
            "issuer": self.server.issuer,
            "client_id": registered["client_id"],
            "client_secret": registered.get("client_secret"),
            "redirect_uri": self.redirect_uri,
            **more,
        }


@contextmanager
def running(engine: str, folder: Path) -> Iterator[Open]:
    """Run such a server on a database of ``engine`` for as long as the block."""
    issuer = authority(now=datetime.now(UTC))
    bundle = folder / "clients.pem"
    bundle.write_bytes(issuer.pem())
    settings = {**_SETTINGS, "SIGNET_CLIENT_CERTIFICATE_CA": str(bundle)}
    with databases.fresh(engine) as database:
        server = Server(folder, database, settings=settings)
        try:
            server.start()
            yield Open(server, issuer)
            server.stop()
        finally:
            server.kill_if_running()
