"""Every module says what it is, by its name and in its first lines."""

import ast

from tests.architecture.source import Module, modules

# A module called so says nothing about what is inside, and soon everything is.
FORBIDDEN = {"util", "utils", "helper", "helpers", "common", "misc", "base", "manager", "managers"}


def empty_names(module: Module) -> set[str]:
    """Return the words in the name of ``module``, and of its classes, that say nothing."""
    classes = [node.name for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)]
    vague = {name for name in classes if name.endswith(("Manager", "Helper", "Util", "Utils"))}
    return (FORBIDDEN & set(module.name.split("."))) | vague


def test_no_name_says_nothing():
    found = {module.name: empty_names(module) for module in modules("app") + modules("tests")}
    assert {name: words for name, words in found.items() if words} == {}


def test_a_module_says_what_it_is():
    assert [each.name for each in modules("app") if not ast.get_docstring(each.tree)] == []


def test_a_name_that_says_nothing_is_noticed():
    assert empty_names(Module.of("app.web.utils", "")) == {"utils"}
    assert empty_names(Module.of("app.web.token", "class KeyManager: ...")) == {"KeyManager"}
    assert empty_names(Module.of("app.web.database", "class Based: ...")) == set()
