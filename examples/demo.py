"""The demo: Signet, a person, a web application and an API on this machine, to click through.

Signet is set up by its command line, and the two programs beside it know no more of it than any
other client does. Everything lives in a new temporary folder and goes with it: a demo that
remembered would sooner or later show something else than it says, and it must never meet the keys
and the database of a real installation.
"""

import argparse
import contextlib
import os
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path

import seed
from programs import HOST, SIGNET, DemoError, Ports, Programs

EXAMPLES = Path(__file__).resolve().parent
# Program -> the variable that moves it, and where it listens otherwise.
PORTS = {
    "signet": ("DEMO_PORT", 8000),
    "app": ("DEMO_APP_PORT", 8001),
    "api": ("DEMO_API_PORT", 8002),
}


def main() -> int:
    """Run the demo until Ctrl-C; return the exit code."""
    # Whoever stops us politely, or closes the terminal, gets the same clean end as Ctrl-C.
    for polite in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(polite, signal.default_int_handler)
    try:
        ports = chosen_ports()
        with tempfile.TemporaryDirectory(prefix="signet-demo-") as folder:
            programs = Programs(Path(folder), ports)
            try:
                run(programs)
            finally:
                # A second Ctrl-C must not leave anything running.
                for any_further in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    signal.signal(any_further, signal.SIG_IGN)
                programs.stop()
    except KeyboardInterrupt:
        # Perhaps nobody listens any more.
        with contextlib.suppress(OSError):
            say("\nStopped. Nothing is left behind.")
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0


def run(programs: Programs) -> None:
    """Set up, start, announce, and watch."""
    say("Setting up, a few seconds ...")
    password = seed.person(programs)
    seed.api(programs)
    start(programs, seed.client(programs))
    announce(programs, password)
    while True:
        time.sleep(0.5)
        programs.check()


def start(programs: Programs, client: dict[str, str]) -> None:
    """Start the three programs and wait until each answers."""
    ports, issuer = programs.ports, programs.issuer
    programs.start(
        "signet",
        [SIGNET, "serve", "--host", HOST, "--port", str(ports.signet)],
        SIGNET_ISSUER=issuer,
    )
    programs.start(
        "api", flask("api/notes_api.py", ports.api), ISSUER=issuer, AUDIENCE=seed.AUDIENCE
    )
    programs.start(
        "web_app",
        flask("web_app/web_app.py", ports.app),
        ISSUER=issuer,
        API_URL=ports.url("api"),
        CLIENT_ID=client["client_id"],
        CLIENT_SECRET=client["client_secret"],
    )
    programs.wait_for(f"{issuer}/readyz")
    programs.wait_for(f"{ports.url('api')}/health")
    programs.wait_for(f"{ports.url('app')}/")


def flask(program: str, port: int) -> list[str | Path]:
    """Return the command that serves a sample program."""
    return [
        sys.executable, "-m", "flask", "--app", EXAMPLES / program,
        "run", "--host", HOST, "--port", str(port),
    ]  # fmt: skip


def announce(programs: Programs, password: str) -> None:
    """Say where everything is."""
    ports, issuer = programs.ports, programs.issuer
    say(f"""
  The demo is running. Begin in a browser on this machine:

    Sample app    {ports.url("app")}
    User name     {seed.USERNAME}
    Password      {password}

  Beside it, for the same person:

    Account       {issuer}/account
    Console       {issuer}/console
    Discovery     {issuer}/.well-known/openid-configuration
    Sample API    {ports.url("api")}/notes
    Logs          {programs.folder}

  Ctrl-C stops everything and deletes it.
""")


def chosen_ports() -> Ports:
    """Return the ports to use.

    Raises:
        DemoError: one of them is taken.
    """
    parser = argparse.ArgumentParser(prog="demo", description="Signet with two sample programs.")
    for name, (variable, port) in PORTS.items():
        parser.add_argument(
            f"--{name}-port", type=int, dest=name, metavar="PORT",
            default=os.environ.get(variable, port), help=f"also {variable} (default {port})",
        )  # fmt: skip
    ports = Ports(**vars(parser.parse_args()))
    for name, (variable, _) in PORTS.items():
        port = getattr(ports, name)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except (OSError, OverflowError):
                advice = f"choose another: {variable}=9000 make demo"
                raise DemoError(f"port {port} cannot be used; {advice}") from None
    return ports


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
