"""The settings of server, database, keys and tokens, each with its default and the reason for it."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from app.core.options import option

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Server:
    """Who we are on the network and how we listen."""

    issuer: str = option(
        "http://127.0.0.1:8000",
        "ISSUER",
        "The issuer identifier in every token, and the base of every URL we publish; never taken from a request. "
        "https, or http on a loopback address.",
        spec="RFC 8414 section 2",
    )
    product_name: str = option("Signet", "PRODUCT_NAME", "The name that pages show to people.")
    trusted_proxies: tuple[str, ...] = option(
        (),
        "TRUSTED_PROXIES",
        "Networks whose X-Forwarded-For we believe; from anybody else it is ignored.",
        spec="ASVS 5.0 4.1.3",
    )
    max_body_bytes: int = option(
        65536,
        "MAX_BODY_BYTES",
        "Larger request bodies are refused with 413.",
        minimum=4096,
        maximum=1048576,
    )
    max_concurrent_requests: int = option(
        14,
        "MAX_CONCURRENT_REQUESTS",
        "Requests that one process works on at once, keys and metadata not counted. The rest waits, and is refused "
        "while none of these comes to an end. Keep it below the threads of a process; ``signet serve`` does.",
        minimum=1,
        maximum=1000,
        spec="ASVS 5.0 15.2.2",
    )
    default_language: str = option(
        "en",
        "DEFAULT_LANGUAGE",
        "The language of pages when neither ui_locales nor the browser asks for one we have.",
        choices=("en", "de"),
    )
    metrics_token: str | None = option(
        None,
        "METRICS_TOKEN",
        "The bearer token that /metrics asks for; without it there is no /metrics.",
        secret=True,
    )
    log_level: str = option(
        "info",
        "LOG_LEVEL",
        "The least severe event that is logged.",
        choices=("debug", "info", "warning", "error"),
    )
    log_format: str = option(
        "json",
        "LOG_FORMAT",
        "One JSON object a line, or text for a person's terminal.",
        choices=("json", "text"),
    )
    jobs: bool = option(
        True, "JOBS", "Whether the workers of this process also purge and rotate in the background."
    )


@dataclass(frozen=True)
class Database:
    """Where state is kept."""

    url: str = option(
        "sqlite:///signet.sqlite3",
        "DATABASE_URL",
        "SQLite file, or postgresql+psycopg://user:password@host/name.",
        secret=True,
    )
    busy_timeout: timedelta = option(
        5 * _SECOND,
        "DATABASE_BUSY_TIMEOUT",
        "How long a statement waits for a lock before the request is answered with 503.",
        minimum=timedelta(milliseconds=100),
        maximum=_MINUTE,
    )
    statement_timeout: timedelta = option(
        10 * _SECOND,
        "DATABASE_STATEMENT_TIMEOUT",
        "PostgreSQL ends a statement that runs longer.",
        minimum=_SECOND,
        maximum=10 * _MINUTE,
    )
    pool_size: int = option(
        8,
        "DATABASE_POOL_SIZE",
        "Connections kept by each worker process; no more are opened.",
        minimum=1,
        maximum=200,
    )
    auto_upgrade: bool = option(
        True,
        "DATABASE_AUTO_UPGRADE",
        "Whether `signet serve` migrates the database before it listens.",
    )


@dataclass(frozen=True)
class Keys:
    """Root keys at rest and the life of signing keys."""

    directory: Path = option(Path("keys"), "KEYS_DIR", "The folder of the root key files.")
    root_key: str | None = option(
        None,
        "ROOT_KEY",
        "The root key itself, 32 bytes in base64url, from a secret manager; several, the newest first, are separated "
        "by commas. The folder is then not read.",
        secret=True,
    )
    rotation_interval: timedelta = option(
        90 * _DAY,
        "KEY_ROTATION_INTERVAL",
        "The age at which a signing key hands over to the next.",
        minimum=_DAY,
        maximum=730 * _DAY,
    )
    jwks_max_age: timedelta = option(
        15 * _MINUTE,
        "JWKS_MAX_AGE",
        "How long anybody may cache our keys. A new key signs nothing until every cache has had this time to "
        "notice it.",
        spec="OpenID Connect Core 1.0 section 10.1.1",
        minimum=_MINUTE,
        maximum=_DAY,
    )
    clock_skew: timedelta = option(
        _MINUTE,
        "CLOCK_SKEW",
        "By how much clocks may disagree.",
        minimum=timedelta(0),
        maximum=5 * _MINUTE,
    )
    algorithms: tuple[str, ...] = option(
        ("RS256",),
        "SIGNING_ALGORITHMS",
        "The signing algorithms for which a key is kept; RS256 always, any of PS256, ES256 and EdDSA beside it.",
        spec="OpenID Connect Discovery 1.0 section 3",
    )
    rsa_bits: int = option(
        2048,
        "RSA_BITS",
        "The size of new RSA keys. 3072 gives 128-bit strength at a third of the speed.",
        minimum=2048,
        maximum=4096,
    )


@dataclass(frozen=True)
class Tokens:
    """The life of what we issue."""

    authorization_code_lifetime: timedelta = option(
        _MINUTE,
        "AUTHORIZATION_CODE_LIFETIME",
        "A code is redeemed at once by the client that asked for it.",
        spec="RFC 6749 section 4.1.2",
        minimum=5 * _SECOND,
        maximum=10 * _MINUTE,
    )
    access_token_lifetime: timedelta = option(
        10 * _MINUTE,
        "ACCESS_TOKEN_LIFETIME",
        "How long a resource server that verifies locally believes a token.",
        minimum=_MINUTE,
        maximum=_DAY,
    )
    id_token_lifetime: timedelta = option(
        10 * _MINUTE,
        "ID_TOKEN_LIFETIME",
        "How long after its issue a client may still accept an ID token.",
        minimum=_MINUTE,
        maximum=_DAY,
    )
    refresh_token_idle_lifetime: timedelta = option(
        30 * _DAY,
        "REFRESH_TOKEN_IDLE_LIFETIME",
        "A grant that is not refreshed for this long ends, at most a 256th of it later.",
        minimum=_MINUTE,
        maximum=730 * _DAY,
    )
    refresh_token_lifetime: timedelta = option(
        180 * _DAY,
        "REFRESH_TOKEN_LIFETIME",
        "A grant ends this long after the sign-in, however often it is refreshed.",
        spec="ASVS 5.0 10.4.8",
        minimum=_MINUTE,
        maximum=3650 * _DAY,
    )
    refresh_token_reuse_leeway: timedelta = option(
        10 * _SECOND,
        "REFRESH_TOKEN_REUSE_LEEWAY",
        "A refresh token just spent, presented again within this time, is a retry and gets the same successor; "
        "0 is strict.",
        spec="RFC 9700 section 4.14.2",
        minimum=timedelta(0),
        maximum=_MINUTE,
    )
    interaction_lifetime: timedelta = option(
        60 * _MINUTE,
        "INTERACTION_LIFETIME",
        "How long a person may take between arriving at the sign-in page and finishing.",
        minimum=_MINUTE,
        maximum=_DAY,
    )
