"""Answers that are the same for everybody, given from memory in front of Flask: metadata and keys.

Specs:
    RFC 9111 section 5.2.2     ``Cache-Control`` of an answer
    RFC 5861                   ``stale-while-revalidate`` and ``stale-if-error``
    RFC 9110 section 13        conditional requests
    Fetch Standard section 3.3     open to every origin

The bytes, their compressed form, tags and headers are made once for each change. The database is
asked at most twice a second, by a thread of its own: where requests keep coming, none of them waits
for it, and while it is slow or gone, the last known bytes are served.
"""

import gzip
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf
from queue import SimpleQueue
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any

import structlog
from flask import Flask

from app.core.config import Settings
from app.web import security_headers
from app.web.conditional import Content, accepts_gzip, entity_tag, match, none_match
from app.web.oauth import jwks, metadata

Header = tuple[str, str]
Load = Callable[[], Content]

# From this age on bytes are looked at again, and until that one they are served meanwhile.
_RECHECK_SECONDS = 0.45
_KNOWN_SECONDS = 0.9
# A request waits this long for newer bytes before it takes the known ones; the very first has none
# to take.
_PATIENCE = 0.25
_FIRST_PATIENCE = 10.0
_STALE_IF_ERROR = 3600
_ALLOWED = "GET, HEAD, OPTIONS"
_READING = ("GET", "HEAD")
# Not application/jwk-set+json (RFC 7517 section 8.5.2): OpenID Connect Discovery asks for
# application/json for the metadata, and clients in the field that look at the type at all expect
# the same of the keys.
_TYPE = ("Content-Type", "application/json")
_OPEN = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "ETag"),
)
_PREFLIGHT = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Methods", "GET, HEAD"),
    ("Access-Control-Allow-Headers", "*"),
    ("Access-Control-Max-Age", "86400"),
)
_NO_STORE = ("Cache-Control", "no-store")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Representation:
    """One content coding of a resource: its bytes and every header that goes with them."""

    tag: str
    body: bytes
    full: list[Header]
    unchanged: list[Header]


@dataclass(frozen=True)
class _Answers:
    """What a resource says now, plain and compressed."""

    content: Content
    plain: _Representation
    gzipped: _Representation


class _Frame:
    """What all answers of an installation have around them."""

    def __init__(self, settings: Settings) -> None:
        self.headers = (
            *_OPEN,
            *security_headers.for_machines(settings, resource_policy="cross-origin"),
        )
        # A cache may go on for this long after max-age. No key signs before every cache has had
        # max-age and the clock skew to notice it, so the skew is the time there is to give.
        self.revalidate = int(settings.keys.clock_skew.total_seconds())

    def answers(self, content: Content) -> _Answers:
        control = (
            f"public, max-age={content.max_age}, "
            f"stale-while-revalidate={content.at_most(self.revalidate)}, "
            f"stale-if-error={content.at_most(_STALE_IF_ERROR)}"
        )
        caching = (("Cache-Control", control), ("Vary", "Accept-Encoding"))
        packed = gzip.compress(content.body, 9, mtime=0)
        return _Answers(
            content,
            self._representation(content.body, caching),
            self._representation(packed, (*caching, ("Content-Encoding", "gzip"))),
        )

    def _representation(self, body: bytes, caching: tuple[Header, ...]) -> _Representation:
        tag = entity_tag(body)
        shared = [("ETag", tag), *caching[:2], *self.headers]
        full = [_TYPE, ("Content-Length", str(len(body))), *caching[2:], *shared]
        return _Representation(tag, body, full, shared)


class _Constant:
    """A resource that never changes while the process runs."""

    recheck_at = inf

    def __init__(self, answers: _Answers | None) -> None:
        self.answers = answers

    def recheck(self) -> None:
        """Nothing to look for."""


class _Watched(_Constant):
    """A resource that is looked at again, at most twice a second, and kept while looking fails."""

    recheck_at = -inf
    _known_until = -inf

    def __init__(self, load: Load, frame: _Frame) -> None:
        super().__init__(None)
        self._load = load
        self._frame = frame
        self._lock = Lock()
        self._begun = -inf
        self._done: Event | None = None
        self._failing = False
        self._wanted = SimpleQueue[None]()
        # It stays: who starts a thread waits until it runs, and on a busy machine that is long.
        self._looker = Thread()

    def recheck(self) -> None:
        """Look again, or join whoever does; with nothing young enough to serve, wait as long as it is worth it."""
        with self._lock:
            if monotonic() < self.recheck_at:
                return
            if self._done is None:
                if not self._looker.is_alive():
                    self._looker = Thread(
                        target=self._keep_looking, name="constant-answers", daemon=True
                    )
                    self._looker.start()
                self._done, self._begun = Event(), monotonic()
                self._wanted.put(None)
            done = self._done
            if monotonic() < self._known_until:
                return
        patience = _FIRST_PATIENCE if self.answers is None else _PATIENCE
        # Those who come late to a slow look do not wait for it once more.
        done.wait(max(0.0, self._begun + patience - monotonic()))

    def _keep_looking(self) -> None:
        while True:
            self._wanted.get()
            self._look()

    def _look(self) -> None:
        begun = monotonic()
        try:
            content = self._load()
            if self.answers is None or self.answers.content != content:
                self.answers = self._frame.answers(content)
            self._failing = False
        except Exception as error:  # noqa: BLE001 - whatever it is, the known bytes are served on
            begun = monotonic()
            if not self._failing:
                log.warning("constant_answer.stale", error=type(error).__name__)
            self._failing = True
        with self._lock:
            # The age counts from before the look: whatever changed since may be missing from it.
            self.recheck_at = begun + _RECHECK_SECONDS
            self._known_until = begun + _KNOWN_SECONDS
            done, self._done = self._done, None
        if done is not None:
            done.set()


def install(app: Flask) -> None:
    """Answer metadata and keys in front of ``app``."""
    settings: Settings = app.extensions["signet.settings"]
    frame = _Frame(settings)

    def load_keys() -> Content:
        with app.app_context():
            return jwks.content()

    document = _Constant(frame.answers(metadata.content(settings)))
    resources = dict.fromkeys(metadata.PATHS, document)
    resources[jwks.PATH] = _Watched(load_keys, frame)
    app.wsgi_app = in_front(app.wsgi_app, resources, frame)  # type: ignore[method-assign]


def in_front(inner: Any, resources: dict[str, _Constant], frame: _Frame) -> Any:
    """Return the application that answers ``resources`` and leaves the rest to ``inner``."""

    def answering(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        resource = resources.get(environ.get("PATH_INFO", ""))
        if resource is None:
            answer: Iterable[bytes] = inner(environ, start_response)
            return answer
        method = environ["REQUEST_METHOD"]
        if method not in _READING:
            return _not_read(method, frame, start_response)
        if monotonic() >= resource.recheck_at:
            resource.recheck()
        answers = resource.answers
        if answers is None:
            return _refused("503 Service Unavailable", frame, start_response, ("Retry-After", "2"))
        wanted = environ.get("HTTP_ACCEPT_ENCODING")
        packed = wanted is not None and accepts_gzip(wanted)
        chosen = answers.gzipped if packed else answers.plain
        if "HTTP_IF_NONE_MATCH" in environ or "HTTP_IF_MATCH" in environ:
            condition = _condition(environ, chosen.tag)
            if condition is not None:
                # The server may change the list that it gets.
                start_response(condition, [*chosen.unchanged])
                return []
        start_response("200 OK", [*chosen.full])
        return [chosen.body] if method == "GET" else []

    return answering


def _condition(environ: dict[str, Any], tag: str) -> str | None:
    """Return the status that a condition demands in place of 200 (RFC 9110 section 13.2.2)."""
    wanted = environ.get("HTTP_IF_MATCH")
    if wanted is not None and not match(wanted, tag):
        return "412 Precondition Failed"
    known = environ.get("HTTP_IF_NONE_MATCH")
    if known is not None and not none_match(known, tag):
        return "304 Not Modified"
    return None


def _not_read(method: str, frame: _Frame, start_response: Any) -> Iterable[bytes]:
    if method == "OPTIONS":
        headers = [*_PREFLIGHT, *frame.headers[len(_OPEN) :], ("Allow", _ALLOWED)]
        start_response("204 No Content", headers)
        return []
    return _refused("405 Method Not Allowed", frame, start_response, ("Allow", _ALLOWED))


def _refused(status: str, frame: _Frame, start_response: Any, extra: Header) -> Iterable[bytes]:
    number, title = status.split(" ", 1)
    body = f'{{"type":"about:blank","title":"{title}","status":{number}}}'.encode()
    kind = ("Content-Type", "application/problem+json")
    length = ("Content-Length", str(len(body)))
    start_response(status, [kind, length, _NO_STORE, extra, *frame.headers])
    return [body]
