"""Which demand of which specification is proved by which test: docs/protocol-coverage.md.

    python docs/coverage.py > docs/protocol-coverage.md

Joins docs/protocol-demands.toml with the ``spec`` marks of the tests. Needs the standard library alone.
"""  # noqa: INP001 - a program, not a package

import ast
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from itertools import groupby
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DEMANDS = ROOT / "docs" / "protocol-demands.toml"
ASVS_ROWS = ROOT / "tests" / "architecture" / "asvs_rows.txt"
ASVS = "ASVS 5.0"
_OPENING = """\
# What is demanded, and what proves it

Written by `make docs` from [protocol-demands.toml](protocol-demands.toml) and the marks of the tests: do
not edit it. A test that proves a demand of a specification carries
`@pytest.mark.spec("document", "section")`. The first part lists what an OpenID Provider has to do, the
second every section that some test names.
"""
_MOST_NAMES = 6
_PAIR = 2


@dataclass(frozen=True)
class Proof:
    """A test, and a section of a document that it proves. ``path`` is below the repository."""

    document: str
    section: str
    path: str
    name: str


@dataclass(frozen=True)
class Demand:
    """A line of the list. ``because`` says why it does not apply; it is empty if it does."""

    line: int
    area: str
    says: str
    sections: tuple[tuple[str, str], ...]
    where: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    because: str = ""

    def is_met_by(self, proof: Proof) -> bool:
        """Tell whether ``proof`` is one for this demand."""
        return (
            not self.because
            and (proof.document, proof.section) in self.sections
            and any(fnmatch(proof.path, pattern) for pattern in self.where)
            and (not self.words or any(word in proof.name for word in self.words))
        )


def demands(path: Path = DEMANDS) -> tuple[Demand, ...]:
    """Return the demands in ``path``.

    Raises:
        ValueError: an entry does not apply and says not why, or the reverse.
    """
    entries = tomllib.loads(path.read_text("utf-8"))["demand"]
    return tuple(_demand(entry) for entry in entries)


def _demand(entry: dict[str, Any]) -> Demand:
    known = {"line", "area", "says", "sections", "where", "words", "applies", "because"}
    if unknown := entry.keys() - known:
        raise ValueError(f"line {entry.get('line')}: {', '.join(sorted(unknown))}")
    if entry.get("applies", True) == bool(entry.get("because")):
        raise ValueError(f"line {entry['line']}: what does not apply says why, and nothing else")
    return Demand(
        entry["line"],
        entry["area"],
        entry["says"],
        tuple((document, section) for document, section in entry["sections"]),
        tuple(entry.get("where", ())),
        tuple(entry.get("words", ())),
        entry.get("because", ""),
    )


def proofs(folder: Path = ROOT / "tests") -> tuple[Proof, ...]:
    """Return what the tests below ``folder`` say that they prove."""
    found: list[Proof] = []
    for path in sorted(folder.rglob("test_*.py")):
        if "node_modules" not in path.parts:
            found += proofs_of(path.relative_to(folder.parent).as_posix(), path.read_text("utf-8"))
    return tuple(found)


def proofs_of(path: str, text: str) -> list[Proof]:
    """Return the proofs in the module ``path`` with the source ``text``."""
    return [Proof(*mark, path, name) for name, mark in _marked(ast.parse(text).body)]


def _marked(body: Iterable[ast.stmt], outer: str = "") -> Iterator[tuple[str, tuple[str, str]]]:
    for node in body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for decorator in node.decorator_list:
            mark = _mark(decorator)
            if mark is not None:
                yield outer + node.name, mark
        if isinstance(node, ast.ClassDef):
            yield from _marked(node.body, f"{node.name}::")


def _mark(decorator: ast.expr) -> tuple[str, str] | None:
    if not isinstance(decorator, ast.Call):
        return None
    if ast.unparse(decorator.func) != "pytest.mark.spec":
        return None
    values = [each.value for each in decorator.args if isinstance(each, ast.Constant)]
    # Any other form of the mark is refused by tests/architecture/test_repository.py.
    return (values[0], values[1]) if len(values) == _PAIR else None


def asvs_rows() -> dict[str, bool]:
    """Return the numbers of ASVS that concern us, and whether each applies in any case."""
    lines = [line.split(maxsplit=1) for line in ASVS_ROWS.read_text("utf-8").splitlines()]
    return {parts[0]: len(parts) == 1 for parts in lines}


def page(wanted: Sequence[Demand], given: Sequence[Proof]) -> str:
    """Return the page that says which of ``wanted`` the tests have ``given``."""
    return "\n".join([_OPENING, *_areas(wanted, given), *_documents(given), *_asvs(given)])


def _areas(wanted: Sequence[Demand], given: Sequence[Proof]) -> Iterator[str]:
    applying = [each for each in wanted if not each.because]
    met = [each for each in applying if any(map(each.is_met_by, given))]
    yield "## Demands\n"
    yield (
        f"{len(wanted)} demands: {len(met)} of the {len(applying)} that apply are proved, "
        f"{len(wanted) - len(applying)} do not apply.\n"
    )
    for area, group in groupby(wanted, lambda each: each.area):
        yield f"### {area}\n"
        yield "| | Demand | Sections | Proved by |"
        yield "|--:|---|---|---|"
        for each in group:
            yield f"| {each.line} | {each.says} | {_sections(each.sections)} | {_by(each, given)} |"
        yield ""


def _sections(sections: Iterable[tuple[str, str]]) -> str:
    parts = [
        f"{document} {', '.join(section for _, section in group)}"
        for document, group in groupby(sections, lambda each: each[0])
    ]
    return "; ".join(parts)


def _by(demand: Demand, given: Sequence[Proof]) -> str:
    if demand.because:
        return f"*Does not apply:* {demand.because}"
    proving = [each for each in given if demand.is_met_by(each)]
    return _tests(proving) or "**nothing yet**"


def _tests(proving: Iterable[Proof]) -> str:
    names: dict[str, list[str]] = defaultdict(list)
    for each in proving:
        if each.name not in names[each.path]:
            names[each.path].append(each.name)
    return "<br>".join(_file(path, found) for path, found in sorted(names.items()))


def _file(path: str, names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name.removeprefix('test_')}`" for name in names[:_MOST_NAMES])
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"[{path.removeprefix('tests/')}](../{path}): {shown}{more}"


def _documents(given: Sequence[Proof]) -> Iterator[str]:
    yield "## Specifications\n"
    for document in sorted({each.document for each in given}, key=_natural):
        yield f"### {document}\n"
        yield "| Section | Tests |"
        yield "|---|---|"
        own = [each for each in given if each.document == document]
        for section in sorted({each.section for each in own}, key=_natural):
            yield f"| {section} | {_tests(each for each in own if each.section == section)} |"
        yield ""


def _natural(text: str) -> list[tuple[int, int, str]]:
    parts = text.replace(".", " ").split()
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]


def _asvs(given: Sequence[Proof]) -> Iterator[str]:
    rows = asvs_rows()
    proved = {each.section for each in given if each.document == ASVS}
    always = {number for number, applies in rows.items() if applies}
    yield "## Security verification\n"
    yield (
        f"{ASVS}: {len(proved & always)} of the {len(always)} requirements that concern every identity "
        f"provider are proved by a test, and {len(proved & (rows.keys() - always))} of the "
        f"{len(rows) - len(always)} that depend on what is offered. The rest is for a reader to check.\n"
    )


if __name__ == "__main__":
    sys.stdout.write(page(demands(), proofs()))
