"""A browser without a window: it keeps cookies, follows redirects, fills in forms, and runs no script.

It stays on one origin. Where it is sent anywhere else it stops and says where it would have gone, so a
test can hand that address to whichever client it belongs to.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests

_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 12


@dataclass
class Form:
    """A form as it stands on the page; ``buttons`` by id, or by name and value where they have none."""

    page: str
    action: str
    method: str
    id: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass
class Page:
    """Where a request ended: on a page, or outside, at ``left_for``."""

    status: int
    url: str
    headers: Any = field(default_factory=dict)
    body: str = ""
    left_for: str | None = None
    posted: dict[str, str] | None = None
    forms: list[Form] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)

    @property
    def answer(self) -> dict[str, str]:
        """What the application is told, by whichever response mode."""
        if self.posted is not None:
            return self.posted
        assert self.left_for is not None, f"still on {self.url} ({self.status}):\n{self.body}"
        return dict(parse_qsl(urlsplit(self.left_for).query, keep_blank_values=True))

    def has(self, button: str) -> bool:
        return any(button in form.buttons for form in self.forms)

    def form_to(self, action: str) -> Form:
        for form in self.forms:
            if form.action == action:
                return form
        raise AssertionError(f"no form to {action} on {self.url} ({self.status}):\n{self.body}")

    def form_with(self, button: str) -> Form:
        for form in self.forms:
            if button in form.buttons:
                return form
        raise AssertionError(f"no button {button} on {self.url} ({self.status}):\n{self.body}")


class _Reader(HTMLParser):
    """Collects the forms of a page, and the text right behind every tag with an id."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self.forms: list[Form] = []
        self.words: dict[str, str] = {}
        self._form: Form | None = None
        self._named: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._named = given.get("id")
        if tag == "form":
            method = given.get("method", "get").upper()
            self._form = Form(self._url, given.get("action", ""), method, given.get("id"))
            self.forms.append(self._form)
        elif self._form is not None:
            self._field(tag, given)

    def _field(self, tag: str, given: dict[str, str]) -> None:
        assert self._form is not None
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "button" or given.get("type") == "submit":
            self._form.buttons[given.get("id") or f"{name}={value}"] = (name, value)
        elif tag == "input" and name and _counts(given):
            self._form.fields[name] = value

    def handle_data(self, data: str) -> None:
        if self._named is not None and data.strip():
            self.words.setdefault(self._named, data.strip())
            self._named = None

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None


def _counts(given: dict[str, str]) -> bool:
    return given.get("type") not in {"checkbox", "radio"} or "checked" in given


class PlainBrowser:
    """One person's browser, which knows no site but ``origin``."""

    def __init__(self, origin: str, *, language: str = "en") -> None:
        self.origin = origin
        self.http = requests.Session()
        self.http.headers.update({
            "Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
            "Accept-Language": language,
            "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) PlainBrowser/1",
        })  # fmt: skip

    def close(self) -> None:
        self.http.close()

    def open(self, url: str) -> Page:
        """Go to ``url``, or to a path of the site."""
        return self._follow("GET", urljoin(self.origin + "/", url))

    def submit(self, page: Page, button: str, **values: str) -> Page:
        """Press ``button`` after filling in ``values``."""
        form = page.form_with(button)
        name, value = form.buttons[button]
        return self.send(form, **values, **({name: value} if name else {}))

    def send(self, form: Form, **values: str) -> Page:
        """Send ``form`` as Enter would, after filling in ``values``."""
        filled = {**form.fields, **values}
        action = urljoin(form.page, form.action)
        if not self._is_ours(action):
            return Page(0, form.page, left_for=action, posted=filled)
        return self._follow(form.method, action, filled)

    def _is_ours(self, url: str) -> bool:
        return url == self.origin or url.startswith(self.origin + "/")

    def _follow(self, method: str, url: str, form: dict[str, str] | None = None) -> Page:
        for _ in range(_MOST_REDIRECTS):
            response = self.http.request(method, url, data=form, allow_redirects=False, timeout=30)
            target = response.headers.get("Location")
            if response.status_code not in _REDIRECTS or target is None:
                return _read(response)
            target = urljoin(url, target)
            if not self._is_ours(target):
                return Page(response.status_code, url, response.headers, left_for=target)
            method, url, form = "GET", target, None
        raise AssertionError(f"more than {_MOST_REDIRECTS} redirects, the last to {url}")


def _read(response: requests.Response) -> Page:
    reader = _Reader(response.url)
    if response.headers.get("Content-Type", "").startswith("text/html"):
        reader.feed(response.text)
        reader.close()
    return Page(
        response.status_code,
        response.url,
        response.headers,
        response.text,
        forms=reader.forms,
        words=reader.words,
    )
