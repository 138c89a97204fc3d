from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from app.clients import logos, registry
from app.core import outbound
from app.core.db import db
from app.core.outbound import Fetched, OutboundRefusedError
from tests.clients.databases import on_both

LOGO = "https://shop.example/logo"
PNG = b"\x89PNG\r\n\x1a\n....."
GIF = b"GIF89a....."


@pytest.fixture
def web(web):
    return replace(web, logo_uri=LOGO)


@pytest.fixture
def answers(monkeypatch):
    """What each address answers; an absent one is refused."""
    known = {LOGO: Fetched(200, "image/png", PNG)}

    def fetch(url, *, accept, max_bytes=None):
        if url not in known:
            raise OutboundRefusedError(detail="not reachable")
        return known[url]

    monkeypatch.setattr(outbound, "fetch", fetch)
    return known


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0....", "image/jpeg"),
        (b"GIF87a....", "image/gif"),
        (GIF, "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\x10\0\0\0WAVEfmt ", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"<?xml version='1.0'?><svg/>", None),
        (b"<html>", None),
        (b"\x89PNG", None),
        (b"", None),
    ],
)
@pytest.mark.spec("ASVS 5.0", "1.3.4")
def test_only_the_content_says_what_a_picture_is(content, media_type):
    assert logos.kind(content) == media_type


@on_both
def test_the_logo_is_fetched_when_a_client_registers(app, web, answers, now):
    answers[LOGO] = Fetched(200, "image/svg+xml", PNG)
    client, _ = registry.register(web, now=now)
    assert logos.picture(client.client_id) == ("image/png", PNG, now)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        Fetched(404, "image/png", PNG),
        Fetched(302, "image/png", PNG),
        Fetched(200, "image/png", b"<svg onload='alert(1)'/>"),
        Fetched(200, "image/png", b""),
    ],
)
def test_without_a_picture_the_client_is_registered_all_the_same(app, web, answers, now, answer):
    if answer is None:
        del answers[LOGO]
    else:
        answers[LOGO] = answer
    client, _ = registry.register(web, now=now)
    assert client.logo_uri == LOGO
    assert logos.picture(client.client_id) is None


def test_nothing_is_fetched_while_the_database_is_being_written(
    app, web, answers, now, monkeypatch
):
    writes = []

    def write(_connection, _cursor, statement, *_):
        if not statement.startswith("SELECT"):
            writes.append(statement)

    def fetch(url, **_):
        assert writes == []
        return answers[url]

    monkeypatch.setattr(outbound, "fetch", fetch)
    event.listen(db.engine, "before_cursor_execute", write)
    client, _ = registry.register(web, now=now)
    db.session.commit()
    assert writes
    writes.clear()
    answers["https://shop.example/new"] = Fetched(200, "image/gif", GIF)
    changed = replace(client, logo_uri="https://shop.example/new")
    registry.update(client.client_id, changed, now=now)
    assert logos.picture(client.client_id)[0] == "image/gif"


def test_a_picture_never_outlives_its_address(app, web, answers, now):
    client, _ = registry.register(web, now=now)
    registry.update(client.client_id, replace(client, logo_uri="https://gone.example/"), now=now)
    assert logos.picture(client.client_id) is None


def test_a_client_without_a_logo_has_no_picture(app, web, answers, now):
    client, _ = registry.register(web, now=now)
    registry.update(client.client_id, replace(client, logo_uri=None), now=now)
    assert logos.picture(client.client_id) is None
    assert not logos.refresh(client.client_id, now=now)


def test_another_change_asks_for_no_picture(app, web, answers, now):
    client, _ = registry.register(web, now=now)
    answers.clear()
    registry.update(client.client_id, replace(client, client_name="Market"), now=now)
    assert logos.picture(client.client_id) == ("image/png", PNG, now)


def test_a_refresh_takes_the_new_picture_and_keeps_the_old_when_there_is_none(
    app, web, answers, now
):
    client_id = registry.register(web, now=now)[0].client_id
    later = now + timedelta(days=1)
    answers[LOGO] = Fetched(200, "image/gif", GIF)
    assert logos.refresh(client_id, now=later)
    assert logos.picture(client_id) == ("image/gif", GIF, later)
    answers.clear()
    assert not logos.refresh(client_id, now=later + timedelta(days=1))
    assert logos.picture(client_id) == ("image/gif", GIF, later)
