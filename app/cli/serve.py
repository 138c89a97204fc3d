"""``signet serve``: the command, in the process that starts the others.

That process stays as small as it is here: what answers is imported in the workers alone.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from app.cli import failures, listener, output, size
from app.cli.options import with_json
from app.cli.supervisor import Post, Supervisor

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - only a private folder inside it is used


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
    opened = listener.bind(host, port)
    sockets = listener.spread(opened, size.workers(workers))
    with _figures() as folder:

        def work(supervisor: Supervisor, post: Post) -> int:
            # Imported here, in the worker: all that a server needs.
            from app.cli import starting

            try:
                starting.work(supervisor, post, starting.Wishes(host, threads, as_json, folder))
            except Exception as error:  # noqa: BLE001 - every error ends here, the unforeseen is raised again
                return failures.answer(error, as_json=as_json)
            return 0

        code = Supervisor(sockets, work).run()
    click.get_current_context().exit(code)


@contextmanager
def _figures() -> Iterator[Path | None]:
    """Yield a private folder for the figures of all workers, and take it away at the end."""
    memory = _SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK | os.X_OK) else None
    try:
        folder = tempfile.mkdtemp(prefix="signet-figures-", dir=memory)
    except OSError as error:
        output.remark(f"warning: each worker has figures of its own: {error}")
        yield None
        return
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
