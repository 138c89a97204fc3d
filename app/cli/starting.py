"""What a worker of ``signet serve`` does before it answers: from an empty directory to a running server."""

import gc
import json
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import click
import structlog

from app import __version__
from app.cli import context, installation, size
from app.cli.supervisor import Post, Supervisor
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

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Wishes:
    """What the command line asks for. ``figures`` is the folder where all workers count, if there is one."""

    host: str
    threads: int
    as_json: bool
    figures: Path | None


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


def work(supervisor: Supervisor, post: Post, wishes: Wishes) -> None:
    """Be the worker of ``post``: make ready what is not, then answer until told to stop.

    Raises:
        ConfigurationError: the settings are not usable.
        SQLAlchemyError, OSError: the first worker could not make the installation ready.
    """
    # Nothing that is loaded now will ever be garbage; the server counts from when it is ready.
    gc.disable()
    settings = settings_loader.load()
    logging.configure(settings)
    context.check_folder(settings)
    set_caller(Caller(actor=context.actor()))
    settings = _decide(supervisor, wishes)
    announcement = _prepare(settings) if post.is_first else None
    # Imported here: a start that is refused needs no server.
    from app.cli import server

    application = server.load(settings)
    gc.freeze()
    if post.after is not None:
        log.error("worker.replaced", worker=post.number, ended_by=post.after)
    if announcement is not None and post.number == 0:
        announcement.say(as_json=wishes.as_json)
    number = supervisor.multiply(post)
    gc.enable()
    server.serve(supervisor, number, application, threads=wishes.threads)


def _decide(supervisor: Supervisor, wishes: Wishes) -> Settings:
    """Hand down what nobody set and the command line implies."""
    places = environment.places()
    decided = {}
    if wishes.figures is not None:
        decided[metrics.FOLDER_VARIABLE] = str(wishes.figures)
    if "ISSUER" not in places:
        port = supervisor.sockets[0].getsockname()[1]
        decided["SIGNET_ISSUER"] = _loopback_issuer(wishes.host, port)
    if "DATABASE_POOL_SIZE" not in places:
        connections = min(wishes.threads, _CONNECTIONS) + _SPARE_CONNECTIONS
        decided["SIGNET_DATABASE_POOL_SIZE"] = str(connections)
    if "MAX_CONCURRENT_REQUESTS" not in places:
        decided["SIGNET_MAX_CONCURRENT_REQUESTS"] = str(max(1, wishes.threads - _SPARE_THREADS))
    if "MAX_CONCURRENT_HASHES" not in places:
        decided["SIGNET_MAX_CONCURRENT_HASHES"] = str(size.hashes(len(supervisor.sockets)))
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
