"""Two installations side by side, one empty and one full, and everything that the rows of the bench need on each."""

import contextlib
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import rows
import scale_rows
from load import Load
from processes import Program
from rows import Plan, Row, Session
from scale_database import Database, Postgresql, Sqlite
from scale_rows import OWN_EVERY, Sizes
from signet_server import ENDPOINTS, SCOPE, Installation, Known
from subject import Credentials, Subject

# Nobody measures while the purge of the server happens to run.
_SETTINGS = {"SIGNET_JOBS": "false"}
_PEOPLE = 200
_TOKENS = 1500


@dataclass(frozen=True)
class Made:
    """An installation with the usual people and clients, before anybody measures it."""

    installation: Installation
    known: Known
    database_url: str | None

    def database(self) -> Database:
        """Open its database past the product."""
        if self.database_url is None:
            return Sqlite(self.installation.folder / "signet.sqlite3")
        return Postgresql(self.database_url)

    def refresh_tokens(self, numbers: Sequence[int]) -> tuple[str, ...]:
        """Return the first refresh tokens of generated grants: they are derived, so nobody has to sign in."""
        from app.cli import installation as product
        from app.core import settings_loader
        from app.tokens import derivation

        with contextlib.chdir(self.installation.folder):
            settings = settings_loader.load(self.installation.environment, folder=Path.cwd())
            with product.inside(product.application(settings)):
                ids = map(scale_rows.grant_id, numbers)
                return tuple(derivation.refresh_token(each, 1) for each in ids)


def make(folder: Path, *, database_url: str | None) -> Made:
    """Make an installation: schema, keys and everybody by ``signet``'s own commands."""
    folder.mkdir()
    installation = Installation(folder, database_url=database_url)
    installation.environment = {**installation.environment, **_SETTINGS}
    installation.serve(workers=1).stop()
    return Made(installation, installation.seed(), database_url)


class Side:
    """A running server on one of them; ``sizes`` is given where its database was filled."""

    def __init__(self, made: Made, plan: Plan, *, program: Program, sizes: Sizes | None) -> None:
        self.made = made
        self._plan = plan
        self._own = iter(range(OWN_EVERY, sizes.grants + 1, OWN_EVERY)) if sizes else iter(())
        people = made.known.people
        if sizes:
            # Everybody has the password of the first.
            step = max(1, sizes.users // _PEOPLE)
            names = (scale_rows.username(number) for number in range(1, sizes.users + 1, step))
            people = tuple(Credentials(name, people[0].secret) for name in names)
        self._subject = Subject(
            "full" if sizes else "empty", made.installation.port, program, ENDPOINTS,
            made.known.app, made.known.machine, SCOPE, people=people,
        )  # fmt: skip
        self.session = rows.prepare(self._subject, plan)

    def measure(self, row: Row, *, fresh: bool = True) -> Load:
        """Measure ``row``; what it spends is made anew, unless ``fresh`` is false."""
        if row.name == rows.CODE_EXCHANGE:
            (self._plan.folder / "codes").unlink(missing_ok=True)
            rows.collect_codes(self.session)
        if row.name == "refresh" and fresh:
            self.session = self._refreshable()
        return row.measure(self.session)

    def renew(self) -> None:
        """Sign somebody in again: nobody has spent the refresh tokens of this sign-in."""
        self.session = rows.prepare(self._subject, self._plan)

    def _refreshable(self) -> Session:
        # Grants from all over the table; where there are not enough of them, new ones.
        numbers = [number for number, _ in zip(self._own, range(_TOKENS), strict=False)]
        if len(numbers) <= 2 * self._plan.connections:
            return rows.prepare(self._subject, self._plan)
        return replace(self.session, refresh_tokens=self.made.refresh_tokens(numbers))


def start(made: Made, plan: Plan, stack: ExitStack, *, sizes: Sizes | None, workers: int) -> Side:
    """Start the server of ``made``; it stops with ``stack``."""
    program = made.installation.serve(workers=workers)
    stack.callback(program.stop)
    return Side(made, plan, program=program, sizes=sizes)
