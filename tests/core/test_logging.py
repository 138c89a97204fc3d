"""What is logged, in which form, and what never is."""

import json
import logging as standard
import sys
import warnings
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import structlog

from app.core import logging, settings_loader

OUR_TOKENS = (
    "sgc_AAAAAAAAAAAAAAAAAAAAAA",
    "sgr_AAAAAAAAAAAAAAAAAAAAAA-1-bbbbbbbb",
    "sgs_AAAAAAAAAAAAAAAAAAAAAA",
    "sgk_AAAAAAAAAAAAAAAAAAAAAA",
)
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"


@pytest.fixture
def configure(capsys):
    root = standard.getLogger()
    handlers, level = root.handlers[:], root.level

    def run(*, quiet=False, **server):
        settings = settings_loader.load({})
        settings = replace(settings, server=replace(settings.server, **server))
        logging.configure(settings, quiet=quiet)
        return structlog.get_logger("test")

    yield run
    root.handlers[:] = handlers
    root.setLevel(level)
    standard.captureWarnings(capture=False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def said(capsys):
    def lines():
        return capsys.readouterr().err.splitlines()

    return lines


def test_an_event_is_one_json_object_a_line_with_the_time_and_its_offset(configure, said):
    configure().info("request", status=200, path="/token")
    [line] = said()
    event = json.loads(line)
    assert (event["event"], event["level"], event["status"]) == ("request", "info", 200)
    assert datetime.fromisoformat(event["timestamp"]).utcoffset() == timedelta(0)


def test_the_context_of_the_request_is_on_every_line(configure, said):
    log = configure()
    structlog.contextvars.bind_contextvars(request_id="abc")
    log.info("one")
    standard.getLogger("library").info("two")
    assert [json.loads(line)["request_id"] for line in said()] == ["abc", "abc"]


def test_libraries_speak_through_the_same_chain(configure, said):
    configure()
    standard.getLogger("library").warning("failed for %s", OUR_TOKENS[0])
    event = json.loads(said()[0])
    assert event["event"] == "failed for sgc_[redacted]"
    assert (event["logger"], event["level"]) == ("library", "warning")


def _fail_loudly(log, words):
    try:
        int(words)
    except ValueError:
        log.exception("failed")


@pytest.mark.spec("ASVS 5.0", "16.2.5")
@pytest.mark.parametrize(
    "name",
    ["password", "new_password", "client_secret", "access_token", "refresh_token", "code",
     "code_verifier", "client_assertion", "Authorization", "Cookie", "Set-Cookie", "id_token_hint"],
)  # fmt: skip
def test_a_value_under_the_name_of_a_secret_is_never_written(configure, said, name):
    log = configure()
    log.info("event", **{name: "plain words"}, nested={name: ["plain words"]})
    [line] = said()
    assert "plain words" not in line


@pytest.mark.parametrize("name", ["status_code", "error_code", "token_endpoint_auth_method", "kid"])
def test_a_value_under_a_harmless_name_is_written(configure, said, name):
    configure().info("event", **{name: "plain words"})
    assert json.loads(said()[0])[name] == "plain words"


@pytest.mark.spec("ASVS 5.0", "16.2.5")
@pytest.mark.parametrize("secret", [*OUR_TOKENS, JWT])
@pytest.mark.parametrize("place", ["message", "value", "nested", "bytes", "object", "exception"])
def test_what_looks_like_a_token_is_masked_wherever_it_stands(configure, said, secret, place):
    log = configure()
    if place == "message":
        log.info("got %s here" % secret)  # noqa: G002, UP031 - a mistake, made harmless
    elif place == "exception":
        _fail_loudly(log, secret)
    else:
        values = {
            "value": f"x {secret}",
            "nested": {"list": [secret]},
            "bytes": secret.encode(),
            "object": ValueError(secret),
        }
        log.info("event", subject=values[place])
    assert secret not in "".join(said())


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("/callback?code=abc123&state=x", "/callback?code=[redacted]&state=x"),
        ("Authorization: Bearer abcdefghijkl", "Authorization: Bearer [redacted]"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic [redacted]"),
        ("refresh_token=abc&scope=openid", "refresh_token=[redacted]&scope=openid"),
        ("sg_ is no token, nor is message", "sg_ is no token, nor is message"),
    ],
)
def test_credentials_inside_a_text_are_masked_and_the_rest_is_left(text, left):
    assert logging.redact(text) == left


@pytest.mark.spec("ASVS 5.0", "16.4.1")
@pytest.mark.parametrize("form", ["json", "text"])
def test_a_stranger_cannot_forge_a_line(configure, said, form):
    log = configure(log_format=form)
    forged = 'x\n{"event":"sign_in"}\r\x1b[2J\u2028\u202e'
    log.warning(forged, agent=forged)
    [line] = said()
    assert line.isascii() or form == "text"
    assert not {"\r", "\x1b", "\u2028", "\u202e"} & set(line)


def test_a_traceback_is_indented_in_text(configure, said):
    log = configure(log_format="text")
    _fail_loudly(log, "2026-01-01T00:00:00+00:00 info sign_in")
    first, *rest = said()
    assert "failed" in first
    assert rest
    assert all(line.startswith("    ") for line in rest)


@pytest.mark.parametrize(
    ("level", "heard"),
    [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)],
)
def test_the_least_severe_event_that_is_logged_is_the_setting(configure, said, level, heard):
    log = configure(log_level=level)
    for method in ("debug", "info", "warning", "error"):
        getattr(log, method)("event")
    assert len(said()) == heard


def test_a_person_at_a_terminal_hears_warnings_only(configure, said):
    log = configure(quiet=True)
    log.info("event")
    assert said() == []
    log.warning("event")
    assert len(said()) == 1


def test_authlib_is_never_heard_below_info_and_sql_is_never_heard(configure, said):
    configure(log_level="debug")
    standard.getLogger("authlib.oauth2").debug("whole request")
    standard.getLogger("sqlalchemy.engine").info("INSERT with parameters")
    assert said() == []


def test_a_warning_of_python_is_an_event(configure, said):
    # Whatever configured it before did so for another test's warnings, and a second time changes nothing.
    standard.captureWarnings(capture=False)
    configure()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert json.loads(said()[0])["logger"] == "py.warnings"


def test_a_record_that_cannot_be_rendered_stops_nothing(configure, monkeypatch):
    configure()
    monkeypatch.setattr(standard, "raiseExceptions", False)
    standard.getLogger("library").warning("%d", "no number")
    assert sys.stderr is not None
