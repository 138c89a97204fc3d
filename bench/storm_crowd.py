"""A crowd that signs in all at once, again and again: half of it knows its password, half guesses.

Each of the crowd got the page before the storm; in the storm it sends only the form, so that nothing but
Argon2 limits how often. Who is refused as there is no room comes again after a moment, far sooner than it
is asked to.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import forms
from forms import Form
from processes import HOST
from subject import Credentials, Subject
from wire import Connection, Header, NoAnswerError

_PATH = "/login?next=/account"
_BUSY = 503


class Crowd:
    """The crowd, and what it was answered."""

    def __init__(self, subject: Subject, *, size: int, moment: float) -> None:
        """Fetch a page for each of the ``size``; ``moment`` is in seconds."""
        self.size = size
        self._moment = moment
        self._over = threading.Event()
        self._strangers = count()
        self._lock = threading.Lock()
        self._answers: list[tuple[int, float]] = []
        self.broken = 0
        self.without_retry_after = 0
        # One after the other: a storm of pages is not what is measured.
        self._visitors = [
            threading.Thread(target=self._visit, args=self._prepared(subject, number), daemon=True)
            for number in range(size)
        ]
        self._begin = threading.Event()

    @contextmanager
    def storming(self) -> Iterator[None]:
        """Let them loose."""
        for each in self._visitors:
            each.start()
        self._begin.set()
        try:
            yield
        finally:
            self._over.set()
            for each in self._visitors:
                each.join()

    @property
    def counts(self) -> dict[str, int]:
        """How often each status was answered."""
        found = Counter(str(status) for status, _ in self._answers)
        return dict(sorted(found.items()))

    @property
    def longest(self) -> float:
        """The longest wait for any answer, in seconds."""
        return max((took for _, took in self._answers), default=0.0)

    @property
    def evaluated(self) -> int:
        """How many passwords were checked."""
        return sum(status != _BUSY for status, _ in self._answers)

    def _prepared(
        self, subject: Subject, number: int
    ) -> tuple[Connection, Form, list[Header], Credentials | None]:
        connection = Connection(HOST, subject.port)
        page = connection.request("GET", _PATH)
        cookies = [value.partition(";")[0] for name, value in page.headers if name == "set-cookie"]
        form = forms.of(page.body, holding='name="password"')
        knows = subject.people[number % len(subject.people)] if number % 2 else None
        return connection, form, [("Cookie", "; ".join(cookies))], knows

    def _visit(
        self,
        connection: Connection,
        form: Form,
        headers: list[Header],
        person: Credentials | None,
    ) -> None:
        self._begin.wait()
        while not self._over.is_set():
            self._send(connection, form, headers, person)
        connection.close()

    def _send(
        self,
        connection: Connection,
        form: Form,
        headers: list[Header],
        person: Credentials | None,
    ) -> None:
        name = person.name if person else f"nobody-{next(self._strangers)}"
        body = form.filled(username=name, password=person.secret if person else "a guess of mine")
        began = time.monotonic()
        try:
            answer = connection.request("POST", form.action, headers, body)
        except (OSError, NoAnswerError):
            with self._lock:
                self.broken += 1
            return
        took = time.monotonic() - began
        refused = answer.status == _BUSY
        with self._lock:
            self._answers.append((answer.status, took))
            self.without_retry_after += refused and answer.header("retry-after") is None
        if refused:
            # Not all at the same instant: half a moment to one and a half.
            self._over.wait(self._moment * random.uniform(0.5, 1.5))
