"""Each table has one owner: a single package knows its columns, the others ask that package."""

import ast

import pytest

from tests.architecture.source import Module, imports, modules

OWNERS = {
    "users": "app.identity",
    "user_roles": "app.identity",
    "user_sessions": "app.identity",
    "clients": "app.clients",
    "client_secrets": "app.clients",
    "client_logos": "app.clients",
    "client_key_sets": "app.clients",
    "initial_access_tokens": "app.clients",
    "apis": "app.clients",
    "signing_keys": "app.jose",
    "grants": "app.tokens",
    "denied_tokens": "app.tokens",
    "pushed_requests": "app.tokens",
    "device_authorizations": "app.tokens",
    "session_clients": "app.tokens",
    "logout_deliveries": "app.tokens",
    "pairwise_subjects": "app.tokens",
    "consents": "app.protocol",
    "audit_events": "app.audit",
    "throttle_counters": "app.throttle",
    "single_uses": "app.throttle",
}


def tables(module: Module) -> dict[str, str]:
    """Return the tables that ``module`` declares: the name in Python -> the name in the database."""
    found = {}
    for node in module.tree.body:
        if isinstance(node, ast.ClassDef):
            for statement in node.body:
                match statement:
                    case ast.Assign(
                        targets=[ast.Name(id="__tablename__")],
                        value=ast.Constant(value=str(name)),
                    ):
                        found[node.name] = name
        match node:
            case ast.Assign(
                targets=[ast.Name(id=variable)],
                value=ast.Call(func=ast.Name(id="Table"), args=[ast.Constant(value=str(name)), *_]),
            ):
                found[variable] = name
    return found


MODELS = {module.name: tables(module) for module in modules("app/models")}
DECLARED = {name: table for found in MODELS.values() for name, table in found.items()}


def tables_used(module: Module) -> set[str]:
    """Return the tables whose classes ``module`` imports, or could reach through an imported module."""
    used = set()
    for source, name in imports(module):
        if not f"{source}.".startswith("app.models."):
            continue
        whole = f"{source}.{name}" if name else source
        if whole in MODELS and whole != "app.models":
            used |= set(MODELS[whole].values())
        elif name in DECLARED:
            used.add(DECLARED[name])
    return used


def trespasses(module: Module) -> dict[str, str]:
    """Return the tables that ``module`` uses although another package owns them."""
    if module.package == "app.models":
        return {}
    return {
        table: OWNERS[table] for table in tables_used(module) if OWNERS[table] != module.package
    }


def test_every_table_has_an_owner():
    assert set(DECLARED.values()) <= set(OWNERS)


def test_a_module_uses_only_the_tables_of_its_package():
    found = {module.name: trespasses(module) for module in modules("app")}
    assert {name: tables for name, tables in found.items() if tables} == {}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("app.identity.users", "from app.models.audit import AuditEvent"),
        ("app.identity.users", "from app.models import audit"),
        ("app.identity.users", "import app.models.audit"),
        ("app.identity.users", "def f():\n    from app.models.audit import AuditEvent as Event"),
    ],
)
def test_a_trespass_is_noticed(name, text):
    assert trespasses(Module.of(name, text)) == {"audit_events": "app.audit"}


def test_an_owner_does_not_trespass():
    own = Module.of("app.audit.events", "from app.models.audit import AuditEvent")
    assert trespasses(own) == {}
    assert tables_used(own) == {"audit_events"}
