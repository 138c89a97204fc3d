"""One assertion, shown many times in the same instant: the client is let in once."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask import Flask

from app.audit import events
from app.audit.events import Kind
from app.clients import registry
from app.clients.registry import Registration
from app.core.db import db
from app.protocol.client_authentication.authenticate import authenticate
from app.protocol.errors import OAuthError
from app.protocol.parameters import parse
from app.protocol.server import MachineRequest
from tests.identity.installation import DATABASES, NOW, installed, new_database, race
from tests.support.client_keys import asserted, jwks, key

_MANY = 20


@pytest.fixture(scope="module")
def _database() -> Iterator[str]:
    with new_database() as url:
        yield url


@pytest.fixture(params=DATABASES)
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    url = None if request.param == "sqlite" else request.getfixturevalue("_database")
    with installed(tmp_path, url=url) as made, made.app_context():
        yield made


@pytest.fixture
def issuer(app: Flask) -> str:
    registry.register(
        Registration(
            "Signer",
            grant_types=("client_credentials",),
            scope=(),
            token_endpoint_auth_method="private_key_jwt",
            jwks=jwks(key("ES256")),
        ),
        client_id="signer",
        now=NOW,
    )
    db.session.commit()
    found: str = app.extensions["signet.settings"].issuer
    return found


def _request(issuer: str, *, now: datetime) -> MachineRequest:
    form = asserted(key("ES256"), "signer", issuer, now=now)
    return MachineRequest(parse(urlencode(form).encode()), None, now)


@pytest.mark.spec("RFC 7523", "3")
@pytest.mark.spec("ASVS 5.0", "10.4.16")
@pytest.mark.spec("ASVS 5.0", "15.4.2")
def test_of_twenty_that_show_one_assertion_at_once_one_is_let_in(app: Flask, issuer: str) -> None:
    request = _request(issuer, now=NOW)

    results = race(app, _MANY, lambda _: authenticate(request).client_id)

    assert results.count("signer") == 1
    refused = [each for each in results if isinstance(each, OAuthError)]
    assert [each.code for each in refused] == ["invalid_client"] * (_MANY - 1)
    assert len(events.tail(kind=Kind.CLIENT_ASSERTION_REPLAYED)) == _MANY - 1


def test_twenty_assertions_of_one_client_do_not_stand_in_each_others_way(
    app: Flask, issuer: str
) -> None:
    requests = [_request(issuer, now=NOW) for _ in range(_MANY)]

    results = race(app, _MANY, lambda number: authenticate(requests[number]).client_id)

    assert results == ["signer"] * _MANY


def test_an_assertion_whose_request_failed_for_our_fault_may_be_shown_again(
    app: Flask, issuer: str
) -> None:
    request = _request(issuer, now=NOW)
    assert authenticate(request).client_id == "signer"
    db.session.rollback()
    assert authenticate(request).client_id == "signer"
    db.session.commit()
    with pytest.raises(OAuthError):
        authenticate(request)
