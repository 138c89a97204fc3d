"""Figures for Prometheus: what was asked, how it went, how long it took.

Under ``signet serve`` all workers add to files in one private folder and any of them answers for
all; elsewhere each process speaks for itself. The library is imported at the first figure, so that
a command which counts nothing does not pay for it.
"""

import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# The library's own variable; read by it once, when it is first imported.
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

# From a cached answer to a password hash that waited for its turn, in seconds.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_LIVE_FILE = re.compile(r"gauge_live\w*_(\d+)\.db")


class _Families(NamedTuple):
    registry: Any
    requests: Any
    latency: Any
    sign_ins: Any
    tokens: Any
    reuse: Any
    database_errors: Any
    hashing: Any
    logouts: Any


@cache
def _families() -> _Families:
    import prometheus_client as prometheus

    registry = prometheus.CollectorRegistry()

    def counter(name: str, says: str, *labels: str) -> Any:
        return prometheus.Counter(f"signet_{name}", says, labels, registry=registry)

    return _Families(
        registry,
        counter("requests", "Answered requests.", "endpoint", "method", "status"),
        prometheus.Histogram(
            "signet_request_seconds", "Time to answer.", ("endpoint",),
            buckets=_BUCKETS, registry=registry,
        ),
        counter("sign_ins", "Attempts to sign in.", "outcome"),
        counter("tokens_issued", "Answers of the token endpoint with tokens.", "grant_type"),
        counter("refresh_token_reuse", "Refresh tokens that came back after they were spent."),
        counter("database_errors", "Requests that the database could not serve."),
        prometheus.Gauge(
            "signet_password_hashes", "Password hashes by state.", ("state",),
            registry=registry, multiprocess_mode="livesum",
        ),
        counter("logout_deliveries", "Attempts to tell clients of a sign-out.", "outcome"),
    )  # fmt: skip


@cache
def _request_figures(endpoint: str, method: str, status: str) -> tuple[Callable[..., None], ...]:
    # Looking a child up by its labels costs more than counting; the names are our own and few.
    families = _families()
    return (
        families.requests.labels(endpoint, method, status).inc,
        families.latency.labels(endpoint).observe,
    )


_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})


def request(endpoint: str, *, method: str, status: int, seconds: float) -> None:
    """Count one answered request.

    ``endpoint`` is the name of the view, never the path: a path is a stranger's word, and each new
    one would be a new series. ``seconds`` is the time from the first byte to the answer.
    """
    known = method if method in _METHODS else "other"
    count, observe = _request_figures(endpoint, known, f"{status // 100}xx")
    count()
    observe(seconds)


# As above: each is looked up once.
@cache
def _signing_in(outcome: str) -> Callable[[], None]:
    count: Callable[[], None] = _families().sign_ins.labels(outcome).inc
    return count


@cache
def _hashing(state: str) -> Callable[[int], None]:
    move: Callable[[int], None] = _families().hashing.labels(state).inc
    return move


def sign_in(outcome: str) -> None:
    """Count an attempt to sign in: ``success``, ``refused`` or ``throttled``."""
    _signing_in(outcome)()


def tokens_issued(grant_type: str) -> None:
    """Count a token answer."""
    _families().tokens.labels(grant_type).inc()


def refresh_token_reused() -> None:
    """Count a refresh token that came back after it was spent."""
    _families().reuse.inc()


def database_error() -> None:
    """Count a request that the database could not serve."""
    _families().database_errors.inc()


def password_hashes(state: str, change: int) -> None:
    """Move the number of password hashes that are ``running`` or ``waiting`` by ``change``."""
    _hashing(state)(change)


def logout_deliveries(outcome: str, count: int) -> None:
    """Count attempts to tell clients of a sign-out: ``postponed``, or how they ended."""
    _families().logouts.labels(outcome).inc(count)


def expose() -> bytes:
    """Return all figures in the text format of Prometheus; where workers share, of all of them."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = _families().registry
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder:
        _forget_the_dead(Path(folder))
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _forget_the_dead(folder: Path) -> None:
    # A worker that crashed while it hashed would be counted as hashing for ever.
    for path in folder.glob("gauge_live*_*.db"):
        match = _LIVE_FILE.fullmatch(path.name)
        if match and not Path(f"/proc/{match[1]}").exists() and Path("/proc/self").exists():
            path.unlink(missing_ok=True)
