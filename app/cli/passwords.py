"""``signet passwords``: what a password hash costs."""

import os
from typing import TYPE_CHECKING, Any

import click

from app.cli import output, size
from app.cli.options import with_json
from app.core import installation, settings_loader

if TYPE_CHECKING:
    from app.identity.hash_cost import Proposal

_MEBIBYTE = 1024
# Of the machine's memory, for all that is hashed at once; the rest is the server's and everybody's.
_SHARE = 8


@click.group("passwords")
def command() -> None:
    """Password hashes: propose what they should cost."""


@command.command("propose")
@click.option(
    "--milliseconds", type=click.IntRange(10, 10000), default=250, show_default=True,
    help="How long checking a password may take.",
)  # fmt: skip
@click.option(
    "--memory-kib", type=click.IntRange(19456, 4194304),
    help="The most memory of one hash. [default: an eighth of the machine's, over all at once]",
)  # fmt: skip
@click.option(
    "--workers", type=click.IntRange(1, 256),
    help="Processes of the server. [default: one a CPU, at most 2]",
)  # fmt: skip
@with_json
def propose(
    milliseconds: int, memory_kib: int | None, workers: int | None, *, as_json: bool
) -> None:
    """Measure Argon2id on this machine and propose settings for it.

    Every worker hashes SIGNET_MAX_CONCURRENT_HASHES passwords at once, and so does the measure; what
    else the machine does meanwhile makes the proposal weaker. It is never weaker than the defaults.
    """
    # Imported here: no other command needs Argon2 to answer.
    from app.identity import hash_cost

    processes = size.workers(workers)
    at_once = processes * _slots(processes)
    most = memory_kib or _affordable(at_once)
    # More threads than processors would measure how long they wait for one another.
    busy = min(at_once, size.processors())
    found = hash_cost.propose(
        milliseconds / 1000,
        most_memory_kib=most,
        measure=lambda cost: hash_cost.measured(cost, at_once=busy),
    )
    told = _told(found, at_once=at_once, busy=busy)
    if as_json:
        output.one(told, as_json=True)
    else:
        _say(told, milliseconds)


def _slots(processes: int) -> int:
    settings = settings_loader.load()
    if "MAX_CONCURRENT_HASHES" in installation.places():
        return settings.passwords.max_concurrent_hashes
    return size.hashes(processes)


def _affordable(at_once: int) -> int:
    from app.identity.hash_cost import LEAST, MOST_MEMORY_KIB

    kibibytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1024
    return min(MOST_MEMORY_KIB, max(LEAST.memory_kib, kibibytes // _SHARE // at_once))


def _told(found: "Proposal", *, at_once: int, busy: int) -> dict[str, Any]:
    cost = found.cost
    return {
        "settings": {
            "SIGNET_ARGON2_MEMORY_KIB": cost.memory_kib,
            "SIGNET_ARGON2_TIME_COST": cost.passes,
            "SIGNET_ARGON2_PARALLELISM": cost.lanes,
        },
        "milliseconds": round(found.seconds * 1000, 1),
        "within_target": found.fits,
        "hashes_at_once": at_once,
        "memory_kib": cost.memory_kib * at_once,
        "sign_ins_per_second": round(busy / found.seconds, 1),
    }


def _say(told: dict[str, Any], milliseconds: int) -> None:
    for name, value in told["settings"].items():
        click.echo(f"{name}={value}")
    if not told["within_target"]:
        output.remark(
            f"warning: no cost that is strong enough takes {milliseconds} ms or less here"
        )
    output.remark(f"checking a password takes {told['milliseconds']:g} ms while others are checked")
    output.remark(
        f"{told['hashes_at_once']} at once use up to {told['memory_kib'] // _MEBIBYTE} MiB, "
        f"and about {told['sign_ins_per_second']:g} people can sign in each second"
    )
    output.remark("a stored hash takes on the new cost when its owner signs in the next time")
