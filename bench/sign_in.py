"""People who sign in: browsers without a window, and whole sign-ins by many of them at once.

A sign-in begins in a new browser: the authorization request, the page, the form with the password, which is
answered with the code, and the code redeemed by the application.
"""

import hashlib
import html
import json
import re
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count, cycle
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from load import Load, LoadError
from processes import HOST
from subject import REDIRECT_URI, Credentials, Subject
from wire import Answer, Connection

VERIFIER = "bench-" * 8
_CHALLENGE = (
    urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode("ascii")
)
_HIDDEN = re.compile(r'<input[^>]*type="hidden"[^>]*>')
_ATTRIBUTE = re.compile(r'(name|value)="([^"]*)"')
_ACTION = re.compile(r'<form[^>]*action="([^"]*)"')
_MOST_REDIRECTS = 10


def authorization_path(subject: Subject, parameters: dict[str, str] | None = None) -> str:
    """Return the path and query of an authorization request of the application."""
    query = {
        "response_type": "code",
        "client_id": subject.app.name,
        "redirect_uri": REDIRECT_URI,
        "scope": subject.scope,
        "state": "bench-state",
        "nonce": "bench-nonce",
        "code_challenge": _CHALLENGE,
        "code_challenge_method": "S256",
        **(parameters or {}),
    }
    return f"{subject.endpoints.authorize}?{urlencode(query)}"


def exchange_parameters(subject: Subject) -> str:
    """Return the form of a code exchange, but for the code."""
    return urlencode(
        {
            "grant_type": "authorization_code",
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER,
            **subject.jwt_parameters,
        }
    )


class Browser:
    """Cookies, redirects, and one form."""

    def __init__(self, subject: Subject, connection: Connection) -> None:
        self._subject = subject
        self._connection = connection
        self._cookies: dict[str, str] = {}

    @property
    def cookies(self) -> str:
        """The value of the Cookie header."""
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def sign_in(self, path: str, person: Credentials | None) -> str:
        """Follow ``path``, sign in as ``person`` where a page asks for it, and return the code."""
        answer, at = self.follow("GET", path)
        if answer.status == 200 and person is not None:
            target, form = _filled(answer, at, person)
            answer, at = self.follow("POST", target, form)
        if not at.startswith(REDIRECT_URI):
            raise LoadError(f"a sign-in ended at {at} with {answer.status}: {answer.body[:300]!r}")
        told = dict(parse_qsl(urlsplit(at).query))
        if "code" not in told:
            raise LoadError(f"a sign-in was answered with {told}")
        return told["code"]

    def follow(self, method: str, at: str, form: str | None = None) -> tuple[Answer, str]:
        """Follow redirects up to a page, or to the application; return the answer and where that was."""
        for _ in range(_MOST_REDIRECTS):
            path = at.removeprefix(self._subject.url)
            headers = [("Cookie", self.cookies)] if self._cookies else []
            answer = self._connection.request(method, path, headers, form)
            self._keep(answer)
            target = answer.header("location")
            if answer.status not in {302, 303} or target is None:
                return answer, at
            if target.startswith(REDIRECT_URI):
                return answer, target
            method, at, form = "GET", target, None
        raise LoadError(f"too many redirects, the last to {at}")

    def _keep(self, answer: Answer) -> None:
        for name, value in answer.headers:
            if name == "set-cookie":
                cookie, _, content = value.partition(";")[0].partition("=")
                self._cookies[cookie] = content
                if not content:
                    del self._cookies[cookie]


def _filled(page: Answer, at: str, person: Credentials) -> tuple[str, str]:
    """Return where the form on ``page`` goes, and what it brings when ``person`` has filled it in."""
    text = page.body.decode()
    action = _ACTION.search(text)
    fields = {"username": person.name, "password": person.secret}
    hidden = (dict(_ATTRIBUTE.findall(tag)) for tag in _HIDDEN.findall(text))
    fields |= {field["name"]: html.unescape(field["value"]) for field in hidden}
    return html.unescape(action[1]) if action else at, urlencode(fields)


def steps(
    subject: Subject, connection: Connection, person: Credentials
) -> dict[str, Callable[[], Answer]]:
    """Return the parts of a sign-in, each to be repeated: to its page, and from the password to the code."""
    path = authorization_path(subject)
    browser = Browser(subject, connection)
    target, form = _filled(*browser.follow("GET", path), person)
    new = [("Cookie", browser.cookies)]
    return {
        "sign-in page": lambda: Browser(subject, connection).follow("GET", path)[0],
        "password": lambda: connection.request("POST", target, new, form),
    }


def redeem(subject: Subject, connection: Connection, code: str, parameters: str) -> dict[str, Any]:
    """Redeem ``code`` and return the answer."""
    answer = connection.request(
        "POST",
        subject.endpoints.token,
        [("Authorization", subject.app.basic)],
        f"{parameters}&{urlencode({'code': code})}",
    )
    if answer.status != 200:
        raise LoadError(f"a code was refused: {answer.status} {answer.body.decode()}")
    tokens: dict[str, Any] = json.loads(answer.body)
    return tokens


def storm(subject: Subject, *, seconds: float, threads: int) -> Load:
    """Sign people in for ``seconds``, ``threads`` at the same time; each in a new browser."""
    path = authorization_path(subject, subject.jwt_parameters)
    parameters = exchange_parameters(subject)
    began = time.monotonic()
    end = began + seconds
    seats = count()

    def one_after_the_other(people: Iterator[Credentials]) -> list[float]:
        took = []
        for _ in range(next(seats)):
            next(people)
        connection = Connection(HOST, subject.port)
        while (start := time.monotonic()) < end:
            code = Browser(subject, connection).sign_in(path, next(people))
            redeem(subject, connection, code, parameters)
            took.append(time.monotonic() - start)
        connection.close()
        return took

    with ThreadPoolExecutor(threads) as pool:
        crowds = [cycle(subject.people) for _ in range(threads)]
        times = sorted(each for took in pool.map(one_after_the_other, crowds) for each in took)
    elapsed = time.monotonic() - began
    return Load(len(times), elapsed, times[len(times) // 2], times[int(len(times) * 0.99)])
