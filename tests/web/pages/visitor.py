"""A browser for tests of pages, and what it reads there."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

PASSWORD = "a lantern over seven harbours"


class _Reader(HTMLParser):
    """Collects what a test asks of a page: elements by id, and the fields of its forms."""

    def __init__(self):
        super().__init__()
        self.elements = {}
        self.forms = []
        self.lang = None

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "html":
            self.lang = attributes.get("lang")
        if "id" in attributes:
            self.elements[attributes["id"]] = attributes
        if tag == "form":
            self.forms.append({"action": attributes.get("action"), "fields": {}})
        if tag == "input" and self.forms and "name" in attributes:
            self.forms[-1]["fields"][attributes["name"]] = attributes.get("value", "")


def read(response):
    """Return what is on a page."""
    reader = _Reader()
    reader.feed(response.get_data(as_text=True))
    return reader


@dataclass
class Browser:
    """A browser without JavaScript: it keeps cookies and sends forms back as it got them."""

    http: object
    headers: dict = field(default_factory=dict)

    def get(self, path):
        return self.http.get(path, headers=self.headers)

    def post(self, path, fields, **headers):
        return self.http.post(path, data=fields, headers={**self.headers, **headers})

    def token(self, path):
        """Return the token of the first form on the page at ``path``."""
        found = re.search(
            r'name="csrf_token"[^>]*value="([^"]+)"', self.get(path).get_data(as_text=True)
        )
        return found[1]

    def send(self, path, fields=None, *, page=None):
        """Send a form of the page at ``page`` (``path`` itself, if not said)."""
        return self.post(path, {**(fields or {}), "csrf_token": self.token(page or path)})

    def sign_in(self, username, password=PASSWORD, *, path="/login"):
        return self.send(path, {"username": username, "password": password})

    def cookie(self, name):
        return self.http.get_cookie(name)


def answer_of(response):
    """Return the parameters that a redirect takes to the application."""
    return {name: values[0] for name, values in parse_qs(urlsplit(response.location).query).items()}
