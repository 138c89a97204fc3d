"""The secrets of ``client_secret_jwt``: sealed, opened for the MAC alone, sealed anew."""

import os
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.clients import registry, secrets
from app.core.db import db
from app.core.errors import InvalidInputError
from app.core.root_key import RootKey, RootKeys
from app.models.clients import ClientSecret

HOUR = timedelta(hours=1)
KEYS = {"jwks_uri": "https://shop.example/jwks"}


@pytest.fixture
def jwt(web):
    return replace(web, token_endpoint_auth_method="client_secret_jwt")


def rows():
    return db.session.execute(select(ClientSecret.sealed, ClientSecret.root_key_id)).all()


@pytest.mark.spec("OpenID Connect Core 1.0", "10.1")
def test_the_secret_itself_is_the_key(app, jwt, now):
    client, secret = registry.register(jwt, now=now)
    assert secrets.hmac_keys(client, now=now) == (secret.encode(),)
    assert secret.encode() not in rows()[0].sealed


def test_a_secret_that_is_sent_is_kept_as_a_digest_alone(app, web, now):
    client, _ = registry.register(web, now=now)
    assert rows() == [(None, None)]
    assert secrets.hmac_keys(client, now=now) == ()


def test_after_a_rotation_both_count_until_the_grace_ends(app, jwt, now):
    client, old = registry.register(jwt, now=now)
    new = secrets.rotate(client.client_id, grace=HOUR, now=now + HOUR)
    keys = {each.decode() for each in secrets.hmac_keys(client, now=now + HOUR)}
    assert keys == {old, new}
    assert secrets.hmac_keys(client, now=now + 2 * HOUR) == (new.encode(),)


def test_a_client_that_begins_to_make_macs_needs_a_new_secret(app, web, jwt, now):
    client, _ = registry.register(web, now=now)
    client = registry.update(client.client_id, jwt, now=now)
    assert secrets.hmac_keys(client, now=now) == ()
    new = secrets.rotate(client.client_id, grace=timedelta(0), now=now)
    assert secrets.hmac_keys(client, now=now) == (new.encode(),)


def test_a_client_that_sends_its_secret_again_has_it_unsealed_no_more(app, web, jwt, now):
    client, secret = registry.register(jwt, now=now)
    client = registry.update(client.client_id, web, now=now)
    assert rows() == [(None, None)]
    assert secrets.verify(client, secret, now=now)


def test_a_client_with_a_key_has_no_secret(app, web, now):
    keyed = replace(web, token_endpoint_auth_method="private_key_jwt", **KEYS)
    client, secret = registry.register(keyed, now=now)
    assert (secret, client.uses_secret, rows()) == (None, False, [])
    with pytest.raises(InvalidInputError):
        secrets.rotate(client.client_id, grace=HOUR, now=now)
    other, _ = registry.register(web, now=now)
    registry.update(other.client_id, keyed, now=now)
    assert rows() == []


def test_an_older_root_key_can_go_once_all_is_sealed_anew(app, jwt, now):
    client, secret = registry.register(jwt, now=now)
    old = app.extensions["signet.root_keys"].current
    new = RootKey.of(os.urandom(32))
    app.extensions["signet.root_keys"] = RootKeys((new, old))
    assert secrets.seal_anew(now=now) == 1
    assert secrets.seal_anew(now=now) == 0
    app.extensions["signet.root_keys"] = RootKeys((new,))
    assert secrets.hmac_keys(client, now=now) == (secret.encode(),)


def test_without_its_root_key_a_secret_proves_nothing(app, jwt, now):
    client, _ = registry.register(jwt, now=now)
    app.extensions["signet.root_keys"] = RootKeys((RootKey.of(os.urandom(32)),))
    assert secrets.hmac_keys(client, now=now) == ()


def test_a_client_that_registered_itself_is_noted_as_used_once_a_day(app, web, now):
    mine = registry.Origin(is_dynamic=True, software_statement="e.y.J")
    client, _ = registry.register(web, origin=mine, now=now)
    assert (client.is_dynamic, client.software_statement) == (True, "e.y.J")
    assert client.last_used_at is None
    registry.note_use(client, now=now)
    registry.note_use(client, now=now + HOUR)
    client = registry.fresh(client.client_id)
    assert client.last_used_at == now
    registry.note_use(client, now=now + timedelta(days=2))
    assert registry.fresh(client.client_id).last_used_at == now + timedelta(days=2)


def test_a_client_cannot_change_what_operators_decided(app, web, now):
    mapping = {"claim": "department", "source": "groups", "in": ["id_token"]}
    trusted = replace(web, skip_consent=True, claim_mappings=(mapping,))
    client, _ = registry.register(trusted, now=now)
    mine = registry.Origin(is_dynamic=True)
    client = registry.update(client.client_id, web, origin=mine, now=now)
    assert (client.skip_consent, client.claim_mappings) == (True, (mapping,))
    client = registry.update(client.client_id, web, now=now)
    assert (client.skip_consent, client.claim_mappings) == (False, ())
