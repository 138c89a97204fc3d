"""``signet serve``: from an empty directory to a running server."""

import gc
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import click

from app import __version__
from app.cli import context, installation, listener, output, size
from app.cli.options import with_json
from app.core import clock, logging, metrics, settings_loader
from app.core import installation as environment
from app.core.config import Settings
from app.core.context import Caller, set_caller
from app.core.errors import ConfigurationError

# Most threads wait for a password to be hashed, which needs no connection.
_CONNECTIONS = 8
# Beside those: the jobs, and the locks they hold on connections of their own.
_SPARE_CONNECTIONS = 3
# For keys and metadata, which wait for nothing.
_SPARE_THREADS = 2
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - only a private folder inside it is used


@dataclass(frozen=True)
class _Announcement:
    """What an operator needs to know first. ``set_up`` is there while nobody could sign in."""

    issuer: str
    set_up: str | None

    def say(self, *, as_json: bool) -> None:
        """Print it."""
        addresses = {
            "issuer": self.issuer,
            "discovery": f"{self.issuer}/.well-known/openid-configuration",
            "console": f"{self.issuer}/console",
            "set_up": self.set_up,
        }
        if as_json:
            click.echo(json.dumps(addresses))
            return
        click.echo(f"Signet {__version__}")
        for name, address in addresses.items():
            if address:
                click.echo(f"  {name.replace('_', '-'):<10} {address}")
        if self.set_up:
            click.echo(
                "  The set-up link creates the first administrator. It is valid for an hour."
            )


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="0 takes a free one.",
)
@click.option(
    "--workers", type=click.IntRange(1, 256), help="Processes. [default: one a CPU, at most 2]"
)
@click.option(
    "--threads", type=click.IntRange(1, 256), default=24, show_default=True,
    help="Requests that each process has in hand at the same time.",
)  # fmt: skip
@with_json
def command(host: str, port: int, workers: int | None, threads: int, *, as_json: bool) -> None:
    """Start the server; make keys and database first if there are none.

    Without SIGNET_ISSUER the issuer is the address itself, if it is a loopback address.
    """
    # Nothing that is loaded now will ever be garbage; the server counts from when it is ready.
    gc.disable()
    settings = settings_loader.load()
    logging.configure(settings)
    context.check_folder(settings)
    set_caller(Caller(actor=context.actor()))
    with listener.bind(host, port) as opened:
        workers = size.workers(workers)
        settings = _decide(host, opened.getsockname()[1], workers, threads)
        announcement = _prepare(settings)
        # Imported here: a start that is refused needs no server.
        from app.cli import server

        with _figures():
            server.serve(
                opened, server.Size(workers, threads), ready=_saying(announcement, as_json=as_json)
            )


def _saying(announcement: _Announcement, *, as_json: bool) -> Callable[[], None]:
    return lambda: announcement.say(as_json=as_json)


def _decide(host: str, port: int, workers: int, threads: int) -> Settings:
    """Hand down to the workers what nobody set and the command line implies."""
    places = environment.places()
    decided = {}
    if "ISSUER" not in places:
        decided["SIGNET_ISSUER"] = _loopback_issuer(host, port)
    if "DATABASE_POOL_SIZE" not in places:
        connections = min(threads, _CONNECTIONS) + _SPARE_CONNECTIONS
        decided["SIGNET_DATABASE_POOL_SIZE"] = str(connections)
    if "MAX_CONCURRENT_REQUESTS" not in places:
        decided["SIGNET_MAX_CONCURRENT_REQUESTS"] = str(max(1, threads - _SPARE_THREADS))
    if "MAX_CONCURRENT_HASHES" not in places:
        decided["SIGNET_MAX_CONCURRENT_HASHES"] = str(size.hashes(workers))
    environment.hand_down(decided)
    return settings_loader.load()


def _loopback_issuer(host: str, port: int) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        loopback, name = host == "localhost", host
    else:
        loopback = address.is_loopback
        name = f"[{address}]" if address.version == 6 else str(address)  # noqa: PLR2004
    if not loopback:
        raise ConfigurationError(
            f"SIGNET_ISSUER is not set: on {host} it must be the https URL that browsers use"
        )
    return f"http://{name}:{port}"


def _prepare(settings: Settings) -> _Announcement:
    prepared = installation.prepare(settings)
    # No worker may inherit a connection: two processes would speak on it at once.
    with installation.inside(prepared):
        from app.identity import set_up, users

        link = None
        if not users.any_admin():
            link = f"{settings.issuer}/set-up?token={set_up.issue_token(clock.now())}"
    return _Announcement(settings.issuer, link)


@contextmanager
def _figures() -> Iterator[None]:
    """Give the workers a private folder for their figures, and take it away at the end."""
    memory = _SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK | os.X_OK) else None
    try:
        folder = tempfile.mkdtemp(prefix="signet-figures-", dir=memory)
    except OSError as error:
        output.remark(f"warning: each worker has figures of its own: {error}")
        yield
        return
    environment.hand_down({metrics.FOLDER_VARIABLE: folder})
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
