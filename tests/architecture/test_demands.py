"""Every demand of the protocol that applies has a test, every mark says what it means, and the page is up to date."""

import importlib.util
import re
import sys
from types import ModuleType

import pytest

from tests.architecture.source import ROOT, modules


def _coverage() -> ModuleType:
    # A program, not a package: it is found by its path.
    spec = importlib.util.spec_from_file_location("coverage_page", ROOT / "docs" / "coverage.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # a dataclass looks its module up there
    spec.loader.exec_module(module)
    return module


coverage = _coverage()
DEMANDS = coverage.demands()
PROOFS = coverage.proofs()

LAST_LINE = 122
# The one spelling of each document; an RFC is `RFC` and its number.
DOCUMENTS = {
    "ASVS 5.0",
    "Fetch Standard",
    "JARM 1.0",
    "NIST SP 800-38D",
    "OAuth 2.0 Form Post Response Mode 1.0",
    "OAuth 2.0 Multiple Response Type Encoding Practices 1.0",
    "OpenID Connect Back-Channel Logout 1.0",
    "OpenID Connect Core 1.0",
    "OpenID Connect Discovery 1.0",
    "OpenID Connect Dynamic Client Registration 1.0",
    "OpenID Connect Front-Channel Logout 1.0",
    "OpenID Connect RP-Initiated Logout 1.0",
    "OpenID Connect Session Management 1.0",
    "Unmet Authentication Requirements 1.0",
}
_RFC = re.compile(r"RFC [1-9]\d{2,4}")
_SECTION = re.compile(r"(?:[1-9]\d?|[A-Z])(?:\.[1-9]\d?)*")
_ROW_IN_TEXT = re.compile(r"(?<![\d.])\d{1,2}(?:\.\d{1,2})+(?![\d.]*\d)")


def is_a_document(name: str) -> bool:
    return name in DOCUMENTS or _RFC.fullmatch(name) is not None


def is_a_section(document: str, section: str) -> bool:
    if document == coverage.ASVS:
        return section in coverage.asvs_rows()
    return _SECTION.fullmatch(section) is not None


def unknown_rows(text: str) -> set[str]:
    """Return the numbers that the lines of ``text`` about ASVS name and that are no row of it."""
    lines = [line.partition(coverage.ASVS)[2] for line in text.splitlines()]
    named = {number for line in lines for number in _ROW_IN_TEXT.findall(line)}
    return named - coverage.asvs_rows().keys()


def test_every_line_of_the_list_is_there_once_and_in_order():
    assert [each.line for each in DEMANDS] == list(range(1, LAST_LINE + 1))


def test_every_demand_that_applies_is_proved_by_a_test():
    open_lines = [
        f"{each.line}: {each.says}"
        for each in DEMANDS
        if not each.because and not any(map(each.is_met_by, PROOFS))
    ]
    assert open_lines == []


def test_what_does_not_apply_is_claimed_by_no_test():
    absent = {pair for each in DEMANDS if each.because for pair in each.sections}
    present = {pair for each in DEMANDS if not each.because for pair in each.sections}
    claimed = {(each.document, each.section) for each in PROOFS}
    assert (absent - present) & claimed == set()


def test_a_demand_names_documents_and_sections():
    for each in DEMANDS:
        assert each.sections, each.line
        for document, section in each.sections:
            assert is_a_document(document), (each.line, document)
            assert is_a_section(document, section), (each.line, document, section)


def test_a_mark_names_a_document_by_its_one_spelling():
    strange = [each for each in PROOFS if not is_a_document(each.document)]
    assert strange == []


def test_a_mark_names_a_section():
    strange = [each for each in PROOFS if not is_a_section(each.document, each.section)]
    assert strange == []


def test_a_module_names_rows_of_asvs_that_exist():
    found = {each.name: unknown_rows(each.text) for each in modules("app")}
    assert {name: rows for name, rows in found.items() if rows} == {}


def test_the_page_is_the_one_that_is_generated():
    written = (ROOT / "docs" / "protocol-coverage.md").read_text("utf-8")
    assert written == coverage.page(DEMANDS, PROOFS), "make docs writes it anew"


@pytest.mark.parametrize("name", ["RP-Initiated Logout 1.0", "RFC", "RFC 06749", "Core", "Fetch"])
def test_another_spelling_of_a_document_is_noticed(name):
    assert not is_a_document(name)


def test_a_number_that_is_no_section_is_noticed():
    assert not is_a_section("RFC 6749", "4.1.")
    assert not is_a_section("RFC 6749", "section 4")
    assert not is_a_section(coverage.ASVS, "6.2")
    assert is_a_section("RFC 7515", "A.1")
    assert is_a_section(coverage.ASVS, "6.2.1")


def test_a_group_of_rows_in_a_docstring_is_noticed():
    assert unknown_rows("    ASVS 5.0 6.2, 6.3.2        passwords") == {"6.2"}
    assert unknown_rows("    ASVS 5.0 6.3.2    since version 9.9.9 of\n    RFC 6749 3.1") == {
        "9.9.9"
    }
    assert unknown_rows("    ASVS 5.0 6.3.2, 6.3.8") == set()


def test_a_demand_is_met_in_its_files_and_by_its_words_alone():
    demand = coverage.Demand(
        1, "Area", "Says", (("RFC 1", "2"),), where=("tests/a/*.py",), words=("twice",)
    )
    proof = coverage.Proof("RFC 1", "2", "tests/a/test_b.py", "test_it_comes_twice")
    assert demand.is_met_by(proof)
    for change in ({"section": "3"}, {"path": "tests/b/test_b.py"}, {"name": "test_it_comes_once"}):
        other = coverage.Proof(**{**vars(proof), **change})
        assert not demand.is_met_by(other)


def test_marks_of_functions_and_of_classes_are_seen():
    text = (
        "import pytest\n"
        "@pytest.mark.spec('RFC 1', '2')\n"
        "class TestIt:\n"
        "    @pytest.mark.spec('RFC 3', '4')\n"
        "    def test_this(self): ...\n"
    )
    found = {(each.name, each.document) for each in coverage.proofs_of("tests/test_x.py", text)}
    assert found == {("TestIt", "RFC 1"), ("TestIt::test_this", "RFC 3")}
