"""Settings: one frozen dataclass per section, one declaration per setting.

Read from the environment (``SIGNET_...``) and one optional TOML file, the environment first. A name that is
not declared refuses the start: a misspelt limit must not silently be the default.
"""

from dataclasses import dataclass

from flask import current_app

from app.core.sections_features import (
    ClientAuthentication,
    Devices,
    DynamicRegistration,
    Logout,
    Requests,
)
from app.core.sections_people import Outbound, Passwords, Retention, Sessions
from app.core.sections_protocol import Database, Keys, Server, Tokens


@dataclass(frozen=True)
class Settings:
    """All sections. Frozen: a running server never changes its mind."""

    server: Server
    database: Database
    keys: Keys
    tokens: Tokens
    sessions: Sessions
    passwords: Passwords
    outbound: Outbound
    retention: Retention
    registration: DynamicRegistration
    requests: Requests
    client_authentication: ClientAuthentication
    logout: Logout
    devices: Devices

    @property
    def issuer(self) -> str:
        """Return the issuer identifier, without a trailing slash."""
        return self.server.issuer

    @property
    def userinfo_audience(self) -> str:
        """Return the audience of access tokens for our own userinfo endpoint."""
        return f"{self.server.issuer}/userinfo"

    @property
    def is_secure(self) -> bool:
        """Tell whether browsers reach us over https."""
        return self.server.issuer.startswith("https://")


def current() -> Settings:
    """Return the settings of the running application."""
    settings: Settings = current_app.extensions["signet.settings"]
    return settings
