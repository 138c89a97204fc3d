from dataclasses import replace

import pytest

from app.audit import events
from app.clients import apis, registry
from app.clients.apis import Api
from app.clients.scopes import STANDARD
from app.core.db import db
from app.core.errors import ConflictError, InvalidInputError, NotFoundError
from tests.clients.databases import on_both

ORDERS = Api("https://api.example/orders", "Orders", {"orders:read": "See your orders"}, 300)


@pytest.fixture(autouse=True)
def _context(app):
    pass


@on_both
def test_an_api_is_found_as_it_was_registered(app, now):
    assert apis.create(ORDERS, now=now) == ORDERS
    db.session.commit()
    assert apis.get(ORDERS.identifier) == ORDERS
    assert apis.fresh(ORDERS.identifier) == ORDERS
    assert apis.get("https://api.example/other") is None


@on_both
def test_an_identifier_is_registered_once(app, now):
    apis.create(ORDERS, now=now)
    with pytest.raises(ConflictError):
        apis.create(replace(ORDERS, name="Others"), now=now)
    assert apis.get(ORDERS.identifier).name == "Orders"


@pytest.mark.spec("RFC 8707", "2")
@pytest.mark.parametrize(
    "identifier",
    [
        "https://api.example#part", "https://api.example#", "/orders", "orders", "", "https:", "https://",
        "https:///orders", "urn:", "https://*.api.example", "https://api.example/a b",
        "https://api.example/\n", "https://api.example/ä", "https://api.example/%zz",
        "HTTPS://api.example", "https://" + "a" * 512, None, 7,
    ],
)  # fmt: skip
def test_an_identifier_is_an_absolute_uri_without_a_fragment(now, identifier):
    with pytest.raises(InvalidInputError) as caught:
        apis.create(replace(ORDERS, identifier=identifier), now=now)
    assert caught.value.field == "identifier"
    assert apis.get(identifier) is None


@pytest.mark.parametrize(
    "identifier", ["https://api.example", "urn:example:orders", "https://[::1]:80/a?b=c", "api://x"]
)
def test_an_identifier_may_be_any_uri(now, identifier):
    apis.create(replace(ORDERS, identifier=identifier), now=now)
    assert apis.get(identifier).identifier == identifier


@pytest.mark.parametrize(
    "identifier",
    ["http://127.0.0.1:8000", "http://127.0.0.1:8000/", "http://127.0.0.1:8000/userinfo"],
)
def test_an_api_cannot_take_the_names_that_signet_answers_to(now, identifier):
    with pytest.raises(InvalidInputError):
        apis.create(replace(ORDERS, identifier=identifier), now=now)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"scopes": {"a b": ""}}, "scopes"),
        ({"scopes": {"": ""}}, "scopes"),
        ({"scopes": {"read": "a\x00b"}}, "scopes"),
        ({"access_token_lifetime": 0}, "access_token_lifetime"),
        *(({"scopes": {scope: ""}}, "scopes") for scope in sorted(STANDARD)),
    ],
)
def test_a_strange_value_is_refused_and_named(now, changes, field):
    with pytest.raises(InvalidInputError) as caught:
        apis.create(replace(ORDERS, **changes), now=now)
    assert caught.value.field == field


def test_what_was_read_cannot_be_changed_by_a_reader(now):
    apis.create(ORDERS, now=now)
    with pytest.raises(TypeError):
        apis.get(ORDERS.identifier).scopes["orders:write"] = ""


@on_both
def test_a_change_is_in_force_at_once(app, now):
    apis.create(ORDERS, now=now)
    assert apis.get(ORDERS.identifier).name == "Orders"
    changed = replace(ORDERS, name="All orders", scopes={"orders:write": "Order"})
    apis.update(changed, now=now)
    assert apis.get(ORDERS.identifier) == changed
    db.session.commit()
    assert apis.get(ORDERS.identifier) == changed


def test_what_is_not_there_cannot_be_changed_or_removed(now):
    for attempt in (
        lambda: apis.fresh(ORDERS.identifier),
        lambda: apis.update(ORDERS, now=now),
        lambda: apis.delete(ORDERS.identifier, now=now),
    ):
        with pytest.raises(NotFoundError):
            attempt()


@on_both
def test_an_api_in_use_is_not_removed_and_the_refusal_names_the_clients(app, web, now):
    apis.create(ORDERS, now=now)
    # Its name is a part of the other's, and is not in use.
    apis.create(replace(ORDERS, identifier="https://api.example/order"), now=now)
    wanted = replace(web, resources=(ORDERS.identifier,), scope=("openid", "orders:read"))
    registry.register(wanted, client_id="shop", now=now)
    with pytest.raises(ConflictError, match="shop"):
        apis.delete(ORDERS.identifier, now=now)
    with pytest.raises(ConflictError, match="shop"):
        apis.update(replace(ORDERS, scopes={}), now=now)
    apis.delete("https://api.example/order", now=now)
    registry.update("shop", replace(wanted, resources=(), scope=("openid",)), now=now)
    apis.delete(ORDERS.identifier, now=now)
    assert apis.get(ORDERS.identifier) is None


def test_a_scope_that_nobody_registered_for_can_be_removed(web, now):
    apis.create(ORDERS, now=now)
    registry.register(replace(web, resources=(ORDERS.identifier,)), now=now)
    assert apis.update(replace(ORDERS, scopes={}), now=now).scopes == {}


def test_apis_are_listed_by_identifier_in_pages(now):
    for name in "cab":
        apis.create(replace(ORDERS, identifier=f"urn:{name}:x"), now=now)
    first = apis.page(after=None, limit=2)
    rest = apis.page(after=first[-1].identifier, limit=2)
    assert [api.identifier[4] for api in first + rest] == ["a", "b", "c"]
    assert apis.all() == first + rest


def test_every_change_is_recorded(now):
    apis.create(ORDERS, now=now)
    apis.update(ORDERS, now=now)
    apis.delete(ORDERS.identifier, now=now)
    recorded = events.tail(limit=10)
    assert [event.kind for event in recorded] == ["api.deleted", "api.updated", "api.created"]
    assert {event.detail["identifier"] for event in recorded} == {ORDERS.identifier}
