"""What anybody may set in motion, so often a minute and network: work for requests that prove no client.

Specs:
    ASVS 5.0 2.4.1    against excessive calls
"""

from datetime import datetime, timedelta

from app.core import config
from app.core.context import caller
from app.throttle import budgets
from app.throttle.budgets import Budget
from app.throttle.networks import network_of

_MINUTE = timedelta(minutes=1)


def spend(purpose: str, *, now: datetime) -> None:
    """Take one use of ``purpose`` for the network that asks; each purpose is counted by itself.

    Raises:
        ThrottledError: it asked too often in this minute.
    """
    budget = Budget(purpose, config.current().requests.public_rate, _MINUTE)
    budgets.spend(budget, network_of(caller().address), now=now)
