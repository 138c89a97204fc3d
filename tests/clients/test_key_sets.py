"""Key sets that stand elsewhere: fetched seldom, kept for a while, renewed when they must be."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.clients import key_sets, recent, registry
from app.clients.key_sets import KeySetUnavailableError
from app.core import outbound
from app.core.db import db
from app.core.errors import NotFoundError
from app.core.outbound import OutboundRefusedError
from app.models.clients import ClientKeySet
from tests.clients.databases import on_both
from tests.identity.installation import race
from tests.support.client_keys import jwks, key

URI = "https://shop.example/keys"
OLD, NEW = jwks(key("ES256")), jwks(key("ES256", 1))
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


class Elsewhere:
    """The address of the keys: what it answers, and how often it was asked."""

    def __init__(self):
        self.keys = OLD
        self.asked = []
        self.meanwhile = lambda: None

    def fetch(self, uri, *, accept, max_bytes):
        assert "application/jwk-set+json" in accept
        assert max_bytes == 65536
        assert not db.session().in_transaction()
        self.asked.append(uri)
        self.meanwhile()
        if self.keys is None:
            raise OutboundRefusedError(detail="not reachable")
        return self.keys


@pytest.fixture
def elsewhere(monkeypatch):
    made = Elsewhere()
    monkeypatch.setattr(outbound, "fetch_json", made.fetch)
    return made


@pytest.fixture
def client(app, web, now):
    wanted = replace(web, token_endpoint_auth_method="private_key_jwt", jwks_uri=URI)
    made, _ = registry.register(wanted, client_id="shop", now=now)
    db.session.commit()
    return made


def another_node():
    """Forget what this process remembers."""
    recent._by_database.clear()


def test_a_registered_set_is_never_fetched(app, web, elsewhere, now):
    method = {"token_endpoint_auth_method": "private_key_jwt"}
    made, _ = registry.register(replace(web, jwks=OLD, **method), now=now)
    assert key_sets.document(made, now=now) == OLD
    assert key_sets.renewed(made, now=now) is None
    assert not key_sets.refresh(made.client_id, now=now)
    assert elsewhere.asked == []


def test_a_client_without_keys_has_none(app, web, elsewhere, now):
    made, _ = registry.register(web, now=now)
    with pytest.raises(KeySetUnavailableError):
        key_sets.document(made, now=now)
    assert key_sets.renewed(made, now=now) is None


@on_both
@pytest.mark.spec("RFC 7591", "2")
def test_a_set_is_fetched_once_and_kept_for_all_nodes(client, elsewhere, now):
    for seconds in (0, 1, 599):
        assert key_sets.document(client, now=now + seconds * SECOND) == OLD
        another_node()
    assert elsewhere.asked == [URI]


@on_both
def test_a_key_that_was_taken_out_is_forgotten_when_the_set_is_too_old(client, elsewhere, now):
    key_sets.document(client, now=now)
    elsewhere.keys = NEW
    assert key_sets.document(client, now=now + 9 * MINUTE) == OLD
    assert key_sets.document(client, now=now + 10 * MINUTE) == NEW
    another_node()
    assert key_sets.document(client, now=now + 10 * MINUTE) == NEW


@on_both
@pytest.mark.spec("OpenID Connect Core 1.0", "10.1.1")
def test_a_set_is_renewed_on_demand_but_not_too_often(client, elsewhere, now):
    key_sets.document(client, now=now)
    elsewhere.keys = NEW
    assert key_sets.renewed(client, now=now + 9 * SECOND) is None
    assert key_sets.renewed(client, now=now + 10 * SECOND) == NEW
    assert key_sets.renewed(client, now=now + 11 * SECOND) is None
    assert len(elsewhere.asked) == 2


@on_both
def test_what_another_node_fetched_since_counts_as_renewed(client, elsewhere, now):
    key_sets.document(client, now=now)
    # Here it is remembered, there it is fetched anew.
    here = recent.of("client_key_sets").get("shop", key_sets._read)
    elsewhere.keys = NEW
    assert key_sets.renewed(client, now=now + 10 * SECOND) == NEW
    recent.of("client_key_sets").get("shop", lambda _: here)
    assert key_sets.document(client, now=now + 11 * SECOND) == OLD
    assert key_sets.renewed(client, now=now + 11 * SECOND) == NEW
    assert len(elsewhere.asked) == 2


@on_both
@pytest.mark.parametrize(
    "answer", [None, [], {"keys": "x"}, {"keys": [{**OLD["keys"][0], "d": "AA"}]}, {}, 7, "x"]
)
def test_a_set_that_cannot_be_fetched_anew_serves_on_for_a_day(client, elsewhere, now, answer):
    key_sets.document(client, now=now)
    elsewhere.keys = answer
    assert key_sets.document(client, now=now + HOUR) == OLD
    assert key_sets.document(client, now=now + HOUR + SECOND) == OLD
    assert len(elsewhere.asked) == 2
    assert key_sets.document(client, now=now + 24 * HOUR - SECOND) == OLD
    with pytest.raises(KeySetUnavailableError):
        key_sets.document(client, now=now + 24 * HOUR + 10 * SECOND)
    elsewhere.keys = NEW
    assert key_sets.document(client, now=now + 25 * HOUR) == NEW


@on_both
def test_an_address_that_does_not_answer_is_asked_once_in_an_interval(client, elsewhere, now):
    elsewhere.keys = None
    for seconds in (0, 5.5, 9, 10, 19):
        with pytest.raises(KeySetUnavailableError):
            key_sets.document(client, now=now + seconds * SECOND)
    assert len(elsewhere.asked) == 2


@on_both
def test_another_address_is_another_set_at_once(client, elsewhere, now):
    key_sets.document(client, now=now)
    moved = replace(client, jwks_uri="https://shop.example/others")
    elsewhere.keys = None
    with pytest.raises(KeySetUnavailableError):
        key_sets.document(moved, now=now + SECOND)
    row = db.session.execute(select(ClientKeySet.__table__)).one()
    assert (row.uri, row._mapping["keys"], row.fetched_at) == (moved.jwks_uri, None, None)
    elsewhere.keys = NEW
    assert key_sets.document(moved, now=now + 11 * SECOND) == NEW
    assert elsewhere.asked == [URI, moved.jwks_uri, moved.jwks_uri]


@on_both
def test_a_slow_answer_does_not_displace_a_newer_one(client, elsewhere, now):
    key_sets.document(client, now=now)

    def slowly():
        elsewhere.meanwhile = lambda: None
        elsewhere.keys = NEW
        assert key_sets.refresh("shop", now=now + HOUR + SECOND)
        elsewhere.keys = OLD

    elsewhere.meanwhile = slowly
    key_sets.document(client, now=now + HOUR)
    another_node()
    assert key_sets.document(client, now=now + HOUR + SECOND) == NEW


@on_both
def test_a_client_that_was_just_deleted_has_no_keys(client, elsewhere, now):
    registry.delete("shop", now=now)
    db.session.commit()
    with pytest.raises(KeySetUnavailableError):
        key_sets.document(client, now=now)
    assert elsewhere.asked == []


@on_both
def test_an_operator_fetches_whenever_they_like(client, elsewhere, now):
    key_sets.document(client, now=now)
    elsewhere.keys = NEW
    assert key_sets.refresh("shop", now=now + SECOND)
    assert key_sets.document(client, now=now + SECOND) == NEW
    elsewhere.keys = None
    assert not key_sets.refresh("shop", now=now + 2 * SECOND)
    assert key_sets.document(client, now=now + 2 * SECOND) == NEW
    with pytest.raises(NotFoundError):
        key_sets.refresh("nobody", now=now)


@on_both
@pytest.mark.spec("ASVS 5.0", "15.4.2")
def test_of_many_who_need_the_keys_at_once_one_fetches_and_all_get_them(
    application, client, elsewhere, now, monkeypatch
):
    monkeypatch.setattr(key_sets, "_PATIENCE", 20)
    elsewhere.meanwhile = lambda: key_sets.sleep(0.2)
    found = race(application, 5, lambda _: key_sets.document(client, now=now))
    assert found == [OLD] * 5
    assert elsewhere.asked == [URI]


@on_both
def test_whoever_cannot_wait_is_refused_and_nobody_waits_for_long(
    application, client, elsewhere, now, monkeypatch
):
    monkeypatch.setattr(key_sets, "_PATIENCE", 0.1)
    elsewhere.meanwhile = lambda: key_sets.sleep(1)
    found = race(application, 8, lambda _: key_sets.document(client, now=now))
    assert found.count(OLD) == 1
    assert sum(isinstance(each, KeySetUnavailableError) for each in found) == 7
    assert elsewhere.asked == [URI]
