"""What every answer owes, whatever was asked."""

import json
import re
from typing import Any

from app.protocol.discovery.contributions import JWKS_PATH
from app.web.machine_paths import OAUTH_PATHS, OAUTH_PREFIXES
from app.web.oauth.metadata import PATHS as METADATA_PATHS
from tests.hostile.wire import Answer, Sent, environ_of

# In front of Flask: they say the same to everybody, and keep no account of it.
CONSTANT_PATHS = frozenset({JWKS_PATH, *METADATA_PATHS})
PATIENCE = 10
_REFERENCE = re.compile(r"[2-9B-Z]{4}-[2-9B-Z]{4}")
_TELLTALES = (
    b"Traceback", b'File "/', b"site-packages", b"sqlalchemy", b"werkzeug", b"psycopg", b"sqlite3", b"jinja2",
 b"OperationalError", b"IntegrityError", b"DataError",
)  # fmt: skip
_CHALLENGE = re.compile(r'(?:Basic|Bearer) [a-z_]+="[^"\\]*"(?:, [a-z_]+="[^"\\]*")*')
_DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")
_AWAY = ("https://app.example/callback", "https://app.example/out")


def _refuse_constant(name: str) -> Any:
    raise AssertionError(f"{name} is no JSON")


def _speaks_oauth(path: str) -> bool:
    return path in OAUTH_PATHS or path.startswith(OAUTH_PREFIXES)


def check(sent: Sent, answer: Answer) -> None:
    """Fail if ``answer`` breaks a promise that no request may break."""
    path = environ_of(sent)["PATH_INFO"]
    assert 200 <= answer.status < 500, f"{answer.status} {answer.body[:600]!r}"
    assert answer.seconds < PATIENCE, f"answered after {answer.seconds:.1f} s"
    _check_headers(path, answer)
    _check_cookies(answer)
    for telltale in _TELLTALES:
        assert telltale not in answer.body, f"the answer tells of {telltale!r}"
    if answer.all("location"):
        _check_redirect(answer)
    if sent.method == "HEAD" or answer.status in {204, 304}:
        assert not answer.body, "a body where none may be"
    elif answer.media_type == "text/html":
        _check_page(answer)
    elif _speaks_oauth(path) or answer.status >= 400:
        _check_document(path, answer)


def _check_headers(path: str, answer: Answer) -> None:
    for name, value in answer.headers:
        assert re.fullmatch(r"[A-Za-z0-9-]+", name), f"header name {name!r}"
        assert re.fullmatch(r"[\x20-\x7e]*", value), f"{name}: {value!r}"
        assert "injected" not in name.lower()
    single = [
        name.lower() for name, _ in answer.headers if name.lower() not in {"set-cookie", "vary"}
    ]
    assert len(single) == len(set(single)), f"a header comes twice: {sorted(single)}"
    assert answer.get("x-content-type-options") == "nosniff"
    assert answer.get("referrer-policy") == "no-referrer"
    assert "default-src 'none'" in answer.get("content-security-policy")
    assert "frame-ancestors 'none'" in answer.get("content-security-policy")
    if path not in CONSTANT_PATHS:
        assert re.fullmatch(r"[A-Za-z0-9._-]{8,64}", answer.get("x-request-id"))
    if _speaks_oauth(path) and not answer.media_type.startswith("text/"):
        assert "no-store" in answer.get("cache-control") or (
            answer.status == 200 and not answer.body
        )
    assert answer.get("access-control-allow-credentials") == ""
    if challenge := answer.get("www-authenticate"):
        assert _CHALLENGE.fullmatch(challenge), challenge


def _check_cookies(answer: Answer) -> None:
    for cookie in answer.all("set-cookie"):
        assert "; HttpOnly" in cookie, cookie
        assert "; SameSite=Lax" in cookie, cookie
        assert "; Path=/" in cookie, cookie
        assert "Domain" not in cookie, cookie


def _check_redirect(answer: Answer) -> None:
    location = answer.get("location")
    if location.startswith(_AWAY):
        assert "no-store" in answer.get("cache-control")
        return
    assert location.startswith("/"), f"a redirect to {location}"
    assert not location.startswith(("//", "/\\")), f"a redirect to {location}"


def _check_page(answer: Answer) -> None:
    text = answer.text
    assert answer.get("content-type") == "text/html; charset=utf-8"
    assert answer.get("cache-control") == "no-store"
    assert answer.get("x-frame-options") == "DENY"
    assert "script-src 'self'" in answer.get("content-security-policy")
    assert "unsafe" not in answer.get("content-security-policy")
    assert "<i7q" not in text, "markup from outside stands in the page"
    assert "<script>i7q" not in text, "script from outside stands in the page"
    if answer.status >= 400 and 'method="post"' not in text[text.find("<main") :]:
        assert _REFERENCE.search(text), f"a refusal without a reference: {text[:900]}"


def _check_document(path: str, answer: Answer) -> None:
    if not answer.body:
        assert answer.status in {200, 412}, f"{answer.status} says nothing"
        return
    members = json.loads(answer.text, parse_constant=_refuse_constant)
    if not _speaks_oauth(path):
        assert answer.media_type == "application/problem+json", answer.get("content-type")
        assert members["status"] == answer.status
        unfiled = path in CONSTANT_PATHS or path.startswith("//")
        assert unfiled or _REFERENCE.fullmatch(members["reference"])
        return
    assert answer.media_type == "application/json"
    if answer.status >= 400:
        assert re.fullmatch(r"[a-z_]+", members["error"]), members
        assert _DESCRIPTION.fullmatch(members["error_description"]), members
