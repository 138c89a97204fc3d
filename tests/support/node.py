"""Run a script of ``tests/journeys/node`` and talk with it, one JSON value a line."""

import json
import subprocess
import threading
from collections.abc import Callable, Mapping
from typing import Any

from tests.support.requirements import NODE_PACKAGES, node

_PATIENCE = 60


class ScriptError(AssertionError):
    """The script did not come to a result."""


def run(
    script: str,
    given: Mapping[str, Any],
    answer: Callable[[dict[str, Any]], Mapping[str, Any]] | None = None,
) -> Any:
    """Give ``given`` to ``script``, answer what it asks, and return its result.

    Raises:
        ScriptError: it failed, or fell silent.
    """
    runtime = node()
    assert runtime is not None
    process = subprocess.Popen(
        [runtime, script],
        cwd=NODE_PACKAGES.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    watchdog = threading.Timer(_PATIENCE, process.kill)
    watchdog.start()
    try:
        with process:
            return _converse(process, given, answer)
    finally:
        watchdog.cancel()
        process.kill()


def _converse(
    process: "subprocess.Popen[str]",
    given: Mapping[str, Any],
    answer: Callable[[dict[str, Any]], Mapping[str, Any]] | None,
) -> Any:
    assert process.stdin is not None
    assert process.stdout is not None
    _say(process, given)
    for line in process.stdout:
        said = json.loads(line)
        if "result" in said:
            return said["result"]
        if "failure" in said:
            raise ScriptError(json.dumps(said["failure"], indent=2) + "\n" + said["stack"])
        assert answer is not None, f"the script asks {said}"
        _say(process, answer(said))
    raise ScriptError("the script ended without a result")


def _say(process: "subprocess.Popen[str]", message: Mapping[str, Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()
