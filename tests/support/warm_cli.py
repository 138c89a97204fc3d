"""The command line, kept warm: one process that has imported it and forks for every command.

A journey prepares its people and applications by a dozen commands; most of the time of each would go into
importing the same libraries again. The forked child is a process of its own with the folder and
environment it is given, and runs exactly what ``signet`` runs.
"""

import importlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

_ROOT = Path(__file__).parents[2]
_PRELOADED = (
    "app.cli.apis", "app.cli.audit", "app.cli.clients", "app.cli.keys", "app.cli.sessions",
    "app.cli.users", "app.core.schema", "app.identity.users", "app.identity.passwords",
    "app.jose.signing_keys", "app.tokens.revocation", "app.clients.registry", "app.models",
)  # fmt: skip


class WarmCommandLine:
    """Runs commands through one waiting process; start it by the first command."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def run(
        self, arguments: list[str], *, folder: Path, environment: dict[str, str], stdin: str
    ) -> subprocess.CompletedProcess[str]:
        """Run ``signet`` with ``arguments`` and return how it ended."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.warm_cli"],
                cwd=_ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        command = {
            "arguments": arguments, "folder": str(folder), "environment": environment, "stdin": stdin,
        }  # fmt: skip
        process.stdin.write(json.dumps(command) + "\n")
        process.stdin.flush()
        done = json.loads(process.stdout.readline())
        return subprocess.CompletedProcess(arguments, done["code"], done["stdout"], done["stderr"])

    def close(self) -> None:
        """Let the waiting process go."""
        if self._process is not None:
            with self._process:
                assert self._process.stdin is not None
                self._process.stdin.close()


def _serve() -> None:
    # The process answers on its own standard output; commands get files in its place.
    for name in _PRELOADED:
        importlib.import_module(name)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_forked(json.loads(line))) + "\n")
        sys.stdout.flush()


def _forked(command: dict[str, Any]) -> dict[str, Any]:
    with (
        tempfile.TemporaryFile() as stdin,
        tempfile.TemporaryFile() as stdout,
        tempfile.TemporaryFile() as stderr,
    ):
        stdin.write(command["stdin"].encode())
        stdin.seek(0)
        child = os.fork()
        if child == 0:
            _become(command, stdin, stdout, stderr)
        _, status = os.waitpid(child, 0)
        return {
            "code": os.waitstatus_to_exitcode(status),
            "stdout": _read(stdout),
            "stderr": _read(stderr),
        }


def _become(
    command: dict[str, Any], stdin: IO[bytes], stdout: IO[bytes], stderr: IO[bytes]
) -> None:
    """Be ``signet`` in the child; never returns."""
    code = 70
    try:
        for descriptor, file in enumerate((stdin, stdout, stderr)):
            os.dup2(file.fileno(), descriptor)
        os.chdir(command["folder"])
        os.environ.clear()
        os.environ.update(command["environment"])
        from app.cli.main import main

        code = main(command["arguments"])
        sys.stdout.flush()
    except BaseException:  # noqa: BLE001 - the child must not go back into the loop of its parent
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(code)


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8")


if __name__ == "__main__":
    _serve()
