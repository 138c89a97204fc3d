"""Attempts to sign in with a password: who must wait, and what a failure costs whom.

Specs:
    ASVS 5.0 6.1.1, 6.3.1    how guessing is slowed down, and how nobody is locked out by it
    NIST SP 800-63B 3.2.2    rate limiting

Four counters, each of them only for passwords:

*   *device*: this account from one browser the owner has used before. It answers to nothing else, so
    nobody can keep the owner's own browser out.
*   *network*: this account from one network of strangers. One network can slow itself down, not others.
*   *account*: this account from strangers anywhere. A network feeds it only with its free failures, so
    it takes several networks to fill it; once it is full, every failure counts, and many networks
    together guess no faster than one.
*   *address*: one network of strangers, whichever accounts it tries. A success does not clear it, or a
    guesser would sign in to an account of its own now and then.

An account is named by what was typed, whether it exists or not: both answer alike.
"""

from dataclasses import dataclass
from datetime import datetime

from app.core import config
from app.core.context import caller
from app.identity import devices, logins
from app.throttle import counters
from app.throttle.counters import Limit
from app.throttle.networks import network_of

# How many networks' free failures fill the counter of the account.
_NETWORKS = 3


@dataclass(frozen=True)
class Attempt:
    """One attempt: at which account, from which network, and from which known browser, if any."""

    account: str
    network: str
    device: str | None

    def check(self, *, now: datetime) -> None:
        """Let the attempt pass, or not.

        Raises:
            ThrottledError: it must wait.
        """
        for limit, subject in self._counted():
            counters.check(limit, subject, now=now)

    def fail(self, *, now: datetime) -> datetime:
        """Count that it failed; return until when the next one like it must wait."""
        if self.device is not None:
            return counters.fail(_limit("device"), self.device, now=now)
        limits = dict(self._counted())
        network, account, address = limits
        until = counters.fail(network, limits[network], now=now)
        is_free = until <= now
        if is_free or counters.is_spent(account, limits[account], now=now):
            until = max(until, counters.fail(account, limits[account], now=now))
        return max(until, counters.fail(address, limits[address], now=now))

    def succeed(self) -> None:
        """Forget the failures that led to a success, but not those of the address as a whole."""
        for limit, subject in self._counted()[:2]:
            counters.clear(limit, subject)

    def _counted(self) -> list[tuple[Limit, str]]:
        if self.device is not None:
            return [(_limit("device"), self.device)]
        return [
            (_limit("network"), f"{self.account}|{self.network}"),
            (_limit("account"), self.account),
            (_limit("address"), self.network),
        ]


def begun(login: str, *, user_id: str | None, device: str | None) -> Attempt:
    """Return the attempt of the current caller at ``login``, which is ``user_id`` if anybody."""
    is_known = user_id is not None and devices.is_known(device, user_id)
    return Attempt(
        account=logins.key_of(login) or login,
        network=network_of(caller().address),
        device=device if is_known else None,
    )


def _limit(name: str) -> Limit:
    settings = config.current().passwords
    free = {
        "account": _NETWORKS * settings.free_attempts,
        "address": settings.address_free_attempts,
    }.get(name, settings.free_attempts)
    return Limit(
        f"password.{name}", free=free, cap=settings.max_delay, memory=settings.failure_memory
    )
