"""The programs of the demo: started together, watched, stopped in order."""

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
SIGNET = Path(sys.executable).with_name("signet")
PATIENCE = 30.0


class DemoError(Exception):
    """The demo cannot go on; the message says why."""


@dataclass(frozen=True)
class Ports:
    """Where the three programs listen."""

    signet: int
    app: int
    api: int

    def url(self, name: str) -> str:
        """Return the address of the program ``name``."""
        return f"http://{HOST}:{getattr(self, name)}"


@dataclass
class Programs:
    """What runs, and what all of it shares: a folder, and the addresses of one another."""

    folder: Path
    ports: Ports
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        """Return the issuer identifier of the demo's Signet."""
        return self.ports.url("signet")

    def signet(self, *arguments: str, typed: str = "") -> dict[str, Any]:
        """Run a ``signet`` command, ``typed`` on its standard input, and return its answer."""
        done = subprocess.run(  # noqa: S603 - our own command, no shell
            [SIGNET, *arguments, "--json"],
            cwd=self.folder,
            env=self._environment(SIGNET_ISSUER=self.issuer),
            input=typed,
            capture_output=True,
            encoding="utf-8",
            check=False,
            start_new_session=True,
        )
        if done.returncode:
            raise DemoError(f"signet {' '.join(arguments[:2])}: {done.stderr.strip()}")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def start(self, name: str, command: list[str | Path], **environment: str) -> None:
        """Start a program; what it says goes to ``<name>.log``."""
        with self._log(name).open("wb") as log:
            self.running[name] = subprocess.Popen(  # noqa: S603 - our own programs, no shell
                command,
                cwd=self.folder,
                env=self._environment(**environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C reaches us alone; we stop the others in order.
                start_new_session=True,
            )

    def check(self) -> None:
        """Complain when a program has ended by itself."""
        for name, process in self.running.items():
            if process.poll() is not None:
                last = self._log(name).read_text("utf-8", "replace").strip().splitlines()[-5:]
                raise DemoError("\n  ".join((f"{name} ended by itself.", *last)))

    def wait_for(self, url: str) -> None:
        """Wait until ``url`` answers."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.check()
            # Not there yet, or not ready yet: URLError is an OSError.
            with contextlib.suppress(OSError), opener.open(url, timeout=2):
                return
            time.sleep(0.1)
        raise DemoError(f"{url} does not answer; see the logs in {self.folder}")

    def stop(self) -> None:
        """Stop what runs, the last started first."""
        for process in reversed(self.running.values()):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _environment(self, **own: str) -> dict[str, str]:
        # Without the settings of any other Signet. The programs talk to one another on this
        # machine; a proxy would only be in the way.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SIGNET_")}
        return {**kept, "NO_PROXY": HOST, "no_proxy": HOST, **own}
