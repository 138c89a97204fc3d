"""The settings of sessions, passwords, outbound requests and retention, each with its reason."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from app.core.options import option

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Sessions:
    """How long a browser stays signed in."""

    idle_timeout: timedelta = option(
        12 * timedelta(hours=1),
        "SESSION_IDLE_TIMEOUT",
        "A session unused for this long is over.",
        spec="ASVS 5.0 7.3.1",
        minimum=_MINUTE,
        maximum=90 * _DAY,
    )
    absolute_timeout: timedelta = option(
        7 * _DAY,
        "SESSION_ABSOLUTE_TIMEOUT",
        "A session ends this long after the sign-in.",
        spec="ASVS 5.0 7.3.2",
        minimum=_MINUTE,
        maximum=365 * _DAY,
    )


@dataclass(frozen=True)
class Passwords:
    """Argon2id, and how sign-in is guarded against guessing."""

    argon2_memory_kib: int = option(
        19456,
        "ARGON2_MEMORY_KIB",
        "Argon2id memory (m), in KiB.",
        spec="ASVS 5.0 11.4.2",
        minimum=19456,
        maximum=4194304,
    )
    argon2_time_cost: int = option(
        2, "ARGON2_TIME_COST", "Argon2id passes (t).", minimum=1, maximum=64
    )
    argon2_parallelism: int = option(
        1,
        "ARGON2_PARALLELISM",
        "Argon2id lanes (p). Hashes of one lane are checked a quarter faster than any others.",
        minimum=1,
        maximum=16,
    )
    max_concurrent_hashes: int = option(
        2,
        "MAX_CONCURRENT_HASHES",
        "How many passwords one worker process hashes at the same time. Unless it is set, ``signet serve`` shares "
        "the processors out among its workers, at most two to each.",
        minimum=1,
        maximum=64,
    )
    max_waiting_hashes: int = option(
        6,
        "MAX_WAITING_HASHES",
        "How many more may wait for their turn in one worker; one more is answered with 503. Each keeps a thread "
        "from answering anything else.",
        minimum=0,
        maximum=10000,
    )
    max_hash_wait: timedelta = option(
        3 * _SECOND,
        "MAX_HASH_WAIT",
        "How long one waits for its turn before it is answered with 503.",
        minimum=timedelta(milliseconds=50),
        maximum=30 * _SECOND,
    )
    min_length: int = option(
        15,
        "PASSWORD_MIN_LENGTH",
        "The fewest characters of a password that a person chooses.",
        spec="ASVS 5.0 6.2.1",
        minimum=8,
        maximum=64,
    )
    free_attempts: int = option(
        5,
        "SIGN_IN_FREE_ATTEMPTS",
        "Failures for one account from one network before each further one costs a growing wait.",
        minimum=1,
        maximum=100,
    )
    max_delay: timedelta = option(
        _MINUTE,
        "SIGN_IN_MAX_DELAY",
        "The longest wait that failures can cause; a refused attempt never prolongs it, so nobody is locked out "
        "for good.",
        spec="ASVS 5.0 6.1.1",
        minimum=_SECOND,
        maximum=60 * _MINUTE,
    )
    address_free_attempts: int = option(
        30,
        "SIGN_IN_ADDRESS_FREE_ATTEMPTS",
        "Failures from one address, over all accounts, before it must wait.",
        minimum=1,
        maximum=10000,
    )
    failure_memory: timedelta = option(
        _DAY,
        "SIGN_IN_FAILURE_MEMORY",
        "Failures are forgotten this long after the last one.",
        minimum=_MINUTE,
        maximum=30 * _DAY,
    )


@dataclass(frozen=True)
class Outbound:
    """What this server may fetch from elsewhere: client logos today, and only through the guarded fetcher."""

    allow: tuple[str, ...] = option(
        (),
        "OUTBOUND_ALLOW",
        "Networks, such as 10.1.0.0/16, that the fetcher may reach beside the public ones.",
        spec="ASVS 5.0 1.3.6",
    )
    ca_bundle: Path | None = option(
        None,
        "CA_BUNDLE",
        "A PEM file of the certificate authorities to trust instead of the system's.",
        spec="ASVS 5.0 12.3.2",
    )
    timeout: timedelta = option(
        5 * _SECOND,
        "OUTBOUND_TIMEOUT",
        "One fetch takes at most this long, all in all.",
        minimum=_SECOND,
        maximum=_MINUTE,
    )
    max_bytes: int = option(
        262144, "OUTBOUND_MAX_BYTES", "A larger answer is refused.", minimum=1024, maximum=4194304
    )


@dataclass(frozen=True)
class Retention:
    """When what is over is deleted."""

    audit: timedelta = option(
        400 * _DAY,
        "AUDIT_RETENTION",
        "Audit events older than this are purged.",
        spec="ASVS 5.0 14.2.7",
        minimum=_DAY,
        maximum=3650 * _DAY,
    )
    ended: timedelta = option(
        _DAY,
        "ENDED_RETENTION",
        "Sessions and grants that are over are kept this long, so that a replay is still recognised.",
        minimum=_MINUTE,
        maximum=90 * _DAY,
    )
    purge_interval: timedelta = option(
        10 * _MINUTE,
        "PURGE_INTERVAL",
        "How often expired rows are deleted.",
        minimum=5 * _SECOND,
        maximum=_DAY,
    )
