"""Attempts to sign in with a password: who must wait, and what a failure costs whom.

Specs:
    ASVS 5.0 6.1.1, 6.3.1    how guessing is slowed down, and how nobody is locked out by it
    NIST SP 800-63B 3.2.2    rate limiting

Five counters, each of them only for passwords:

*   *device*: this account from one browser in which its present password was used before.
*   *devices*: this account from all such browsers. One of them feeds it only with its free failures,
    so that many cookies, collected, guess no faster than a few. Known browsers answer to these two
    alone: no stranger can keep the owner's own browser out.
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
from functools import cached_property

from app.core import config
from app.core.context import caller
from app.identity import devices, logins
from app.identity.directory import Credentials
from app.throttle import counters
from app.throttle.counters import Counted, Limit
from app.throttle.networks import network_of

# How many networks' free failures, or known browsers', fill the counter of the account.
_MEMBERS = 3


@dataclass(frozen=True)
class Device:
    """A browser that is known, by its cookie, and whose account it is known for."""

    cookie: str
    user_id: str


@dataclass(frozen=True)
class Attempt:
    """One attempt: at which account, from which network, and from which known browser, if any."""

    account: str
    network: str
    device: Device | None

    def check(self, *, now: datetime) -> None:
        """Let the attempt pass, or not.

        Raises:
            ThrottledError: it must wait.
        """
        counters.check(self._counted, now=now)

    def fail(self, *, now: datetime) -> datetime:
        """Count that it failed; return until when the next one like it must wait."""
        own, account, *others = self._counted
        until = counters.fail(own, now=now)
        is_free = until <= now
        if is_free or counters.is_spent(account, now=now):
            until = max(until, counters.fail(account, now=now))
        return max([until, *(counters.fail(each, now=now) for each in others)])

    def succeed(self) -> None:
        """Forget the failures that led to a success, but not those of the address as a whole."""
        counters.clear(self._counted[:2])

    @cached_property
    def _counted(self) -> list[Counted]:
        """Return the counter of one source, that of the account over such sources, and others."""
        if self.device is not None:
            return [
                Counted(_limit("device"), self.device.cookie),
                Counted(_limit("devices"), self.device.user_id),
            ]
        return [
            Counted(_limit("network"), f"{self.account}|{self.network}"),
            Counted(_limit("account"), self.account),
            Counted(_limit("address"), self.network),
        ]


def begun(login: str, found: Credentials | None, *, device: str | None) -> Attempt:
    """Return the attempt of the current caller at ``login``, which is the account ``found``, if any.

    ``device`` is the value of the browser's device cookie.
    """
    return Attempt(
        account=logins.key_of(login) or login,
        network=network_of(caller().address),
        device=_known(device, found),
    )


def _known(cookie: str | None, found: Credentials | None) -> Device | None:
    if cookie is None or found is None:
        return None
    changed_at = found.password_changed_at
    if not devices.is_known(cookie, found.user_id, password_changed_at=changed_at):
        return None
    return Device(cookie, found.user_id)


def _limit(name: str) -> Limit:
    settings = config.current().passwords
    free = {
        "account": _MEMBERS * settings.free_attempts,
        "devices": _MEMBERS * settings.free_attempts,
        "address": settings.address_free_attempts,
    }.get(name, settings.free_attempts)
    return Limit(
        f"password.{name}", free=free, cap=settings.max_delay, memory=settings.failure_memory
    )
