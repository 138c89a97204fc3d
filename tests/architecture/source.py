"""The source code as the house rules see it: parsed once, with its names resolved."""

import ast
import io
import subprocess
import tokenize
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One Python file: its dotted name, its text and its tree."""

    name: str
    text: str
    tree: ast.Module

    @classmethod
    def of(cls, name: str, text: str) -> "Module":
        """Return the module ``name`` with the source ``text``."""
        return cls(name, text, ast.parse(text))

    @property
    def package(self) -> str:
        """Return the layer: ``app.web`` for ``app.web.oauth.token``."""
        return ".".join(self.name.split(".")[:2])


@cache
def modules(folder: str) -> tuple[Module, ...]:
    """Return every Python module below ``folder`` of the repository."""
    found = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if "node_modules" not in path.parts:
            found.append(Module.of(name, path.read_text("utf-8")))
    return tuple(found)


@cache
def texts() -> dict[str, str]:
    """Return the text files of the repository (what git tracks or would track) by their path."""
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    found = {}
    for name in listing.split("\0"):
        path = ROOT / name
        if not name or not path.is_file():
            continue
        content = path.read_bytes()
        if b"\0" not in content[:8192]:
            found[name] = content.decode("utf-8", errors="replace")
    return found


def imports(module: Module) -> list[tuple[str, str]]:
    """Return what ``module`` imports, at any depth, as (module, name); the name of a module is empty."""
    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found += [(node.module or "", alias.name) for alias in node.names]
    return found


def functions(module: Module) -> list[Function]:
    """Return every function and method of ``module``."""
    return [node for node in ast.walk(module.tree) if isinstance(node, Function)]


def code_lines(module: Module, function: Function) -> int:
    """Count the lines of ``function`` that hold code: no docstring, no comment, nothing blank."""
    first, last = function.lineno, function.end_lineno or function.lineno
    quiet = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
        if token.type not in quiet and token.start[0] <= last and token.end[0] >= first:
            lines.update(range(token.start[0], token.end[0] + 1))
    if ast.get_docstring(function) is not None:
        opening = function.body[0]
        lines -= set(range(opening.lineno, (opening.end_lineno or opening.lineno) + 1))
    return len(lines)
