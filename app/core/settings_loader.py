"""From environment and file to :class:`~app.core.config.Settings`, or one clear line why not."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any, get_type_hints
from urllib.parse import urlsplit

from app.core import settings_coherence
from app.core.config import Settings
from app.core.errors import ConfigurationError
from app.core.loopback import is_loopback
from app.core.options import ENVIRONMENT_PREFIX, build, declared

CONFIG_FILE_VARIABLE = "SIGNET_CONFIG"
# The test suite's own switches live beside the product's settings and are not settings.
_NOT_SETTINGS = ("SIGNET_TEST_",)
_SIGNING_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")


def load(environment: Mapping[str, str] | None = None, *, folder: Path | None = None) -> Settings:
    """Return the settings found in ``environment`` and in the TOML file that it names, or ``signet.toml``.

    Raises:
        ConfigurationError: an unknown name, an unusable value, or a contradiction. One line, naming the place.
    """
    environment = os.environ if environment is None else environment
    sections = get_type_hints(Settings)
    values = _from_file(environment, folder or Path.cwd(), sections)
    known = {option.name for kind in sections.values() for _, option in declared(kind)}
    for name, raw in sorted(environment.items()):
        if not name.startswith(ENVIRONMENT_PREFIX) or name == CONFIG_FILE_VARIABLE:
            continue
        if name.startswith(_NOT_SETTINGS):
            continue
        short = name.removeprefix(ENVIRONMENT_PREFIX)
        if short not in known:
            raise ConfigurationError(f"{name} is not a setting of Signet{_nearest(short, known)}")
        values[short] = (name, raw)
    settings = Settings(**{name: build(kind, values) for name, kind in sections.items()})
    return _coherent(settings)


def _from_file(
    environment: Mapping[str, str], folder: Path, sections: dict[str, Any]
) -> dict[str, tuple[str, Any]]:
    named = environment.get(CONFIG_FILE_VARIABLE)
    path = Path(named) if named else folder / "signet.toml"
    if not path.is_file():
        if named:
            raise ConfigurationError(f"{CONFIG_FILE_VARIABLE}: there is no file {named}")
        return {}
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from None
    found = {}
    for section, table in tables.items():
        if section not in sections or not isinstance(table, dict):
            raise ConfigurationError(f"{path}: [{section}] is not a section of Signet's settings")
        names = {each.name: option.name for each, option in declared(sections[section])}
        for key, raw in table.items():
            if key not in names:
                raise ConfigurationError(f"{path}: {section}.{key} is not a setting of Signet")
            found[names[key]] = (f"{path}: {section}.{key}", raw)
    return found


def _nearest(name: str, known: set[str]) -> str:
    # Imported here: only a refusal needs it, and every start would pay for it.
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1)
    return f"; did you mean {ENVIRONMENT_PREFIX}{near[0]}?" if near else ""


def _coherent(settings: Settings) -> Settings:
    issuer = _issuer(settings.server.issuer)
    for name, networks in (
        ("SIGNET_TRUSTED_PROXIES", settings.server.trusted_proxies),
        ("SIGNET_OUTBOUND_ALLOW", settings.outbound.allow),
    ):
        for network in networks:
            try:
                ip_network(network)
            except ValueError as error:
                raise ConfigurationError(f"{name}: {error}") from None
    algorithms = tuple(dict.fromkeys(("RS256", *settings.keys.algorithms)))
    if unknown := set(algorithms) - set(_SIGNING_ALGORITHMS):
        raise ConfigurationError(
            f"SIGNET_SIGNING_ALGORITHMS: {', '.join(sorted(unknown))} is not supported"
        )
    _ordered(settings)
    settings_coherence.check(settings)
    return replace(
        settings,
        server=replace(settings.server, issuer=issuer),
        keys=replace(settings.keys, algorithms=algorithms),
    )


def _ordered(settings: Settings) -> None:
    pairs = (
        (
            "SIGNET_REFRESH_TOKEN_IDLE_LIFETIME",
            settings.tokens.refresh_token_idle_lifetime,
            "SIGNET_REFRESH_TOKEN_LIFETIME",
            settings.tokens.refresh_token_lifetime,
        ),
        (
            "SIGNET_SESSION_IDLE_TIMEOUT",
            settings.sessions.idle_timeout,
            "SIGNET_SESSION_ABSOLUTE_TIMEOUT",
            settings.sessions.absolute_timeout,
        ),
        (
            "SIGNET_JWKS_MAX_AGE",
            settings.keys.jwks_max_age,
            "SIGNET_KEY_ROTATION_INTERVAL",
            settings.keys.rotation_interval / 2,
        ),
    )
    for small_name, small, large_name, large in pairs:
        if small > large:
            raise ConfigurationError(
                f"{small_name} ({small}) is longer than {large_name} allows ({large})"
            )


def _issuer(issuer: str) -> str:
    try:
        parts = urlsplit(issuer)
        _ = parts.port
    except ValueError as error:
        raise ConfigurationError(f"SIGNET_ISSUER: {error}") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError("SIGNET_ISSUER must be an https URL")
    if parts.query or parts.fragment or "@" in parts.netloc or "?" in issuer or "#" in issuer:
        raise ConfigurationError(
            "SIGNET_ISSUER has no user, query or fragment (RFC 8414 section 2)"
        )
    if parts.path not in {"", "/"}:
        raise ConfigurationError("SIGNET_ISSUER has no path: Signet owns its host name")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ConfigurationError("SIGNET_ISSUER must be https, except on a loopback address")
    return issuer.rstrip("/")
