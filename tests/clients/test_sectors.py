"""The file of a sector: fetched by the guarded door, and believed to the letter."""

from dataclasses import replace

import pytest

from app.clients import registry, sectors
from app.core import outbound
from app.core.db import db
from app.core.errors import InvalidInputError
from app.core.outbound import Fetched, OutboundRefusedError
from tests.clients.databases import on_both

SECTOR = "https://sector.example/redirects.json"


@pytest.fixture
def file(monkeypatch):
    """What the file holds, and which addresses were asked for."""
    known = {"status": 200, "body": b"[]", "asked": [], "open": []}

    def fetch(url, *, accept, max_bytes=None):
        known["asked"].append(url)
        known["open"].append(db.session().in_transaction())
        if known["body"] is None:
            raise OutboundRefusedError(detail="sector.example: not reachable")
        return Fetched(known["status"], "application/json", known["body"])

    monkeypatch.setattr(outbound, "fetch", fetch)
    return known


@pytest.fixture
def wanted(web):
    uris = ("https://shop.example/cb", "https://other.example/cb")
    return replace(web, redirect_uris=uris, sector_identifier_uri=SECTOR, subject_type="pairwise")


@on_both
@pytest.mark.spec("OpenID Connect Core 1.0", "8.1")
@pytest.mark.spec("OpenID Connect Dynamic Client Registration 1.0", "5")
def test_a_sector_that_lists_every_redirect_uri_is_accepted(app, wanted, file, now):
    file["body"] = b'["https://other.example/cb","https://more.example/","https://shop.example/cb"]'
    client, _ = registry.register(wanted, now=now)
    assert client.sector == "sector.example"
    assert file["asked"] == [SECTOR]
    # Nobody waits for a web server with a transaction open.
    registry.update(
        client.client_id, replace(client, redirect_uris=wanted.redirect_uris[:1]), now=now
    )
    assert file["open"] == [False, False]


@pytest.mark.spec("OpenID Connect Dynamic Client Registration 1.0", "5")
@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'["https://shop.example/cb"]',
        b'["https://shop.example/cb","https://other.example/cb/"]',
        b'["https://shop.example/cb","https://OTHER.example/cb"]',
        b'["https://shop.example/cb","https://other.example/%63b"]',
        b'{"https://shop.example/cb":1,"https://other.example/cb":1}',
        b'"https://shop.example/cb https://other.example/cb"',
        b'["https://shop.example/cb","https://other.example/cb",7]',
        b'["https://shop.example/cb","https://other.example/cb"',
        b"null",
        b"",
        None,
    ],
)
def test_any_other_file_is_refused(app, wanted, file, now, body):
    file["body"] = body
    with pytest.raises(InvalidInputError) as refused:
        registry.register(wanted, now=now)
    assert refused.value.field == "sector_identifier_uri"


def test_an_error_of_the_server_is_no_file(app, wanted, file, now):
    file.update(status=404, body=b'["https://shop.example/cb","https://other.example/cb"]')
    with pytest.raises(InvalidInputError):
        registry.register(wanted, now=now)


def test_without_a_sector_nothing_is_fetched(app, web, file):
    sectors.check(web)
    assert file["asked"] == []


@pytest.mark.spec("OpenID Connect Dynamic Client Registration 1.0", "5")
def test_a_new_redirect_uri_has_to_be_listed_too(app, wanted, file, now):
    file["body"] = b'["https://other.example/cb","https://shop.example/cb"]'
    client, _ = registry.register(wanted, now=now)
    more = replace(client, redirect_uris=(*client.redirect_uris, "https://new.example/cb"))
    with pytest.raises(InvalidInputError):
        registry.update(client.client_id, more, now=now)
    registry.update(client.client_id, replace(client, client_name="Other"), now=now)
    assert len(file["asked"]) == 2
