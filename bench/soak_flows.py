"""The flows of the soak: one visit goes through all of them, and through what goes wrong in everyday life."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import forms
import sign_in
from processes import HOST
from subject import REDIRECT_URI, Credentials, Subject
from wire import Answer, Connection, Header

_MOST_REDIRECTS = 10
_strangers = count()

Tally = Callable[[str, float, list[int]], None]


class SurpriseError(Exception):
    """Something was not answered as it must be."""


class Visitor:
    """A new browser, and the applications that it uses."""

    def __init__(self, subject: Subject, connection: Connection, tally: Tally) -> None:
        self._subject = subject
        self._connection = connection
        self._tally = tally
        self._cookies: dict[str, str] = {}
        self._statuses: list[int] = []

    def request(
        self, method: str, path: str, headers: list[Header] | None = None, body: str | None = None
    ) -> Answer:
        """Send a request as a program would, without cookies."""
        answer = self._connection.request(method, path, headers or [], body)
        self._statuses.append(answer.status)
        return answer

    def browse(self, method: str, at: str, body: str | None = None) -> tuple[Answer, str]:
        """Send a request as a browser would; return where it ended, which may be the application's page."""
        for _ in range(_MOST_REDIRECTS):
            cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
            headers = [("Cookie", cookies)] if cookies else []
            answer = self.request(method, at.removeprefix(self._subject.url), headers, body)
            self._keep(answer)
            target = answer.header("location")
            if answer.status not in {302, 303} or target is None:
                return answer, at
            if target.startswith(REDIRECT_URI):
                return answer, target
            method, at, body = "GET", target, None
        raise SurpriseError(f"too many redirects, the last to {at}")

    def _keep(self, answer: Answer) -> None:
        for name, value in answer.headers:
            if name == "set-cookie":
                cookie, _, content = value.partition(";")[0].partition("=")
                self._cookies[cookie] = content
                if not content:
                    del self._cookies[cookie]

    @contextmanager
    def flow(self, name: str) -> Iterator[None]:
        """Time what is inside, and report every status that was answered."""
        self._statuses.clear()
        began = time.monotonic()
        try:
            yield
        finally:
            self._tally(name, time.monotonic() - began, list(self._statuses))


@dataclass(frozen=True)
class Cast:
    """Who takes part: two applications, one that asks for consent, and people."""

    subject: Subject
    asking: Credentials
    person: Credentials


def visit(cast: Cast, connection: Connection, tally: Tally, *, number: int) -> None:
    """Go through every flow once; every third visitor leaves without signing out."""
    visitor = Visitor(cast.subject, connection, tally)
    code = _sign_in_with_consent(visitor, cast)
    tokens = _use(visitor, cast, code)
    if number % 3:
        _end(visitor, cast, tokens)
    _go_wrong(visitor, cast)


def _sign_in_with_consent(visitor: Visitor, cast: Cast) -> str:
    query = dict(parse_qsl(urlsplit(sign_in.authorization_path(cast.subject)).query))
    query |= {"client_id": cast.asking.name, "prompt": "consent"}
    with visitor.flow("sign-in"):
        answer, _ = visitor.browse("GET", f"{cast.subject.endpoints.authorize}?{urlencode(query)}")
        form = forms.of(_is(answer, 200).body, holding='name="password"')
        filled = form.filled(username=cast.person.name, password=cast.person.secret)
        answer, _ = visitor.browse("POST", form.action, filled)
    with visitor.flow("consent"):
        form = forms.of(_is(answer, 200).body, holding='name="decision"')
        answer, at = visitor.browse("POST", form.action, form.filled(decision="allow"))
    told = dict(parse_qsl(urlsplit(at).query))
    if "code" not in told:
        raise SurpriseError(f"consent ended at {at} with {answer.status}")
    return told["code"]


def _use(visitor: Visitor, cast: Cast, code: str) -> dict[str, Any]:
    exchange = f"{sign_in.exchange_parameters(cast.subject)}&{urlencode({'code': code})}"
    endpoints = cast.subject.endpoints
    with visitor.flow("code exchange"):
        tokens = _token(visitor, cast, exchange)
    for _ in range(2):
        with visitor.flow("userinfo"):
            bearer = [("Authorization", f"Bearer {tokens['access_token']}")]
            _is(visitor.request("GET", endpoints.userinfo, bearer), 200)
        with visitor.flow("introspection"):
            _introspect(visitor, cast, tokens["access_token"], live=True)
        with visitor.flow("refresh"):
            again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
            tokens |= _token(visitor, cast, urlencode(again))
    with visitor.flow("client_credentials"):
        basic = [("Authorization", cast.subject.machine.basic)]
        answer = visitor.request("POST", endpoints.token, basic, "grant_type=client_credentials")
        _is(answer, 200)
    return tokens


def _end(visitor: Visitor, cast: Cast, tokens: dict[str, Any]) -> None:
    with visitor.flow("revocation"):
        form = urlencode({"token": tokens["refresh_token"]})
        _is(visitor.request("POST", "/revoke", [("Authorization", cast.asking.basic)], form), 200)
        _introspect(visitor, cast, tokens["access_token"], live=False)
    with visitor.flow("sign-out"):
        hint = urlencode({"id_token_hint": tokens["id_token"]})
        answer, _ = visitor.browse("GET", f"/end_session?{hint}")
        _is(answer, 200)


def _go_wrong(visitor: Visitor, cast: Cast) -> None:
    with visitor.flow("wrong password"):
        answer, _ = visitor.browse("GET", "/login?next=/account&switch=1")
        form = forms.of(_is(answer, 200).body, holding='name="password"')
        name = f"nobody-{next(_strangers)}"
        answer, _ = visitor.browse(
            "POST", form.action, form.filled(username=name, password="guess")
        )
        _is(answer, 400)
    endpoints, basic = cast.subject.endpoints, [("Authorization", cast.asking.basic)]
    with visitor.flow("errors"):
        liar = Credentials(cast.asking.name, "not the secret").basic
        form = "grant_type=refresh_token&refresh_token=nonsense"
        _is(visitor.request("POST", endpoints.token, [("Authorization", liar)], form), 401)
        _is(visitor.request("POST", endpoints.token, basic, form), 400)
        _is(visitor.request("POST", endpoints.token, basic, "grant_type=none_such"), 400)
        _is(visitor.request("GET", endpoints.userinfo, [("Authorization", "Bearer none")]), 401)
        _is(visitor.request("GET", f"{endpoints.authorize}?client_id=nobody"), 400)
        _is(visitor.request("GET", "/no/such/page"), 404)


def _token(visitor: Visitor, cast: Cast, form: str) -> dict[str, Any]:
    basic = [("Authorization", cast.asking.basic)]
    answer = visitor.request("POST", cast.subject.endpoints.token, basic, form)
    tokens: dict[str, Any] = json.loads(_is(answer, 200).body)
    return tokens


def _introspect(visitor: Visitor, cast: Cast, token: str, *, live: bool) -> None:
    basic, form = [("Authorization", cast.asking.basic)], urlencode({"token": token})
    answer = visitor.request("POST", cast.subject.endpoints.introspect, basic, form)
    if json.loads(_is(answer, 200).body)["active"] is not live:
        raise SurpriseError(
            f"introspection did not say that a token is {'live' if live else 'dead'}"
        )


def _is(answer: Answer, status: int) -> Answer:
    if answer.status != status:
        raise SurpriseError(f"{answer.status} in place of {status}: {answer.body[:120]!r}")
    return answer


def connect(subject: Subject) -> Connection:
    """Return a new connection."""
    return Connection(HOST, subject.port)
