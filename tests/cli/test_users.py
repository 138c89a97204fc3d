"""signet users."""

import io
import sys

import pytest

from app.cli import output, people

PASSWORD = "quiet harbour lantern"


@pytest.fixture
def ada(signet):
    answer = signet(
        "users", "create", "ada", "--email", "ada@example.org", "--name", "Ada L.",
        "--password-stdin", "--role", "admin", "--claim", "locale=en", "--claim", "level=3",
        "--claim", "staff=true", "--json", stdin=f"{PASSWORD}\n",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    return answer.json


def test_what_was_given_is_what_is_shown(signet, ada):
    shown = signet("users", "show", "ada", "--json").json
    assert shown["username"] == "ada"
    assert shown["email"] == "ada@example.org"
    assert shown["name"] == "Ada L."
    assert shown["roles"] == ["admin"]
    assert shown["disabled"] is False


def test_a_claim_is_typed_where_its_value_is_json(ada):
    assert ada["claims"] == {"locale": "en", "level": 3, "staff": True}


@pytest.mark.parametrize("reference", ["ada", "ADA@example.org", "id"])
def test_a_person_is_found_by_name_address_or_id(signet, ada, reference):
    wanted = ada["id"] if reference == "id" else reference
    assert signet("users", "show", wanted, "--json").json["id"] == ada["id"]


def test_the_password_is_never_in_an_answer(signet, ada):
    said = "".join(
        f"{answer.out}{answer.err}"
        for answer in (
            signet("users", "show", "ada"),
            signet("users", "list", "--json"),
            signet("audit", "tail", "--json"),
        )
    )
    assert PASSWORD not in said
    assert "argon2" not in said


def test_a_name_can_be_taken_once(signet, ada):
    again = signet("users", "create", "ADA", "--email", "other@example.org")
    assert again.code == 1
    assert again.out == ""
    assert again.err.startswith("signet: error: ")
    assert again.err.count("\n") == 1


def test_an_unknown_person_is_refused_in_json_too(signet, ada):
    answer = signet("users", "show", "nobody", "--json")
    assert answer.code == 1
    assert answer.out == ""
    assert '"error": "not_found"' in answer.err


def test_a_person_without_password_is_remarked_on(signet):
    answer = signet("users", "create", "bob", "--email", "bob@example.org")
    assert answer.code == 0
    assert "no password yet" in answer.err


@pytest.mark.parametrize(
    ("piped", "password"),
    [(b"a b c\n", "a b c"), (b"a\n\n", "a\n"), (b" a ", " a "), (b"a\r\n", "a"), (b"a\r", "a\r")],
)
def test_exactly_one_newline_belongs_to_the_pipe(monkeypatch, piped, password):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(piped)))
    assert people.password_from({"password_stdin": True}) == password


def test_a_password_that_is_no_text_is_wrong_usage(signet, ada):
    answer = signet("users", "set-password", "ada", "--password-stdin", stdin=b"\xff\xfe")
    assert answer.code == 2


def test_an_operator_may_set_a_short_password_and_is_warned(signet, ada):
    answer = signet("users", "set-password", "ada", "--password-stdin", stdin="vqz7mkpw\n")
    assert answer.code == 0
    assert "warning" in answer.err


@pytest.mark.parametrize("password", ["short", "password"])
def test_nobody_may_set_a_worthless_password(signet, ada, password):
    answer = signet("users", "set-password", "ada", "--password-stdin", stdin=password)
    assert answer.code == 1
    assert "password" in answer.err


def test_a_disabled_person_is_shown_as_such_until_enabled(signet, ada):
    assert signet("users", "disable", "ada", "--json").json["disabled"] is True
    assert signet("users", "show", "ada", "--json").json["disabled"] is True
    assert signet("users", "enable", "ada", "--json").json["disabled"] is False


def test_an_update_changes_what_is_named_and_nothing_else(signet, ada):
    answer = signet("users", "update", "ada", "--name", "Ada", "--claim", "level=", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["name"] == "Ada"
    assert answer.json["claims"] == {"locale": "en", "staff": True}
    assert answer.json["email"] == "ada@example.org"
    assert answer.json["roles"] == ["admin"]
    assert signet("users", "update", "ada", "--role", "", "--json").json["roles"] == []
    assert signet("users", "update", "ada").code == 2


def test_a_list_is_read_page_by_page(signet):
    for name in ("ann", "ben", "cat"):
        assert signet("users", "create", name, "--email", f"{name}@example.org").code == 0
    first = signet("users", "list", "--limit", "2", "--json").json
    rest = signet("users", "list", "--limit", "2", "--after", first[-1]["id"], "--json").json
    assert [person["username"] for person in first + rest] == ["ann", "ben", "cat"]
    assert "--after" in signet("users", "list", "--limit", "2").err
    found = signet("users", "list", "--search", "be", "--json").json
    assert [person["username"] for person in found] == ["ben"]


def test_revoking_a_person_says_how_much_ended(signet, ada):
    assert signet("users", "revoke", "ada", "--json").json == {
        "id": ada["id"],
        "revoked_grants": 0,
    }


def test_control_characters_in_a_name_do_not_reach_the_terminal(signet):
    assert output.plain("a\x1b[2Jb\u202ec") == "a\\u001b[2Jb\\u202ec"


@pytest.mark.spec("OpenID Connect Core 1.0", "5.1")
def test_standard_claims_that_have_a_field_are_claims_all_the_same(signet):
    created = signet(
        "users", "create", "grace", "--email", "grace@example.org", "--claim", "name=Grace H.",
        "--claim", "email_verified=true", "--claim", "birthdate=1906-12-09", "--json",
    ).json  # fmt: skip
    assert created["email"] == "grace@example.org"
    assert created["email_verified"] is True
    assert created["name"] == "Grace H."
    assert created["claims"] == {"birthdate": "1906-12-09"}
    changed = signet("users", "update", "grace", "--claim", "email_verified=false", "--json").json
    assert changed["email_verified"] is False
    assert signet("users", "update", "grace", "--claim", "email_verified=maybe").code == 2
