"""Send the logout tokens that are due: by several threads, and never while a transaction is open.

Specs:
    OpenID Connect Back-Channel Logout 1.0 section 2.5    clients are told in parallel, and waited for briefly
    ASVS 5.0 15.4.2                                        what is taken from the outbox is taken by one

Taken and committed, made, sent, written down and committed: whoever dies in between has lost nothing, for what
they took comes due again. So a client may be told twice, and never not at all.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from threading import Thread

import structlog
from flask import current_app

from app.audit import events
from app.audit.events import Kind, Subjects
from app.core import clock, config, metrics
from app.core.db import db, release
from app.core.errors import SignetError
from app.protocol.logout import back_channel
from app.protocol.logout.back_channel import Message, Result
from app.tokens import logout_deliveries
from app.tokens.logout_deliveries import Delivery, Outcome

_log = structlog.get_logger("signet.jobs")
# Taken at once for each thread. A slow client keeps the others of its batch waiting, so not many.
_EACH = 4
# For all that is done beside waiting for clients.
_SPARE = timedelta(seconds=30)
_POSTPONED = "postponed"


def run(now: datetime) -> Counter[str]:
    """Send all that is due at ``now`` and what becomes due meanwhile; return how many by outcome."""
    tally: Counter[str] = Counter()
    while logout_deliveries.is_due(now=now):
        settings = config.current().logout
        taken = logout_deliveries.claim(
            limit=settings.delivery_workers * _EACH,
            lease=settings.delivery_timeout * _EACH + _SPARE,
            now=now,
        )
        db.session.commit()
        if not taken:
            # Others are at it.
            break
        tally.update(_delivered(taken))
        now = clock.now()
    return tally


def _delivered(taken: Sequence[Delivery]) -> Counter[str]:
    made = [_made(each) for each in taken]
    release()
    sent = iter(_sent([each for each in made if isinstance(each, Message)]))
    results = [next(sent) if isinstance(each, Message) else each for each in made]
    now = clock.now()
    tally = Counter(
        _concluded(each, result, now) for each, result in zip(taken, results, strict=True)
    )
    db.session.commit()
    for outcome, count in tally.items():
        metrics.logout_deliveries(outcome, count)
    return tally


def _made(delivery: Delivery) -> Message | Result:
    if delivery.attempts > config.current().logout.delivery_attempts:
        # Whoever took it the last time did not live to write down how it went.
        return Result(Outcome.GAVE_UP)
    try:
        message = back_channel.message(delivery, now=clock.now())
    except SignetError as error:
        return Result(None, detail=error.detail)
    except Exception as error:  # noqa: BLE001 - one that cannot be made may not hold up the others
        db.session.rollback()
        _log.exception("logout.token_failed", client_id=delivery.client_id)
        return Result(None, detail=type(error).__name__)
    return Result(Outcome.NOT_WANTED) if message is None else message


def _sent(messages: Sequence[Message]) -> list[Result]:
    """Send ``messages``, several at a time; return how each went, in their order."""
    # The threads of a pool would be waited for when the process ends. These may be left behind.
    app = current_app.app_context().app
    results = [Result(None, detail="not sent")] * len(messages)
    waiting: SimpleQueue[int] = SimpleQueue()
    for number in range(len(messages)):
        waiting.put(number)

    def work() -> None:
        with app.app_context():
            while True:
                try:
                    number = waiting.get_nowait()
                except Empty:
                    return
                try:
                    results[number] = back_channel.send(messages[number])
                except Exception:  # noqa: BLE001 - a failure is one client's
                    _log.exception("logout.sending_failed")

    count = min(len(messages), config.current().logout.delivery_workers)
    threads = [Thread(target=work, name="signet-logout-sender", daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def _concluded(delivery: Delivery, result: Result, now: datetime) -> str:
    outcome = result.outcome
    if outcome is None and delivery.attempts >= config.current().logout.delivery_attempts:
        outcome = Outcome.GAVE_UP
    if outcome is not Outcome.DELIVERED:
        _log.info(
            "logout.not_delivered",
            client_id=delivery.client_id, attempts=delivery.attempts, status=result.status,
            outcome=outcome or _POSTPONED, detail=result.detail,
        )  # fmt: skip
    if outcome is None:
        until = back_channel.next_attempt(delivery, now=now)
        logout_deliveries.postpone(delivery, until=until, status=result.status, now=now)
        return _POSTPONED
    was_ours = logout_deliveries.settle(delivery, outcome, result.status, now=now)
    if was_ours and outcome is Outcome.GAVE_UP:
        events.record(
            Kind.LOGOUT_GAVE_UP,
            now=now,
            about=Subjects(delivery.user_id, delivery.client_id, delivery.session_id),
            detail={"attempts": delivery.attempts, "status": result.status},
        )
    return outcome.value
