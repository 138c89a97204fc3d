"""What a server must say while it cannot do its work, to machines and to people."""

import re
import time
from typing import Any

from tests.support.mortal_server import MortalServer
from tests.support.plain_browser import Page

_REFERENCE = re.compile(r"[A-Z0-9-]{6,}")


def assert_unavailable_to_a_machine(ask: Any, *, within: float) -> None:
    """Ask, and expect the JSON of RFC 6749 section 5.2 that sends the caller away for a moment."""
    began = time.monotonic()
    answer = ask()
    seconds = time.monotonic() - began
    assert answer.status_code == 503, answer.text
    assert answer.json()["error"] == "temporarily_unavailable"
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert answer.headers["Cache-Control"] == "no-store"
    assert seconds < within, f"answered after {seconds:.1f} s"


def assert_unavailable_page(page: Page) -> None:
    """Expect a page for people: what to do, and the reference to ask about."""
    assert page.status == 503, page.body
    assert page.headers["Content-Type"].startswith("text/html")
    assert 1 <= int(page.headers["Retry-After"]) <= 60
    assert _REFERENCE.search(page.words["error-reference"]), page.body


def assert_constant_answers(server: MortalServer, *, within: float = 2.0) -> None:
    """Expect keys and metadata as ever."""
    for path in ("/.well-known/jwks.json", "/.well-known/openid-configuration"):
        began = time.monotonic()
        answer = server.get(path)
        assert answer.status_code == 200, (path, answer.text)
        assert answer.json()
        seconds = time.monotonic() - began
        assert seconds < within, f"{path} answered after {seconds:.1f} s"
