"""The command line in an empty directory of its own."""

import io
import json
import logging
import os
import sys
from dataclasses import dataclass

import pytest
import structlog

from app.cli.main import main


@dataclass(frozen=True)
class Answer:
    """What one command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def _logging_restored():
    """A command configures logging for its process; the test session has its own."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    umask = os.umask(0o022)
    yield
    os.umask(umask)
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working directory, and no setting in the environment."""
    for name in [name for name in os.environ if name.startswith("SIGNET_")]:
        monkeypatch.delenv(name)
    # The smallest cost that the settings allow: these tests are not about hashing.
    monkeypatch.setenv("SIGNET_ARGON2_TIME_COST", "1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def signet(folder, monkeypatch, capsys, _logging_restored):
    """Run one command and return what it said."""

    def run(*arguments, stdin=""):
        raw = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
        capsys.readouterr()
        code = main(arguments)
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return run
