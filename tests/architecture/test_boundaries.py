"""What only one place may do, and what no place may do."""

import ast
import re

import pytest

from tests.architecture.source import Module, imports, modules

_SECRET = re.compile(r"(^|_)(digest|hmac|mac|password|secret|signature|verifier|challenge)$")


def reads_environment(module: Module) -> bool:
    """Tell whether ``module`` looks into the process environment."""
    doors = {"environ", "environb", "getenv", "getenvb"}
    if any(source == "os" and name in doors for source, name in imports(module)):
        return True
    return any(
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        and node.attr in doors
        for node in ast.walk(module.tree)
    )


def prints(module: Module) -> bool:
    """Tell whether ``module`` calls ``print``."""
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
        for node in ast.walk(module.tree)
    )


def _identifier(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id=owner)) if owner[:1].isupper():
            return ""  # a column in a query: the database compares
        case ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
    return ""


def hasty_comparisons(module: Module) -> list[int]:
    """Return the lines that compare two values with ``==`` where the name of one says it is secret."""
    found = []
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
            continue
        sides = (node.left, node.comparators[0])
        in_query = any(
            isinstance(side, ast.Attribute)
            and isinstance(side.value, ast.Name)
            and side.value.id[:1].isupper()
            for side in sides
        )
        constant = any(isinstance(side, ast.Constant) for side in sides)
        if not in_query and not constant and any(_SECRET.search(_identifier(s)) for s in sides):
            found.append(node.lineno)
    return found


def test_only_core_reads_the_environment():
    outside = [module for module in modules("app") if module.package != "app.core"]
    assert [module.name for module in outside if reads_environment(module)] == []


def test_only_the_command_line_prints():
    outside = [module for module in modules("app") if module.package != "app.cli"]
    assert [module.name for module in outside if prints(module)] == []


def test_secrets_are_compared_in_constant_time():
    found = {module.name: hasty_comparisons(module) for module in modules("app")}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_chance_comes_from_the_operating_system():
    assert [each.name for each in modules("app") if ("random", "") in imports(each)] == []


def test_imports_name_their_module_in_full():
    relative = {
        module.name: node.lineno
        for module in modules("app")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and node.level
    }
    assert relative == {}


@pytest.mark.parametrize(
    "text",
    ["import os\nos.environ['A']", "import os\nos.getenv('A')", "from os import environ as e"],
)
def test_a_look_into_the_environment_is_noticed(text):
    assert reads_environment(Module.of("app.web.sample", text))


def test_a_print_is_noticed():
    assert prints(Module.of("app.web.sample", "print('here')"))


@pytest.mark.parametrize(
    "text",
    [
        "client_secret == presented",
        "presented != row.digest",
        "form['password'] == other",
        "code_challenge == computed",
    ],
)
def test_a_hasty_comparison_is_noticed(text):
    assert hasty_comparisons(Module.of("app.web.sample", text)) == [1]


@pytest.mark.parametrize("text", ["ClientSecret.digest == digest", "secret == ''", "a == b"])
def test_a_query_is_no_hasty_comparison(text):
    assert hasty_comparisons(Module.of("app.web.sample", text)) == []
