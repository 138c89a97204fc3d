"""Structured logs: one event, one line, and nothing in it that opens a door.

Specs:
    ASVS 5.0 16.2.5, 16.4.1   no credential in a log, no line forged by what a stranger sent

Every part of the program, ours and the libraries', passes through the same chain, so a library
cannot say what we may not. Redaction is a last line of defence: whoever logs a secret has made a
mistake, and this module makes it harmless. It is no reason to log one.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import structlog

from app.core.config import Settings

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_HIDDEN = "[redacted]"
_SECRET_NAMES = frozenset({
    "password", "passwd", "secret", "token", "code", "assertion", "cookie", "set-cookie",
    "authorization", "proxy-authorization", "credentials", "authorization_code", "id_token_hint",
    "root_key", "private_key",
})  # fmt: skip
_SECRET_ENDINGS = (
    "_password", "_secret", "_token", "_cookie", "_assertion", "_verifier", "-token", "-cookie",
)  # fmt: skip
# What we make, by its prefix, and any JWS or JWE in compact form, whoever made it.
_OUR_TOKEN = re.compile(r"\b(sg[a-z]{1,3}_)[A-Za-z0-9_-]{12,}")
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){2,4}")
_QUERY = re.compile(
    r"(?i)\b((?:code|code_verifier|\w*token|\w*secret|password|assertion|id_token_hint|request)=)[^&\s\"']+"
)
_BEARER = re.compile(r"(?i)\b((?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
# Libraries that speak too freely at the level an operator asks for: SQLAlchemy quotes parameters,
# Authlib whole requests.
_NEVER_BELOW = {
    "authlib": logging.INFO,
    "sqlalchemy": logging.WARNING,
    "werkzeug": logging.WARNING,
    "alembic": logging.WARNING,
    "asyncio": logging.WARNING,
}


def configure(settings: Settings, *, quiet: bool = False) -> None:
    """Send all that is logged to standard error, in the form and from the level of ``settings``.

    ``quiet`` is for a person at a terminal: warnings and worse alone, so that the answer stays
    readable.
    """
    level = _LEVELS[settings.server.log_level]
    if quiet:
        level = max(level, logging.WARNING)
    text = settings.server.log_format == "text" or quiet
    renderer = _render_text if text else _render_json
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, _stamp, _explain, _redact, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_stderr,
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers[:] = [_Forward(renderer)]
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for name, least in _NEVER_BELOW.items():
        logging.getLogger(name).setLevel(max(least, level))


def redact(value: Any) -> Any:
    """Return ``value`` with every credential masked; mappings and lists are searched throughout."""
    if isinstance(value, str):
        return _mask(value)
    if isinstance(value, Mapping):
        return {
            key: _HIDDEN if _is_secret(str(key)) else redact(each) for key, each in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(each) for each in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, bytes):
        return f"[{len(value)} bytes]"
    return _mask(str(value))


class _Stderr:
    """The end of the chain: one line to standard error, whatever the level."""

    def msg(self, line: str) -> None:
        # One write a line: lines of several threads and processes do not mix.
        # A disk that is full or a reader that is gone costs the line, not the request it tells of.
        with suppress(OSError):
            sys.stderr.write(line + "\n")

    debug = info = warning = error = critical = exception = msg


def _stderr(*_: Any) -> _Stderr:
    return _Stderr()


class _Forward(logging.Handler):
    """The door through which the libraries' log records enter the chain."""

    def __init__(self, renderer: Any) -> None:
        super().__init__()
        self._renderer = renderer

    def emit(self, record: logging.LogRecord) -> None:
        try:
            event: MutableMapping[str, Any] = {"event": record.getMessage(), "logger": record.name}
            if record.exc_info:
                event["exc_info"] = record.exc_info
            method = record.levelname.lower()
            structlog.contextvars.merge_contextvars(None, method, event)
            for step in (_stamp, _explain, _redact, self._renderer):
                event = step(None, method, event)
            sys.stderr.write(f"{event}\n")
        except Exception:  # noqa: BLE001 - logging must not break what it reports on
            self.handleError(record)


def _stamp(_: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["level"] = "error" if method == "exception" else method
    event["timestamp"] = datetime.now(UTC).isoformat(timespec="milliseconds")
    return event


def _explain(_: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    failure = event.pop("exc_info", None)
    if failure is None and method != "exception":
        return event
    if isinstance(failure, BaseException):
        failure = (type(failure), failure, failure.__traceback__)
    elif not isinstance(failure, tuple):
        failure = sys.exc_info() if failure is None or failure else None
    if failure and failure[0] is not None:
        event["exception"] = "".join(traceback.format_exception(*failure)).rstrip()
    return event


def _redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        kind = type(value)
        if kind is int or kind is bool or value is None or kind is float:
            continue
        if _is_secret(key):
            event[key] = _HIDDEN
        else:
            event[key] = _mask(value) if kind is str else redact(value)
    return event


def _mask(text: str) -> str:
    # The cheap questions first: nearly every value of nearly every line passes here.
    if "sg" in text:
        text = _OUR_TOKEN.sub(rf"\1{_HIDDEN}", text)
    if "eyJ" in text:
        text = _JWT.sub(_HIDDEN, text)
    if "=" in text:
        text = _QUERY.sub(rf"\1{_HIDDEN}", text)
    if "earer" in text or "asic" in text or "EARER" in text or "ASIC" in text:
        text = _BEARER.sub(rf"\1{_HIDDEN}", text)
    return text


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    folded = name.lower()
    return folded in _SECRET_NAMES or folded.endswith(_SECRET_ENDINGS)


_encode = json.JSONEncoder(separators=(",", ":"), default=str).encode


def _render_json(_: Any, __: str, event: MutableMapping[str, Any]) -> Any:
    # ASCII only: every control character, the C1 range and the bidirectional ones leave escaped.
    return _encode(event)


def _render_text(_: Any, __: str, event: MutableMapping[str, Any]) -> Any:
    exception = event.pop("exception", None)
    head = f"{event.pop('timestamp', '')} {event.pop('level', ''):<7} {event.pop('event', '')}"
    rest = " ".join(f"{key}={_word(value)}" for key, value in sorted(event.items()))
    lines = [_visible(f"{head} {rest}".rstrip())]
    if exception:
        # Indented, so that no line of a traceback can pass for an event.
        lines += [f"    {_visible(line)}" for line in str(exception).splitlines()]
    return "\n".join(lines)


def _word(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return json.dumps(text) if not text or " " in text or '"' in text else text


def _visible(text: str) -> str:
    return _UNPRINTABLE.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
