"""The first root key, and where settings come from."""

import os
import re
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import pytest

from app.core import installation, root_key, settings_loader

NOW = datetime(2026, 5, 1, 12, 30, tzinfo=UTC)


def _settings(folder):
    settings = settings_loader.load({}, folder=folder)
    return replace(settings, keys=replace(settings.keys, directory=folder / "keys"))


def test_the_first_key_is_made_once_and_is_its_owners_alone(tmp_path):
    settings = _settings(tmp_path)
    made = installation.first_root_key(settings, now=NOW)
    assert made == tmp_path / "keys" / "root-20260501T123000Z.key"
    assert made.stat().st_mode & 0o777 == 0o600
    assert installation.first_root_key(settings, now=NOW) is None
    assert len(root_key.load(settings.keys.directory, None).keys) == 1


def test_a_key_from_a_secret_manager_needs_no_file(tmp_path):
    settings = _settings(tmp_path)
    settings = replace(settings, keys=replace(settings.keys, root_key="A" * 43))
    assert installation.first_root_key(settings, now=NOW) is None
    assert list(tmp_path.iterdir()) == []


def _make(folder):
    installation.first_root_key(_settings(Path(folder)), now=datetime.now(UTC))
    return root_key.load(Path(folder) / "keys", None).current.key_id


def test_many_processes_on_an_empty_directory_make_one_key(tmp_path):
    with ProcessPoolExecutor(6, mp_context=get_context("spawn")) as pool:
        found = set(pool.map(_make, [str(tmp_path)] * 12))
    assert len(found) == 1
    assert len(list((tmp_path / "keys").iterdir())) == 1


@pytest.fixture
def clean(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("SIGNET_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_setting_is_said_to_come_from_where_it_is_taken(clean, monkeypatch):
    (clean / "signet.toml").write_text('[server]\nissuer = "https://a.example"\nlog_level="error"')
    monkeypatch.setenv("SIGNET_LOG_LEVEL", "debug")
    assert installation.places() == {"ISSUER": "signet.toml", "LOG_LEVEL": "environment"}


def test_the_file_that_the_environment_names_is_the_one_looked_into(clean, monkeypatch):
    (clean / "other.toml").write_text('[database]\nurl = "sqlite:///a.sqlite3"')
    monkeypatch.setenv("SIGNET_CONFIG", "other.toml")
    assert installation.places() == {"DATABASE_URL": "other.toml"}


def test_what_is_handed_down_is_a_setting_of_the_next_load(clean, monkeypatch):
    monkeypatch.setenv("SIGNET_ISSUER", "https://before.example")
    installation.hand_down({"SIGNET_ISSUER": "https://after.example"})
    assert settings_loader.load().issuer == "https://after.example"


def test_the_name_of_a_key_sorts_by_its_time(tmp_path):
    settings = _settings(tmp_path)
    path = installation.first_root_key(settings, now=NOW)
    assert re.fullmatch(r"root-\d{8}T\d{6}Z\.key", path.name)
