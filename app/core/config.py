"""Settings: one frozen dataclass per section, one declaration per setting.

Read from the environment (``SIGNET_...``) and one optional TOML file, the environment first. A name that is
not declared refuses the start: a misspelt limit must not silently be the default.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from flask import current_app

from app.core.options import option

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Server:
    """Who we are on the network and how we listen."""

    issuer: str = option("http://127.0.0.1:8000", "ISSUER",
        "The issuer identifier in every token, and the base of every URL we publish; never taken from a request. "
        "https, or http on a loopback address.", spec="RFC 8414 section 2")
    product_name: str = option("Signet", "PRODUCT_NAME", "The name that pages show to people.")
    trusted_proxies: tuple[str, ...] = option((), "TRUSTED_PROXIES",
        "Networks whose X-Forwarded-For we believe; from anybody else it is ignored.", spec="ASVS 5.0 4.1.3")
    max_body_bytes: int = option(65536, "MAX_BODY_BYTES", "Larger request bodies are refused with 413.",
        minimum=4096, maximum=1048576)
    default_language: str = option("en", "DEFAULT_LANGUAGE",
        "The language of pages when neither ui_locales nor the browser asks for one we have.", choices=("en", "de"))
    metrics_token: str | None = option(None, "METRICS_TOKEN",
        "The bearer token that /metrics asks for; without it there is no /metrics.", secret=True)
    log_level: str = option("info", "LOG_LEVEL", "The least severe event that is logged.",
        choices=("debug", "info", "warning", "error"))
    log_format: str = option("json", "LOG_FORMAT", "One JSON object a line, or text for a person's terminal.",
        choices=("json", "text"))
    jobs: bool = option(True, "JOBS", "Whether the workers of this process also purge and rotate in the background.")  # noqa: FBT003


@dataclass(frozen=True)
class Database:
    """Where state is kept."""

    url: str = option("sqlite:///signet.sqlite3", "DATABASE_URL",
        "SQLite file, or postgresql+psycopg://user:password@host/name.", secret=True)
    busy_timeout: timedelta = option(5 * _SECOND, "DATABASE_BUSY_TIMEOUT",
        "How long a statement waits for a lock before the request is answered with 503.",
        minimum=timedelta(milliseconds=100), maximum=_MINUTE)
    statement_timeout: timedelta = option(10 * _SECOND, "DATABASE_STATEMENT_TIMEOUT",
        "PostgreSQL ends a statement that runs longer.", minimum=_SECOND, maximum=10 * _MINUTE)
    pool_size: int = option(8, "DATABASE_POOL_SIZE", "Connections kept by each worker process; no more are opened.",
        minimum=1, maximum=200)
    auto_upgrade: bool = option(True, "DATABASE_AUTO_UPGRADE",  # noqa: FBT003
        "Whether `signet serve` migrates the database before it listens.")


@dataclass(frozen=True)
class Keys:
    """Root keys at rest and the life of signing keys."""

    directory: Path = option(Path("keys"), "KEYS_DIR", "The folder of the root key files.")
    root_key: str | None = option(None, "ROOT_KEY",
        "The root key itself, 32 bytes in base64url, from a secret manager; several, the newest first, are separated "
        "by commas. The folder is then not read.", secret=True)
    rotation_interval: timedelta = option(90 * _DAY, "KEY_ROTATION_INTERVAL",
        "The age at which a signing key hands over to the next.", minimum=_DAY, maximum=730 * _DAY)
    jwks_max_age: timedelta = option(15 * _MINUTE, "JWKS_MAX_AGE",
        "How long anybody may cache our keys. A new key signs nothing until every cache has had this time to "
        "notice it.", spec="OpenID Connect Core 1.0 section 10.1.1", minimum=_MINUTE, maximum=_DAY)
    clock_skew: timedelta = option(_MINUTE, "CLOCK_SKEW", "By how much clocks may disagree.",
        minimum=timedelta(0), maximum=5 * _MINUTE)
    algorithms: tuple[str, ...] = option(("RS256",), "SIGNING_ALGORITHMS",
        "The signing algorithms for which a key is kept; RS256 always, any of PS256, ES256 and EdDSA beside it.",
        spec="OpenID Connect Discovery 1.0 section 3")
    rsa_bits: int = option(2048, "RSA_BITS",
        "The size of new RSA keys. 3072 gives 128-bit strength at a third of the speed.", minimum=2048, maximum=4096)


@dataclass(frozen=True)
class Tokens:
    """The life of what we issue."""

    authorization_code_lifetime: timedelta = option(_MINUTE, "AUTHORIZATION_CODE_LIFETIME",
        "A code is redeemed at once by the client that asked for it.", spec="RFC 6749 section 4.1.2",
        minimum=5 * _SECOND, maximum=10 * _MINUTE)
    access_token_lifetime: timedelta = option(10 * _MINUTE, "ACCESS_TOKEN_LIFETIME",
        "How long a resource server that verifies locally believes a token.", minimum=_MINUTE, maximum=_DAY)
    id_token_lifetime: timedelta = option(10 * _MINUTE, "ID_TOKEN_LIFETIME",
        "How long after its issue a client may still accept an ID token.", minimum=_MINUTE, maximum=_DAY)
    refresh_token_idle_lifetime: timedelta = option(30 * _DAY, "REFRESH_TOKEN_IDLE_LIFETIME",
        "A grant that is not refreshed for this long ends.", minimum=_MINUTE, maximum=730 * _DAY)
    refresh_token_lifetime: timedelta = option(180 * _DAY, "REFRESH_TOKEN_LIFETIME",
        "A grant ends this long after the sign-in, however often it is refreshed.", spec="ASVS 5.0 10.4.8",
        minimum=_MINUTE, maximum=3650 * _DAY)
    refresh_token_reuse_leeway: timedelta = option(10 * _SECOND, "REFRESH_TOKEN_REUSE_LEEWAY",
        "A refresh token just spent, presented again within this time, is a retry and gets the same successor; "
        "0 is strict.", spec="RFC 9700 section 4.14.2", minimum=timedelta(0), maximum=_MINUTE)
    interaction_lifetime: timedelta = option(60 * _MINUTE, "INTERACTION_LIFETIME",
        "How long a person may take between arriving at the sign-in page and finishing.", minimum=_MINUTE,
        maximum=_DAY)


@dataclass(frozen=True)
class Sessions:
    """How long a browser stays signed in."""

    idle_timeout: timedelta = option(12 * timedelta(hours=1), "SESSION_IDLE_TIMEOUT",
        "A session unused for this long is over.", spec="ASVS 5.0 7.3.1", minimum=_MINUTE, maximum=90 * _DAY)
    absolute_timeout: timedelta = option(7 * _DAY, "SESSION_ABSOLUTE_TIMEOUT",
        "A session ends this long after the sign-in.", spec="ASVS 5.0 7.3.2", minimum=_MINUTE, maximum=365 * _DAY)


@dataclass(frozen=True)
class Passwords:
    """Argon2id, and how sign-in is guarded against guessing."""

    argon2_memory_kib: int = option(19456, "ARGON2_MEMORY_KIB", "Argon2id memory (m), in KiB.",
        spec="ASVS 5.0 11.4.2", minimum=19456, maximum=4194304)
    argon2_time_cost: int = option(2, "ARGON2_TIME_COST", "Argon2id passes (t).", minimum=1, maximum=64)
    argon2_parallelism: int = option(1, "ARGON2_PARALLELISM", "Argon2id lanes (p).", minimum=1, maximum=16)
    max_concurrent_hashes: int = option(2, "MAX_CONCURRENT_HASHES",
        "How many passwords one worker process hashes at the same time.", minimum=1, maximum=64)
    max_waiting_hashes: int = option(16, "MAX_WAITING_HASHES",
        "How many more may wait for their turn in one worker; one more is answered with 503.", minimum=0, maximum=10000)
    max_hash_wait: timedelta = option(3 * _SECOND, "MAX_HASH_WAIT",
        "How long one waits for its turn before it is answered with 503.", minimum=timedelta(milliseconds=50),
        maximum=30 * _SECOND)
    min_length: int = option(15, "PASSWORD_MIN_LENGTH", "The fewest characters of a password that a person chooses.",
        spec="ASVS 5.0 6.2.1", minimum=8, maximum=64)
    free_attempts: int = option(5, "SIGN_IN_FREE_ATTEMPTS",
        "Failures for one account from strangers before each further one costs a growing wait.", minimum=1, maximum=100)
    max_delay: timedelta = option(_MINUTE, "SIGN_IN_MAX_DELAY",
        "The longest wait that failures can cause; a refused attempt never prolongs it, so nobody is locked out "
        "for good.", spec="ASVS 5.0 6.1.1", minimum=_SECOND, maximum=60 * _MINUTE)
    address_free_attempts: int = option(30, "SIGN_IN_ADDRESS_FREE_ATTEMPTS",
        "Failures from one address, over all accounts, before it must wait.", minimum=1, maximum=10000)
    failure_memory: timedelta = option(_DAY, "SIGN_IN_FAILURE_MEMORY",
        "Failures are forgotten this long after the last one.", minimum=_MINUTE, maximum=30 * _DAY)


@dataclass(frozen=True)
class Outbound:
    """What this server may fetch from elsewhere: client logos today, and only through the guarded fetcher."""

    allow: tuple[str, ...] = option((), "OUTBOUND_ALLOW",
        "Networks, such as 10.1.0.0/16, that the fetcher may reach beside the public ones.", spec="ASVS 5.0 1.3.6")
    ca_bundle: Path | None = option(None, "CA_BUNDLE", "A PEM file of the certificate authorities to trust instead "
        "of the system's.", spec="ASVS 5.0 12.3.2")
    timeout: timedelta = option(5 * _SECOND, "OUTBOUND_TIMEOUT", "One fetch takes at most this long, all in all.",
        minimum=_SECOND, maximum=_MINUTE)
    max_bytes: int = option(262144, "OUTBOUND_MAX_BYTES", "A larger answer is refused.", minimum=1024, maximum=4194304)


@dataclass(frozen=True)
class Retention:
    """When what is over is deleted."""

    audit: timedelta = option(400 * _DAY, "AUDIT_RETENTION", "Audit events older than this are purged.",
        spec="ASVS 5.0 14.2.7", minimum=_DAY, maximum=3650 * _DAY)
    ended: timedelta = option(_DAY, "ENDED_RETENTION",
        "Sessions and grants that are over are kept this long, so that a replay is still recognised.",
        minimum=_MINUTE, maximum=90 * _DAY)
    purge_interval: timedelta = option(10 * _MINUTE, "PURGE_INTERVAL", "How often expired rows are deleted.",
        minimum=5 * _SECOND, maximum=_DAY)


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
