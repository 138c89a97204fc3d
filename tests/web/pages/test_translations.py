"""Everything a page says is said in every language, and the translators know of everything."""

import ast
import re
import tomllib
from gettext import GNUTranslations
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from app.web import language, sayings

ROOT = Path(__file__).parents[3]
CATALOGUES = ROOT / "app/web/translations"
OTHERS = [name for name in language.SUPPORTED if name != "en"]
_PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|<[^>]+>")
# What nobody reads on a page: the operator's terminal, and the answers that endpoints give machines.
_NOT_ON_PAGES = (
    "app/cli/",
    "app/jobs/",
    "app/jose/algorithms.py",
    "app/tokens/",
    "app/jose/jwt.py",
)
_ERRORS = {"InvalidInputError", "ConflictError", "NotFoundError", "UnknownTargetError"}
_MAKERS = {"_bad_username", "_unacceptable"}


def catalogue(name):
    with (CATALOGUES / name / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=name)


def compiled(name):
    with (CATALOGUES / name / "LC_MESSAGES" / "messages.mo").open("rb") as file:
        return GNUTranslations(file)


def texts(message):
    """Return each form of a message with its translation."""
    ids = message.id if isinstance(message.id, tuple) else (message.id,)
    strings = message.string if isinstance(message.string, tuple) else (message.string,)
    return ids, strings


def marked():
    """Return every string that the sources mark."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["babel"]
    methods = [(each["pattern"], each["method"]) for each in settings["mappings"]]
    found = set()
    for folder in ("app", "templates"):
        for _, _, text, _, _ in extract_from_dir(str(ROOT / folder), method_map=methods):
            found.add(text[0] if isinstance(text, tuple) else text)
    return found


@pytest.mark.parametrize("name", OTHERS)
def test_every_marked_string_is_in_the_catalogue(name):
    known = {texts(message)[0][0] for message in catalogue(name) if message.id}
    assert marked() - known == set()
    assert known - marked() == set()


@pytest.mark.parametrize("name", OTHERS)
def test_every_string_is_translated_and_none_is_doubtful(name):
    doubtful = [
        message.id
        for message in catalogue(name)
        if message.id and (message.fuzzy or not all(texts(message)[1]))
    ]
    assert doubtful == []


@pytest.mark.parametrize("name", OTHERS)
def test_a_translation_has_the_same_gaps_and_marks(name):
    for message in catalogue(name):
        ids, strings = texts(message)
        wanted = set(_PLACEHOLDER.findall(ids[-1]))
        for string in strings:
            if message.id:
                assert set(_PLACEHOLDER.findall(string)) == wanted, message.id


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_compiled_is_what_is_written(name):
    translations = compiled(name)
    for message in catalogue(name):
        ids, strings = texts(message)
        if not message.id:
            continue
        if len(ids) == 1:
            assert translations.gettext(ids[0]) == strings[0]
        else:
            assert translations.ngettext(*ids, 1) == strings[0]
            assert translations.ngettext(*ids, 2) == strings[1]


def said_below():
    """Return what errors of the layers below say, as a sample with its gaps filled."""
    for path in sorted((ROOT / "app").rglob("*.py")):
        place = path.relative_to(ROOT).as_posix()
        if place.startswith(_NOT_ON_PAGES):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            yield from ((place, text) for text in _said_by(node))


def _said_by(node):
    match node:
        case ast.Assign(targets=[ast.Name(id="public")], value=ast.Constant(value=str(text))):
            yield text
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in _ERRORS | _MAKERS:
            if isinstance(first, ast.Constant | ast.JoinedStr):
                yield _sample(first)


def _sample(node):
    if isinstance(node, ast.Constant):
        return node.value
    return "".join(part.value if isinstance(part, ast.Constant) else "gap" for part in node.values)


def test_the_translators_know_what_the_layers_below_say():
    patterns = [
        re.compile(re.sub(r"%\\\(\w+\\\)s", ".+", re.escape(saying))) for saying in sayings.SAYINGS
    ]
    unknown = [
        (place, text)
        for place, text in said_below()
        if not any(each.fullmatch(text) for each in patterns)
    ]
    assert unknown == []


def test_a_sentence_with_gaps_is_said_in_the_readers_language(app):
    with app.test_request_context(headers={"Accept-Language": "de"}):
        said = language.said("A password has at least 15 characters.")
        assert said == "Ein Passwort hat mindestens 15 Zeichen."
        said = language.said("The name of a client has 1 to 256 characters.")
        assert said == "Der Name einer Anwendung hat 1 bis 256 Zeichen."
        assert language.said("Nobody wrote 100% of this.") == "Nobody wrote 100% of this."


def test_the_gaps_are_filled_with_what_stood_there_and_nothing_else(app):
    odd = "https://x.example/%(gap)s: must not have a fragment"
    with app.test_request_context(headers={"Accept-Language": "de"}):
        assert language.said(odd) == "https://x.example/%(gap)s: darf kein Fragment haben"
    with app.test_request_context():
        assert language.said(odd) == odd


@pytest.mark.parametrize("path", ["/login", "/console", "/set-up?token=x", "/nowhere"])
def test_no_page_breaks_in_another_language(make_browser, path):
    browser = make_browser(**{"Accept-Language": "de", "Accept": "text/html"})
    response = browser.get(path)
    assert response.status_code < 500
    if response.mimetype == "text/html" and response.status_code != 303:
        assert '<html lang="de">' in response.get_data(as_text=True)


def test_a_refused_form_is_corrected_in_the_readers_language(make_browser, ada):
    browser = make_browser(**{"Accept-Language": "de"})
    text = browser.sign_in("ada", "falsch").get_data(as_text=True)
    assert "Benutzername und Passwort passen nicht zusammen." in text
    assert "Bitte füllen Sie dieses Feld aus." in browser.sign_in("", "").get_data(as_text=True)
