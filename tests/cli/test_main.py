"""The command line as a whole: help, versions, errors and exit codes."""

import json
import re
import subprocess
import sys

import click
import pytest

from app import __version__
from app.cli import failures
from app.cli.main import NOUNS, noun
from app.core.errors import (
    ConfigurationError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)


def _commands():
    for name in NOUNS:
        found = noun(name)
        members = found.commands.items() if isinstance(found, click.Group) else [("", found)]
        for verb, member in members:
            yield f"{name} {verb}".strip(), member


def test_every_command_answers_in_json_when_asked():
    without = [path for path, each in _commands() if "as_json" not in {p.name for p in each.params}]
    assert without == []


def test_every_command_says_what_it_does():
    assert [path for path, each in _commands() if not each.help] == []


def test_the_version_is_told(signet):
    answer = signet("--version")
    assert (answer.code, answer.out.strip()) == (0, f"signet {__version__}")


def test_help_imports_no_command_and_no_database():
    program = (
        "import sys; from app.cli.main import main; code = main(['--help']);"
        "heavy = {'flask', 'sqlalchemy', 'granian', 'app.cli.users'} & set(sys.modules);"
        "sys.exit(code or len(heavy))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert ended.returncode == 0


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("users",), ("users", "show"), ("--no",)])
def test_a_wrong_command_line_ends_with_2(signet, arguments):
    answer = signet(*arguments)
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err


def test_a_misspelt_setting_ends_with_3_and_one_line(signet, monkeypatch):
    monkeypatch.setenv("SIGNET_ISUER", "https://id.example")
    answer = signet("config", "check")
    assert answer.code == 3
    assert answer.err == (
        "signet: error: SIGNET_ISUER is not a setting of Signet; did you mean SIGNET_ISSUER?\n"
    )


def test_a_contradiction_ends_with_3(signet, monkeypatch):
    monkeypatch.setenv("SIGNET_SESSION_IDLE_TIMEOUT", "30d")
    assert signet("users", "list").code == 3


def test_a_folder_that_is_not_there_ends_with_3(signet, monkeypatch):
    monkeypatch.setenv("SIGNET_DATABASE_URL", "sqlite:///nowhere/signet.sqlite3")
    answer = signet("users", "list")
    assert answer.code == 3
    assert "nowhere" in answer.err


def test_a_database_that_does_not_answer_ends_with_4(signet, monkeypatch):
    monkeypatch.setenv("SIGNET_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("SIGNET_ROOT_KEY", "A" * 43)
    answer = signet("users", "list", "--json")
    assert answer.code == 4
    assert json.loads(answer.err)["error"] == "unavailable"


@pytest.mark.parametrize(
    ("error", "code", "name"),
    [
        (NotFoundError(), 1, "not_found"),
        (ConflictError(), 1, "conflict"),
        (InvalidInputError("too long", field="name"), 1, "invalid_input"),
        (click.UsageError("no"), 2, "usage"),
        (ConfigurationError("no"), 3, "configuration"),
        (UnavailableError(), 4, "unavailable"),
        (PermissionError(13, "Permission denied", "keys"), 4, "unavailable"),
    ],
)
def test_each_kind_of_failure_has_its_exit_code(error, code, name, capsys):
    assert failures.answer(error, as_json=True) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert json.loads(said.err)["error"] == name


def test_an_error_says_which_value_is_meant(capsys):
    failures.answer(InvalidInputError("too long", field="name"), as_json=True)
    assert json.loads(capsys.readouterr().err)["field"] == "name"
    failures.answer(InvalidInputError("too long", field="name"), as_json=False)
    assert capsys.readouterr().err == "signet: error: name: too long\n"


def test_what_nobody_foresaw_is_not_swallowed():
    with pytest.raises(ZeroDivisionError):
        failures.answer(ZeroDivisionError(), as_json=False)


def test_a_reader_that_stops_reading_causes_no_complaint(folder):
    program = "import sys; from app.cli.main import main; sys.exit(main(['config', 'reference']))"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        said = process.stderr.read().decode()
    assert said == ""
    assert process.returncode in {0, 1}


def test_what_a_command_makes_is_its_owners_alone(signet, folder):
    signet("users", "list")
    modes = {path.name: path.stat().st_mode & 0o077 for path in folder.rglob("*")}
    assert {name for name, mode in modes.items() if mode} == set()
    assert any(re.fullmatch(r"root-\d{8}T\d{6}Z\.key", name) for name in modes)
