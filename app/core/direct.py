"""Statements without a session: compiled once, run on a connection of the driver's that is kept for them.

The machine endpoints ask one question by primary key and change at most one row. A session around that, and a
statement looked up and prepared anew, cost many times what the database needs.

Reading (``app.core.reading``) and changing (``app.core.writing``) each have connections of their own. Where the
request has a transaction, a statement is part of that one, so that a request sees what it wrote itself.
"""

from abc import ABC, abstractmethod
from collections import deque, namedtuple
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic
from typing import Any, ClassVar, NamedTuple
from weakref import WeakKeyDictionary, finalize

import structlog
from sqlalchemy import Engine, Select, Update, event
from sqlalchemy.exc import DBAPIError

from app.core.db import db
from app.core.group_commit import Line
from app.core.turns import breathe

# Of each kind, beside the pool; who finds none free goes through the session.
_KEPT = 4
# A firewall forgets a connection that was silent for long.
_LONGEST_LIFE = 1800.0
# The operating system caches the file; and a write by another voids what a connection remembers of it.
SMALL_CACHE = "PRAGMA cache_size=-2048"

log = structlog.get_logger(__name__)


class _Kept(NamedTuple):
    # The driver's own: anything of SQLAlchemy's would keep the engine alive, and so itself.
    connection: Any
    ends_at: float
    error: type[Exception]


_Slots = deque[_Kept | None]


class Direct(ABC):
    """A statement, to be run often. Its parameters are named; a list among them is not supported."""

    lane: ClassVar["Lane"]

    def __init__(self, statement: Select[Any] | Update) -> None:
        self._statement: Any = statement
        self._prepared: WeakKeyDictionary[Engine, Prepared] = WeakKeyDictionary()

    @abstractmethod
    def _in_session(self, values: Mapping[str, Any]) -> Any:
        """Run in the session of the request."""

    @abstractmethod
    def on(self, connection: Any, prepared: "Prepared", values: Mapping[str, Any]) -> Any:
        """Run on a connection of the driver's."""

    def _prepare(self, engine: Engine) -> "Prepared":
        return Prepared(self._statement, engine)

    def _run(self, values: Mapping[str, Any]) -> Any:
        registry = db.session.registry
        if registry.has() and registry().in_transaction():
            return self._in_session(values)
        engine = db.engine
        prepared = self._prepared.get(engine)
        if prepared is None:
            prepared = self._prepared[engine] = self._prepare(engine)
        return self._beside(engine, prepared, values)

    def _beside(self, engine: Engine, prepared: "Prepared", values: Mapping[str, Any]) -> Any:
        slots = self.lane.slots.get(engine) or self.lane.open(engine)
        try:
            kept = slots.pop()
        except IndexError:
            return self._in_session(values)
        try:
            if kept is None or kept.ends_at < monotonic():
                _close(kept)
                kept = None
                kept = self.lane.connected(engine)
            return self.on(kept.connection, prepared, values)
        except prepared.error as error:
            if prepared.is_sqlite:
                # A file is not lost while nobody looks; it is locked or full, and stays so for the session.
                _close(kept)
                kept = None
                raise prepared.explained(error) from error
            # It broke while it was idle, most likely. The session gets through, or finds out what is wrong.
            log.warning("database.connection_lost", error=type(error).__name__)
            _close(kept)
            kept = None
            return self._in_session(values)
        except BaseException:
            _close(kept)
            kept = None
            raise
        finally:
            slots.append(kept)
            breathe()


class Lane:
    """The connections of one kind. ``preparation`` is what each begins with, by the name of the database."""

    def __init__(self, preparation: Mapping[str, tuple[str, ...]]) -> None:
        self.slots: WeakKeyDictionary[Engine, _Slots] = WeakKeyDictionary()
        self._preparation = preparation
        event.listen(Engine, "engine_disposed", self._disposed)

    def open(self, engine: Engine) -> _Slots:
        """Return the slots of ``engine``, each with a connection or with none yet."""
        slots = self.slots.get(engine)
        if slots is None:
            slots = self.slots.setdefault(engine, deque([None] * _KEPT))
            finalize(engine, _close_all, slots)
        return slots

    def connected(self, engine: Engine) -> _Kept:
        """Return a new connection.

        Raises:
            SQLAlchemyError: the database cannot be reached.
        """
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        for statement in self._preparation[engine.dialect.name]:
            connection.exec_driver_sql(statement)
        connection.detach()
        raw = connection.connection.dbapi_connection
        return _Kept(raw, monotonic() + _LONGEST_LIFE, engine.dialect.loaded_dbapi.Error)

    def _disposed(self, engine: Engine) -> None:
        slots = self.slots.get(engine)
        if slots is not None:
            _close_all(slots)


class Prepared:
    """A statement in the words of one database."""

    def __init__(self, statement: Any, engine: Engine) -> None:
        dialect = engine.dialect
        compiled: Any = statement.compile(dialect=dialect)
        if compiled.post_compile_params or compiled.literal_execute_params:
            raise TypeError("a list, or a value in the text, would be another statement each time")
        self.error: type[Exception] = dialect.loaded_dbapi.Error
        self.is_sqlite = dialect.name == "sqlite"
        # Where those who wait to run it share a transaction.
        self.line: Line | None = None
        self.text = str(compiled)
        binds = compiled.binds
        self._positional = bool(compiled.positional)
        names = compiled.positiontup if self._positional else list(binds)
        self._names = tuple(
            (name, binds[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in names
        )
        self._own = {
            name: each.effective_value for name, each in binds.items() if not each.required
        }
        columns = statement.selected_columns if isinstance(statement, Select) else ()
        self._named: Any = namedtuple(  # type: ignore[misc]  # noqa: PYI024 - its fields are known here
            "Row", [str(each.key) for each in columns], rename=True
        )
        processes = [
            each.type.dialect_impl(dialect).result_processor(dialect, None) for each in columns
        ]
        self._columns = tuple(
            (index, process) for index, process in enumerate(processes) if process is not None
        )

    def explained(self, error: Exception) -> Exception:
        """Return an error of the driver's as SQLAlchemy would raise it."""
        told: Exception = DBAPIError.instance(
            self.text, None, error, self.error, hide_parameters=True
        )
        return told

    def asked(self, values: Mapping[str, Any]) -> Any:
        """Return ``values`` as the driver wants them."""
        known = {**self._own, **values} if self._own else values
        asked = [
            known[name] if process is None else process(known[name])
            for name, process in self._names
        ]
        if self._positional:
            return asked
        return {name: value for (name, _), value in zip(self._names, asked, strict=True)}

    def row(self, raw: tuple[Any, ...]) -> Any:
        """Return a row of the driver's with the values that its columns stand for."""
        row = list(raw)
        for index, process in self._columns:
            row[index] = process(row[index])
        return self._named(*row)


def _close_all(slots: _Slots) -> None:
    for _ in range(len(slots)):
        try:
            kept = slots.pop()
        except IndexError:
            # The rest is in use at this moment.
            return
        _close(kept)
        slots.appendleft(None)


def _close(kept: _Kept | None) -> None:
    if kept is not None:
        # It may be broken: that is why it is closed.
        with suppress(kept.error):
            kept.connection.close()
