"""The reference pages of docs/ are what the program says of itself."""

from pathlib import Path

import pytest

from app.cli import reference, settings_page

_DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("name", "page"), [("settings", settings_page.page), ("cli", reference.cli_page)]
)
def test_a_reference_page_is_up_to_date(name, page):
    stored = (_DOCS / f"{name}.md").read_text("utf-8")
    assert stored == page(), f"run: signet reference {name} > docs/{name}.md"


def test_the_reference_is_printed(signet):
    assert signet("config", "reference").out == settings_page.page()
    assert signet("reference", "cli").out == reference.cli_page()
    assert signet("config", "reference", "--json").json[0]["setting"] == "SIGNET_ISSUER"


def test_every_setting_has_its_entry():
    page = settings_page.page()
    for record in settings_page.records():
        assert f"### {record['setting']}\n" in page
        assert record["reason"] in page


def test_no_default_of_a_secret_is_a_secret():
    assert [r["setting"] for r in settings_page.records() if r["secret"] and r["default"]] == [
        "SIGNET_DATABASE_URL"
    ]
