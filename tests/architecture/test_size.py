"""Files and functions small enough to be read in one go."""

from tests.architecture.source import Module, code_lines, functions, modules

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40


def too_long(module: Module) -> dict[str, int]:
    """Return the functions of ``module`` that do not fit on a screen, with their lines of code."""
    lines = {each.name: code_lines(module, each) for each in functions(module)}
    return {name: count for name, count in lines.items() if count > MAX_FUNCTION_LINES}


def test_a_file_can_be_read_in_one_go():
    lines = {module.name: len(module.text.splitlines()) for module in modules("app")}
    assert {name: count for name, count in lines.items() if count > MAX_FILE_LINES} == {}


def test_a_function_fits_on_a_screen():
    found = {module.name: too_long(module) for module in modules("app")}
    assert {name: long for name, long in found.items() if long} == {}


def test_a_long_function_is_noticed():
    body = "    subject += 1\n"
    fitting = "def verb(subject):\n" + body * (MAX_FUNCTION_LINES - 1)
    assert too_long(Module.of("app.sample", fitting)) == {}
    assert too_long(Module.of("app.sample", fitting + body)) == {"verb": MAX_FUNCTION_LINES + 1}


def test_docstrings_comments_and_blank_lines_are_not_counted_as_code():
    text = 'def verb(\n    subject,\n):\n    """What.\n\n    Why.\n    """\n\n    # because\n    return subject\n'
    module = Module.of("app.sample", text)
    assert code_lines(module, functions(module)[0]) == 4
