"""The three kinds of page that the console is made of: a list, a record, a form."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, make_response, render_template, request
from markupsafe import Markup

from app.web.forms import Form
from app.web.language import gettext

PAGE_SIZE = 50


@dataclass(frozen=True)
class Row:
    """One line of a list. The first cell leads to ``href``."""

    href: str | None
    cells: Sequence[Any]


@dataclass(frozen=True)
class Listing:
    """A list and what surrounds it. ``search`` is None where one cannot search."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Row]
    next_url: str | None = None
    search: str | None = None
    create_href: str | None = None
    create_label: str | None = None


@dataclass(frozen=True)
class Action:
    """One button under a record."""

    url: str
    label: str
    description: str
    danger: bool = False


@dataclass(frozen=True)
class Entry:
    """A form and what surrounds it."""

    title: str
    submit_label: str
    cancel_url: str


def listing(page: Listing) -> str:
    """Return the page of a list."""
    return render_template("console/list.html", **vars(page))


def record(
    title: str,
    facts: Sequence[tuple[str, Any]],
    actions: Sequence[Action],
    *,
    secret: str | None = None,
) -> str:
    """Return the page of one thing; ``secret`` is on it this once."""
    return render_template(
        "console/record.html", title=title, facts=facts, actions=actions, secret=secret
    )


def entry(form: Form, page: Entry, *, message: str | None = None) -> Response:
    """Return the page of a form: 200 when it is opened, 400 when what was sent is not accepted."""
    body = render_template("console/form.html", form=form, message=message, **vars(page))
    return make_response(body, 400 if request.method == "POST" else 200)


def asked(name: str) -> str | None:
    """Return the argument ``name`` of the page's address, unless it is empty or unprintable."""
    value = request.args.get(name, "").strip()
    return value if value and value.isprintable() else None


def link(href: str, text: str) -> Markup:
    """Return a link, for a fact of a record."""
    return Markup('<a href="{}">{}</a>').format(href, text)


def state(*, is_disabled: bool) -> str:
    """Return the word for the state of a person or an application."""
    return gettext("disabled") if is_disabled else gettext("enabled")


def yes_or_no(value: object) -> str:
    """Return the word for a truth value."""
    return gettext("yes") if value else gettext("no")
