"""What a database does for a statement: every one that was run, and whether an index leads to its rows.

Statements are taken from the drivers, so that none gets past, however it was sent.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sqlalchemy import Engine, event

# All that grows with people, sign-ins and applications. Signing keys and APIs are few.
GROWING = frozenset(
    {
        "users", "user_roles", "user_sessions", "clients", "client_secrets", "client_logos",
        "grants", "denied_tokens", "consents", "audit_events", "throttle_counters", "single_uses",
        "session_clients", "logout_deliveries", "pushed_requests", "device_authorizations", "pairwise_subjects",
    }
)  # fmt: skip
_PLANNED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
_PAGE = re.compile(r"\bORDER BY\b.*\bLIMIT\b", re.DOTALL)
_PART = re.compile(r"\bI?LIKE\b")
_INDEX_SCANS = frozenset({"Index Scan", "Index Only Scan", "Bitmap Index Scan"})
_SQLITE_SCAN = re.compile(r"SCAN (\w+)")
_SQLITE_SORT = re.compile(r"USE TEMP B-TREE FOR .*")


@dataclass
class Recorded:
    """The statements that were run, with what they were run with; ``None`` where they carry it themselves."""

    engine: Engine
    statements: dict[str, Any] = field(default_factory=dict)

    def add(self, statement: str, values: Any = None) -> None:
        if statement.lstrip().upper().startswith(_PLANNED):
            self.statements.setdefault(" ".join(statement.split()), values)

    def complaints(self) -> dict[str, list[str]]:
        """Return the statements that do not reach their rows by an index, and how they do."""
        explain = _sqlite if self.engine.dialect.name == "sqlite" else _postgresql
        found = {}
        with self.engine.connect() as connection:
            raw = connection.connection.dbapi_connection
            for statement, values in list(self.statements.items()):
                complaints = explain(raw, statement, values)
                if _PART.search(statement):
                    # It may walk an index in order, and still look at every row.
                    complaints.append("looks for a part of a word")
                if complaints:
                    found[statement] = complaints
        return found


@contextmanager
def recording(engine: Engine) -> Iterator[Recorded]:
    """Record every statement on ``engine``, from now on and on new connections."""
    recorded = Recorded(engine)

    def connected(raw: Any, _: Any) -> None:
        if engine.dialect.name == "sqlite":
            raw.set_trace_callback(recorded.add)
        else:
            raw.cursor_factory = _recording_cursor(recorded)

    engine.dispose()
    event.listen(engine, "connect", connected)
    try:
        yield recorded
    finally:
        event.remove(engine, "connect", connected)
        engine.dispose()


def _recording_cursor(recorded: Recorded) -> type[psycopg.Cursor[Any]]:
    class Recording(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            recorded.add(query, params)
            return super().execute(query, params, **options)

        def executemany(self, query: Any, params_seq: Any, **options: Any) -> Any:
            rows = list(params_seq)
            recorded.add(query, rows[0])
            return super().executemany(query, rows, **options)

    return Recording


def _sqlite(raw: Any, statement: str, _: Any) -> list[str]:
    cursor = raw.cursor()
    details = [row[3] for row in cursor.execute(f"EXPLAIN QUERY PLAN {statement}")]
    sorts = [each for each in details if _SQLITE_SORT.match(each)]
    is_page = bool(_PAGE.search(statement)) and not sorts
    scans = [
        each
        for each in details
        if (scan := _SQLITE_SCAN.match(each)) and scan[1] in GROWING and not is_page
    ]
    touched = any(re.search(rf"\b{table}\b", statement) for table in GROWING)
    return scans + (sorts if touched else [])


def _postgresql(raw: Any, statement: str, values: Any) -> list[str]:
    # Where a table is small, to read it whole or to sort it is the best plan: it must only not be the only one.
    with psycopg.ClientCursor(raw) as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", values)
        [[[plan]]] = cursor.fetchall()
        cursor.execute("ROLLBACK")
    return list(_walk(plan["Plan"], is_page=False, statement=statement))


def _walk(node: dict[str, Any], *, is_page: bool, statement: str, above: str = "") -> Iterator[str]:
    # The index of a bitmap scan does not say of which table it is: the node above it does.
    kind, table = node["Node Type"], node.get("Relation Name", above)
    if kind == "Limit":
        is_page = bool(_PAGE.search(statement))
    if kind in {"Sort", "Incremental Sort"}:
        is_page = False
        if set(_tables(node)) & GROWING:
            yield f"{kind} by {', '.join(node['Sort Key'])}"
    if table in GROWING and kind == "Seq Scan":
        yield f"{kind} on {table}"
    is_whole = kind in _INDEX_SCANS and "Index Cond" not in node
    if table in GROWING and is_whole and not is_page:
        yield f"{kind} on the whole of {table}"
    for child in node.get("Plans", ()):
        yield from _walk(child, is_page=is_page, statement=statement, above=table)


def _tables(node: dict[str, Any]) -> Iterator[str]:
    if "Relation Name" in node:
        yield node["Relation Name"]
    for child in node.get("Plans", ()):
        yield from _tables(child)
