"""Nothing lies about: no open work in the code, no trace of the machine it was written on."""

import ast
import re

import pytest

from tests.architecture.source import Module, modules, texts

# Put together here, so that this file does not accuse itself.
_OPEN_WORK = re.compile(
    r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK")) + r")\b"
)
_FOLDERS = ("root", "work", "tmp", "opt", "home/\\w+", "Users/\\w+")
_MACHINE_PATH = re.compile(r"(?<![\w./)}\]>*~-])/(?:" + "|".join(_FOLDERS) + r")(?![\w-])")

# Lock files are written by programs and hold checksums; LICENSE is not ours to word.
_NOT_OURS = re.compile(r"(^|/)(LICENSE|requirements[\w-]*\.lock|package-lock\.json)$")
# Inside a container the paths are ours to choose.
_CONTAINER = {"Dockerfile", "compose.yaml"}


def open_work(text: str) -> list[str]:
    """Return the lines of ``text`` that speak of work left open."""
    return [line for line in text.splitlines() if _OPEN_WORK.search(line)]


def machine_paths(text: str) -> list[str]:
    """Return the lines of ``text`` that name a folder of one particular machine."""
    return [line for line in text.splitlines() if _MACHINE_PATH.search(line)]


def unexplained_skips(module: Module) -> list[int]:
    """Return the lines of ``module`` that skip a test, or expect it to fail, and do not say why."""
    found = []
    nodes = list(ast.walk(module.tree))
    called = {id(node.func): node for node in nodes if isinstance(node, ast.Call)}
    owners = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    for node in nodes:
        if not isinstance(node, ast.Attribute) or node.attr not in {"skip", "skipif", "xfail"}:
            continue
        if id(node) in owners:  # pytest.skip.Exception skips nothing
            continue
        if not ast.unparse(node).startswith("pytest."):
            continue
        call = called.get(id(node))
        named = call is not None and any(keyword.arg == "reason" for keyword in call.keywords)
        first = call is not None and bool(call.args) and node.attr != "skipif"
        if not named and not first:
            found.append(node.lineno)
    return found


def vague_marks(module: Module) -> list[int]:
    """Return the lines of ``module`` with a ``spec`` mark that is not two strings, document and section."""
    marks = [
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.spec"
    ]
    return [
        mark.lineno
        for mark in marks
        if mark.keywords
        or len(mark.args) != 2
        or not all(isinstance(a, ast.Constant) and isinstance(a.value, str) for a in mark.args)
    ]


def test_no_work_is_left_open_in_the_code():
    ours = {name: text for name, text in texts().items() if not _NOT_OURS.search(name)}
    assert {name: found for name, text in ours.items() if (found := open_work(text))} == {}


def test_no_file_names_a_folder_of_one_machine():
    ours = {
        name: text
        for name, text in texts().items()
        if not _NOT_OURS.search(name) and name not in _CONTAINER
    }
    assert {name: found for name, text in ours.items() if (found := machine_paths(text))} == {}


def test_a_skipped_test_says_why():
    found = {module.name: unexplained_skips(module) for module in modules("tests")}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_a_mark_of_a_specification_names_document_and_section():
    found = {module.name: vague_marks(module) for module in modules("tests")}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_open_work_is_noticed():
    assert open_work("a = 1  # TO" + "DO: later") != []
    assert open_work("a todo list, and sha512-X" + "XX1") == []


@pytest.mark.parametrize(
    "path", ["/ro" + "ot/x", "/tm" + "p", "/home/" + "ada/signet", '"/wo' + 'rk/main"']
)
def test_a_machine_path_is_noticed(path):
    assert machine_paths(f"see {path} there") != []


@pytest.mark.parametrize("path", ["https://a.example/work/1", "docs/root/x", "/home/", "/workers"])
def test_other_paths_are_no_machine_paths(path):
    assert machine_paths(f"see {path} there") == []


@pytest.mark.parametrize(
    "text", ["pytest.skip()", "@pytest.mark.skip\ndef test_x(): ...", "pytest.mark.skipif(True)"]
)
def test_an_unexplained_skip_is_noticed(text):
    assert unexplained_skips(Module.of("tests.sample", text)) == [1]


def test_an_explained_skip_is_accepted():
    text = "pytest.skip('no disk')\npytest.mark.skipif(True, reason='no disk')"
    assert unexplained_skips(Module.of("tests.sample", text)) == []


@pytest.mark.parametrize("arguments", ["", '"RFC 6749"', '"RFC 6749", 5.2', 'document, "5.2"'])
def test_a_vague_mark_of_a_specification_is_noticed(arguments):
    assert vague_marks(Module.of("tests.sample", f"pytest.mark.spec({arguments})")) == [1]
    assert vague_marks(Module.of("tests.sample", 'pytest.mark.spec("RFC 6749", "5.2")')) == []
