"""The language of a page: what the application asks for, then the browser, then ours.

Specs:
    OpenID Connect Core 1.0 section 3.1.2.1   ui_locales, in order of preference
    RFC 4647 section 3.4                      de-AT is served German
    RFC 5646                                  language tags

Strings are marked with the functions below and translated in ``translations/``. What the layers
below say aloud (the ``public`` text of an error) is translated by :func:`said`, at the last moment.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from math import ceil
from pathlib import Path
from typing import Any

import flask_babel  # type: ignore[import-untyped]
from babel import Locale, negotiate_locale
from flask import Flask, g, request
from werkzeug.datastructures import LanguageAccept

from app.core import config
from app.web.sayings import SAYINGS

SUPPORTED = ("en", "de")
# What stands where there is nothing to show.
NOTHING = "\N{EN DASH}"
# %(name)s as re.escape leaves it.
_GAP = re.compile(r"%\\\((\w+)\\\)s")
_TRANSLATIONS = Path(__file__).parent / "translations"
_TOLD_IN_SECONDS = 90


def configure(app: Flask) -> None:
    """Install the languages, and the filter ``when`` for instants, in ``app``."""
    settings: config.Settings = app.extensions["signet.settings"]
    flask_babel.Babel(
        app,
        default_locale=settings.server.default_language,
        default_translation_directories=str(_TRANSLATIONS),
        locale_selector=_chosen,
    )
    app.jinja_env.filters["when"] = when


def prefer(ui_locales: Sequence[str]) -> None:
    """Let the tags that the application asked for decide the language of the current request."""
    g.ui_locales = tuple(ui_locales)
    flask_babel.refresh()


def current() -> str:
    """Return the language of the current request, such as ``de``: what ``<html lang>`` says."""
    locale = flask_babel.get_locale()
    return str(locale.language) if locale else SUPPORTED[0]


def negotiated(accepted: LanguageAccept, *, wished: Sequence[str] = ()) -> str | None:
    """Return the language of ours that is wanted most: ``wished`` comes before what is ``accepted``."""
    # Each wish in turn, with or without its region; Werkzeug's own best match would rather serve a
    # later wish to the letter.
    tags = [*wished, *(tag for tag, quality in accepted if quality > 0)]
    found: str | None = negotiate_locale([tag for tag in tags if tag], SUPPORTED, sep="-")
    return found


def gettext(text: str, **values: Any) -> str:
    """Return ``text`` in the language of the current request, with ``%(name)s`` replaced."""
    return str(flask_babel.gettext(text, **values))


def ngettext(one: str, many: str, number: int, **values: Any) -> str:
    """Return ``one`` or ``many``, as ``number`` wants it in the language of the current request."""
    return str(flask_babel.ngettext(one, many, number, **values))


def wait(seconds: int | None) -> str | None:
    """Return how long to wait until the next attempt, exactly up to a minute and a half, then in minutes.

    ``None`` and 0 are no wait: then there is nothing to say.
    """
    if not seconds:
        return None
    if seconds <= _TOLD_IN_SECONDS:
        return ngettext(
            "You can try again in %(num)s second.", "You can try again in %(num)s seconds.", seconds
        )
    return ngettext(
        "You can try again in %(num)s minute.",
        "You can try again in %(num)s minutes.",
        ceil(seconds / 60),
    )


def marked(text: str) -> Any:
    """Return ``text`` so that it is translated when shown: for forms, which outlive a request."""
    return flask_babel.lazy_gettext(text)


# The name by which the translators' tools find what is marked and not yet translated.
N_ = marked


def said(public: str) -> str:
    """Translate what a layer below said aloud; a sentence that nobody translated stays as it is."""
    for pattern, saying in _patterns():
        found = pattern.fullmatch(public)
        if found:
            gaps = found.groupdict()
            return gettext(saying, **{name: flask_babel.gettext(gaps[name]) for name in gaps})
    # A literal percent sign stays one: without values gettext replaces nothing.
    return str(flask_babel.gettext(public))


def when(instant: datetime | None) -> str:
    """Return ``instant`` for a reader: in UTC and saying so, as we do not know where they are."""
    if instant is None:
        return NOTHING
    day = flask_babel.format_date(instant, "medium", rebase=False)
    return f"{day}, {instant:%H:%M} UTC"


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return the sentences with gaps: what each looks like when they are filled."""
    return tuple(
        (re.compile(_GAP.sub(r"(?P<\1>.+)", re.escape(saying))), saying)
        for saying in SAYINGS
        if "%(" in saying
    )


def _chosen() -> Locale:
    found = negotiated(request.accept_languages, wished=g.get("ui_locales", ()))
    return _locale(found or config.current().server.default_language)


@cache
def _locale(tag: str) -> Locale:
    # Babel looks for its data anew each time, as files.
    return Locale.parse(tag)
