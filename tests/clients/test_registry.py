import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import func, select

from app.audit import events
from app.clients import logos, origins, registry
from app.clients.client import Client
from app.core.db import db
from app.core.errors import ConflictError, InvalidInputError, NotFoundError
from app.models.clients import Client as ClientRow
from app.models.clients import ClientSecret
from tests.clients.databases import on_both

LATER = timedelta(hours=1)


@pytest.fixture
def client(app, web, now):
    return registry.register(web, client_id="shop", now=now)[0]


@on_both
def test_a_client_is_found_as_it_was_registered(app, web, now):
    wanted = replace(
        web,
        post_logout_redirect_uris=("https://shop.example/bye",),
        grant_types=("authorization_code", "refresh_token"),
        scope=("openid", "email"),
        allowed_origins=("https://shop.example",),
        default_max_age=600,
        access_token_lifetime=120,
        skip_consent=True,
        contacts=("ada@shop.example",),
        tos_uri="https://shop.example/terms",
    )
    client, secret = registry.register(wanted, now=now)
    db.session.commit()
    assert registry.get(client.client_id) == client == registry.fresh(client.client_id)
    assert {name: getattr(client, name) for name in wanted.__dict__} == wanted.__dict__
    assert (client.created_at, client.updated_at) == (now, now)
    assert client.scopes == {"openid", "email"}
    assert client.allows_grant("refresh_token")
    assert not client.allows_grant("client_credentials")
    assert not client.is_public
    assert not client.is_native
    assert not client.is_disabled
    assert secret is not None


def test_a_value_shows_no_digest_of_a_secret(client):
    assert client.secret_digests
    assert client.secret_digests[0][0] not in repr(client)


@pytest.mark.parametrize("seed", range(20))
def test_an_identifier_is_random_and_no_option_on_a_command_line(app, web, now, seed):
    made = registry.register(web, now=now)[0].client_id
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{21}", made)


@pytest.mark.parametrize("client_id", ["", "a b", "a:b", "a/b", "ä", "a\n", "a" * 65, "https://x"])
def test_a_chosen_identifier_needs_no_escaping_and_is_no_uri(app, web, now, client_id):
    with pytest.raises(InvalidInputError) as caught:
        registry.register(web, client_id=client_id, now=now)
    assert caught.value.field == "client_id"


@on_both
def test_an_identifier_is_taken_once(app, web, now):
    registry.register(web, client_id="shop", now=now)
    with pytest.raises(ConflictError):
        registry.register(replace(web, client_name="Other"), client_id="shop", now=now)
    # The transaction is still usable, and holds the first.
    assert registry.fresh("shop").client_name == "Shop"
    assert db.session.scalar(select(func.count()).select_from(ClientSecret)) == 1


@on_both
def test_of_registrations_racing_for_an_identifier_one_succeeds(application, web, now):
    barrier = Barrier(4)

    def register(number):
        with application.app_context():
            barrier.wait(10)
            try:
                registry.register(
                    replace(web, client_name=f"Shop {number}"), client_id="shop", now=now
                )
            except ConflictError:
                return False
            db.session.commit()
            return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(register, range(4))) == [False, False, False, True]


@pytest.mark.parametrize(
    "client_id",
    [
        "",
        "nobody",
        "a" * 10_000,
        "\x00",
        "\ud800",
        "%",
        "' OR 1=1 --",
        "ä",
        None,
        7,
        [],
        {},
        b"shop",
    ],
)
def test_any_input_may_be_looked_up(client, client_id):
    assert registry.get(client_id) is None
    assert logos.picture(client_id) is None
    with pytest.raises(NotFoundError):
        registry.fresh(client_id)


@on_both
def test_an_update_replaces_everything_and_is_seen_at_once(app, web, now):
    shop = registry.register(web, client_id="shop", now=now)[0]
    assert registry.get("shop").client_name == "Shop"
    changed = registry.update("shop", replace(shop, client_name="Market"), now=now + LATER)
    assert isinstance(changed, Client)
    assert registry.get("shop") == changed
    assert changed == replace(shop, client_name="Market", updated_at=now + LATER)
    db.session.commit()
    assert registry.get("shop") == changed


def test_an_update_that_is_rolled_back_was_never_seen(client, now):
    db.session.commit()
    registry.update("shop", replace(client, client_name="Market"), now=now)
    assert registry.get("shop").client_name == "Market"
    db.session.rollback()
    assert registry.get("shop").client_name == "Shop"


def test_a_change_committed_by_one_thread_is_seen_by_another_at_once(application, web, now):
    with application.app_context():
        registry.register(web, client_id="shop", now=now)
        db.session.commit()
        assert not registry.get("shop").is_disabled

    def disable():
        with application.app_context():
            registry.disable("shop", now=now)
            db.session.commit()

    with application.app_context():
        thread = Thread(target=disable)
        thread.start()
        thread.join()
        assert registry.get("shop").is_disabled


def test_a_client_is_read_from_memory_for_a_moment(client, monkeypatch):
    db.session.commit()
    registry.get("shop")
    monkeypatch.setattr(db.session, "execute", None)
    assert registry.get("shop") == client


def test_an_update_is_checked_like_a_registration(client, now):
    with pytest.raises(InvalidInputError):
        registry.update("shop", replace(client, redirect_uris=()), now=now)
    assert registry.fresh("shop") == client


def test_a_client_that_becomes_public_loses_its_secrets(client, now):
    public = replace(client, token_endpoint_auth_method="none")
    assert registry.update("shop", public, now=now).secret_digests == ()
    assert registry.update("shop", client, now=now).secret_digests == ()


@on_both
def test_a_deleted_client_leaves_nothing_behind(app, web, now):
    registry.register(web, client_id="shop", now=now)
    logos.store("shop", logos.Picture("image/png", b"\x89PNG"), now=now)
    db.session.commit()
    assert registry.get("shop") is not None
    registry.delete("shop", now=now)
    assert registry.get("shop") is None
    assert db.session.scalar(select(func.count()).select_from(ClientSecret)) == 0
    assert logos.picture("shop") is None
    db.session.commit()
    assert registry.get("shop") is None


def test_a_client_is_switched_off_and_on(client, now):
    registry.disable("shop", now=now)
    registry.disable("shop", now=now + LATER)
    assert registry.get("shop").disabled_at == now
    registry.enable("shop", now=now)
    registry.enable("shop", now=now)
    assert not registry.get("shop").is_disabled
    kinds = [event.kind for event in events.tail(limit=2)]
    assert kinds == ["client.enabled", "client.disabled"]


def test_tokens_of_a_client_are_revoked_up_to_now(client, now):
    registry.revoke_tokens_before("shop", now=now + LATER)
    assert registry.get("shop").revoked_before == now + LATER


def test_nobody_can_be_changed(app, web, now):
    for change in (
        registry.delete,
        registry.disable,
        registry.enable,
        registry.revoke_tokens_before,
        lambda client_id, now: registry.update(client_id, web, now=now),
        logos.refresh,
    ):
        with pytest.raises(NotFoundError):
            change("nobody", now=now)


def test_every_change_is_recorded(client, now):
    registry.update("shop", replace(client, client_name="Market", scope=()), now=now)
    registry.revoke_tokens_before("shop", now=now)
    registry.delete("shop", now=now)
    recorded = events.tail(limit=10)
    assert [event.kind for event in recorded] == [
        "client.deleted", "client.revoked", "client.updated", "client.created",
    ]  # fmt: skip
    assert {event.client_id for event in recorded} == {"shop"}
    assert recorded[2].detail == {"changed": ["client_name", "scope"]}


@on_both
def test_clients_are_listed_by_name_in_pages_and_found_by_name_or_identifier(app, web, now):
    for client_id, name in (("c1", "Beta"), ("c2", "Alpha_1"), ("c3", "Beta"), ("c4", "Alpha21")):
        registry.register(replace(web, client_name=name), client_id=client_id, now=now)
    listed = []
    while page := registry.page(after=listed[-1] if listed else None, limit=1):
        listed += [client.client_id for client in page]
        assert page[0].secret_digests
    assert sorted(listed[:2]) == ["c2", "c4"]
    assert listed[2:] == ["c1", "c3"]
    assert registry.count() == 4

    def found(text):
        return {client.client_id for client in registry.page(after=None, limit=9, search=text)}

    assert found("ALPHA") == {"c2", "c4"}
    assert found("alpha_") == {"c2"}
    assert found("c3") == {"c3"}
    assert found("%") == set()


def test_a_page_behind_a_client_that_is_gone_says_so(client):
    with pytest.raises(NotFoundError):
        registry.page(after="gone", limit=2)


@pytest.mark.spec("RFC 7591", "3.2.1")
def test_client_information_has_the_names_of_the_specification(app, web, now):
    wanted = replace(web, scope=("openid", "email"), tos_uri="https://shop.example/terms")
    client, secret = registry.register(wanted, client_id="shop", now=now)
    assert registry.information(client, secret=secret) == {
        "client_id": "shop",
        "client_id_issued_at": int(now.timestamp()),
        "client_secret": secret,
        "client_secret_expires_at": 0,
        "client_name": "Shop",
        "redirect_uris": ["https://shop.example/signed-in"],
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "scope": "openid email",
        "token_endpoint_auth_method": "client_secret_basic",
        "application_type": "web",
        "id_token_signed_response_alg": "RS256",
        "access_token_signed_response_alg": "RS256",
        "require_pkce": True,
        "skip_consent": False,
        "require_auth_time": False,
        "authorization_signed_response_alg": "RS256",
        "backchannel_logout_session_required": False,
        "frontchannel_logout_session_required": False,
        "require_pushed_authorization_requests": False,
        "require_signed_request_object": False,
        "subject_type": "public",
        "tos_uri": "https://shop.example/terms",
    }


@pytest.mark.spec("RFC 7591", "2")
def test_client_information_without_a_browser_flow_names_no_response_type(app, web, now):
    service = replace(web, grant_types=("client_credentials",), redirect_uris=(), scope=())
    told = registry.information(registry.register(service, now=now)[0])
    assert told["response_types"] == []
    assert "redirect_uris" not in told
    assert "client_secret" not in told
    assert "client_secret_expires_at" not in told


def test_a_registered_origin_is_allowed_at_once_and_only_while_its_client_is_enabled(app, web, now):
    assert not origins.is_allowed("https://shop.example")
    wanted = replace(web, allowed_origins=("https://shop.example",))
    registry.register(wanted, client_id="shop", now=now)
    assert origins.is_allowed("https://shop.example")
    registry.disable("shop", now=now)
    assert not origins.is_allowed("https://shop.example")


def test_columns_and_values_have_the_same_names():
    columns = set(ClientRow.__table__.columns.keys())
    assert columns | {"secret_digests"} == set(Client.__dataclass_fields__)
