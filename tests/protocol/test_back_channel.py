"""Back-channel logout: what clients are told, and what becomes of their answers."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import jwt as pyjwt
import pytest

from app.audit import events
from app.audit.events import Kind
from app.clients import registry
from app.core import metrics
from app.jobs import deliver_logout
from app.jose import signing_keys
from app.protocol.logout import back_channel
from app.tokens import id_tokens, logout_deliveries, logout_tokens, revocation
from app.tokens.id_tokens import IdTokenHintInvalidError
from tests.identity.installation import with_settings
from tests.support import client_keys, logout_listener
from tests.support import provider as providers
from tests.support.logout_listener import Listener
from tests.support.provider import ISSUER, Provider

EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
def listener() -> Iterator[Listener]:
    with logout_listener.listening() as made:
        yield made


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    made = providers.create(
        tmp_path,
        OUTBOUND_ALLOW="127.0.0.0/8",
        LOGOUT_DELIVERY_ATTEMPTS="3",
    )
    made.user()
    yield made
    providers.dispose(made)


def signed_in(provider: Provider, listener: Listener, *names: str, **values):
    """Sign one browser in to clients of these names; return it and what each got."""
    browser, tokens = provider.browser(), {}
    for name in names:
        provider.client(name, backchannel_logout_uri=listener.uri(f"/{name}"), **values)
        scope = "openid offline_access"
        tokens[name] = provider.redeem(browser.code(client_id=name, scope=scope), name).json
    return browser, tokens


def sign_out(browser) -> None:
    page = browser.submit(browser.get("/end_session"))
    assert page.status_code == 200, page.text


def deliver(provider: Provider) -> dict[str, int]:
    return dict(provider.do(lambda: deliver_logout.run(provider.at)))


def rows(provider: Provider) -> list[logout_deliveries.Delivery]:
    return provider.do(logout_deliveries.page, after=None, limit=1000)


def header(token: str) -> dict:
    return pyjwt.get_unverified_header(token)


def claims(provider: Provider, token: str, audience: str) -> dict:
    """Return the claims of a token that another library has verified by our published keys."""
    keys = provider.app.test_client().get("/.well-known/jwks.json").json["keys"]
    found = next(key for key in keys if key["kid"] == header(token)["kid"])
    return pyjwt.decode(
        token,
        pyjwt.PyJWK(found),
        algorithms=[found["alg"]],
        audience=audience,
        issuer=ISSUER,
        # The tests live in another year.
        options={"verify_iat": False},
    )


@pytest.mark.spec("OpenID Connect Back-Channel Logout 1.0", "2.4")
def test_a_logout_token_says_who_left_which_session_and_nothing_else(
    provider: Provider, listener: Listener
) -> None:
    browser, tokens = signed_in(provider, listener, "app")
    id_token = claims(provider, tokens["app"]["id_token"], "app")
    sign_out(browser)
    assert deliver(provider) == {"delivered": 1}
    [heard] = listener.heard
    token = heard.token
    told = claims(provider, token, "app")
    assert header(token)["typ"] == "logout+jwt"
    assert header(token)["alg"] == "RS256"
    now = int(provider.at.timestamp())
    assert told.pop("jti")
    assert told == {
        "iss": ISSUER,
        "sub": id_token["sub"],
        "aud": "app",
        "iat": now,
        "exp": now + 120,
        "sid": id_token["sid"],
        "events": {EVENT: {}},
    }


@pytest.mark.spec("OpenID Connect Back-Channel Logout 1.0", "2.5")
def test_the_token_comes_alone_in_a_posted_form(provider: Provider, listener: Listener) -> None:
    browser, _ = signed_in(provider, listener, "app")
    sign_out(browser)
    deliver(provider)
    [heard] = listener.heard
    assert (heard.method, heard.path) == ("POST", "/app")
    assert heard.media_type == "application/x-www-form-urlencoded"
    assert [name for name, _ in heard.form] == ["logout_token"]


@pytest.mark.spec("OpenID Connect Back-Channel Logout 1.0", "2.5")
def test_every_client_of_the_session_is_told_and_each_in_its_own_words(
    provider: Provider, listener: Listener
) -> None:
    browser, tokens = signed_in(provider, listener, "one", "two", "three")
    provider.client("never", backchannel_logout_uri=listener.uri("/never"))
    provider.client("deaf")
    browser.code(client_id="deaf")
    sign_out(browser)
    assert deliver(provider) == {"delivered": 3}
    assert sorted(each.path for each in listener.heard) == ["/one", "/three", "/two"]
    sids = set()
    for each in listener.heard:
        name = each.path[1:]
        told = claims(provider, each.token, name)
        assert told["sid"] == claims(provider, tokens[name]["id_token"], name)["sid"]
        sids.add(told["sid"])
    assert len(sids) == 3
    assert deliver(provider) == {}


@pytest.mark.spec("OpenID Connect Back-Channel Logout 1.0", "2.1")
def test_sid_is_the_same_for_all_sign_ins_of_a_session_and_another_for_another_session(
    provider: Provider, listener: Listener
) -> None:
    browser, tokens = signed_in(provider, listener, "app")
    again = provider.redeem(browser.code(client_id="app")).json
    other = provider.redeem(provider.browser().code(client_id="app")).json
    first, second, third = (
        claims(provider, each["id_token"], "app")["sid"] for each in (tokens["app"], again, other)
    )
    assert first == second != third


@pytest.mark.spec("OpenID Connect Back-Channel Logout 1.0", "2.7")
def test_what_was_granted_offline_outlives_the_session_and_the_rest_does_not(
    provider: Provider, listener: Listener
) -> None:
    browser, tokens = signed_in(provider, listener, "app")
    plain = provider.redeem(browser.code(client_id="app")).json
    sign_out(browser)
    assert deliver(provider) == {"delivered": 1}
    assert provider.userinfo(plain["access_token"]).status_code == 401
    assert provider.refresh(tokens["app"]["refresh_token"]).status_code == 200


@pytest.mark.spec("OpenID Connect Back-Channel Logout 1.0", "2.8")
def test_200_and_204_are_success_400_a_refusal_and_what_may_pass_is_tried_again(
    provider: Provider, listener: Listener
) -> None:
    delivered, refused = (200, 204), (400, 404)
    passing = (201, 302, 308, 408, 425, 429, 501, 503)
    every = (*delivered, *refused, *passing)
    listener.statuses |= {f"/c{status}": [status] for status in every}
    browser, _ = signed_in(provider, listener, *(f"c{status}" for status in every))
    sign_out(browser)
    assert deliver(provider) == {"delivered": 2, "refused": 2, "postponed": len(passing)}
    expected = {
        **dict.fromkeys(delivered, "delivered"),
        **dict.fromkeys(refused, "refused"),
        **dict.fromkeys(passing),
    }
    assert {each.client_id: (each.outcome, each.status) for each in rows(provider)} == {
        f"c{status}": (outcome, status) for status, outcome in expected.items()
    }
    # Nobody follows where a client points to.
    assert listener.at("/elsewhere") == []


@pytest.mark.spec("ASVS 5.0", "16.5.2")
def test_a_client_that_is_down_hears_of_it_later_with_a_new_token(
    provider: Provider, listener: Listener
) -> None:
    listener.statuses["/app"] = [503, 500, 200]
    browser, _ = signed_in(provider, listener, "app")
    sign_out(browser)
    outcomes = []
    for _ in range(3):
        outcomes += deliver(provider)
        assert deliver(provider) == {}
        provider.pass_time(minutes=2)
    assert outcomes == ["postponed", "postponed", "delivered"]
    told = [claims(provider, each.token, "app") for each in listener.heard]
    assert len({each["jti"] for each in told}) == 3
    assert told[0]["iat"] < told[1]["iat"] < told[2]["iat"]


def test_somebody_who_never_answers_well_is_given_up_and_that_is_an_event(
    provider: Provider, listener: Listener
) -> None:
    listener.statuses["/app"] = [500]
    browser, _ = signed_in(provider, listener, "app")
    sign_out(browser)
    for _ in range(5):
        deliver(provider)
        provider.pass_time(hours=2)
    assert len(listener.heard) == 3
    [row] = rows(provider)
    assert (row.outcome, row.attempts, row.status) == ("gave_up", 3, 500)
    [event] = provider.do(lambda: list(events.tail(kind=Kind.LOGOUT_GAVE_UP)))
    assert event.client_id == "app"
    assert 'outcome="gave_up"' in metrics.expose().decode()


def test_pauses_grow_to_an_hour_and_are_never_quite_the_same() -> None:
    def pause(attempts: int) -> float:
        row = logout_deliveries.Delivery(
            "s", "c", "u", providers.START, None, attempts, None, None, None
        )
        until = back_channel.next_attempt(row, now=providers.START)
        return (until - providers.START).total_seconds()

    for attempts, usual in ((1, 10), (2, 40), (3, 160), (4, 640), (5, 2560), (6, 3600), (20, 3600)):
        found = {pause(attempts) for _ in range(20)}
        assert 0.8 * usual <= min(found) < max(found) <= 1.2 * usual + 1e-6


def test_one_that_hangs_is_not_waited_for_and_keeps_nobody_from_hearing(
    provider: Provider, listener: Listener
) -> None:
    listener.slow["/slow"] = 6
    with_settings(provider.app, "logout", delivery_timeout=timedelta(seconds=2))
    browser, _ = signed_in(provider, listener, "slow", "quick")
    began = time.monotonic()
    sign_out(browser)
    assert time.monotonic() - began < 5
    began = time.monotonic()
    assert deliver(provider) == {"delivered": 1, "postponed": 1}
    assert time.monotonic() - began < 5
    assert not [each for each in threading.enumerate() if each.name == "signet-logout-sender"]


@pytest.mark.spec("ASVS 5.0", "1.3.6")
def test_a_private_address_is_never_asked(tmp_path: Path, listener: Listener) -> None:
    guarded = providers.create(tmp_path)
    try:
        guarded.user()
        browser, _ = signed_in(guarded, listener, "app")
        sign_out(browser)
        assert deliver(guarded) == {"refused": 1}
        assert listener.heard == []
    finally:
        providers.dispose(guarded)


def test_a_client_that_wants_nothing_any_more_is_left_alone(
    provider: Provider, listener: Listener
) -> None:
    browser, _ = signed_in(provider, listener, "off")
    sign_out(browser)
    provider.do(registry.disable, "off", now=provider.at)
    provider.pass_time(seconds=1)
    assert deliver(provider) == {"not_wanted": 1}
    assert listener.heard == []


def test_a_token_that_cannot_be_signed_is_not_lost(
    provider: Provider, listener: Listener, monkeypatch
) -> None:
    browser, _ = signed_in(provider, listener, "app", "other")
    sign_out(browser)
    mint = logout_tokens.mint

    def failing(client, **values):
        if client.client_id == "app":
            raise signing_keys.NoSigningKeyError
        return mint(client, **values)

    monkeypatch.setattr(logout_tokens, "mint", failing)
    assert deliver(provider) == {"postponed": 1, "delivered": 1}
    monkeypatch.setattr(logout_tokens, "mint", mint)
    provider.pass_time(minutes=1)
    assert deliver(provider) == {"delivered": 1}


def test_a_defect_of_one_token_keeps_nobody_else_from_hearing(
    provider: Provider, listener: Listener, monkeypatch
) -> None:
    browser, _ = signed_in(provider, listener, "app", "other")
    sign_out(browser)
    mint = logout_tokens.mint

    def failing(client, **values):
        if client.client_id == "app":
            raise KeyError("broken")
        return mint(client, **values)

    monkeypatch.setattr(logout_tokens, "mint", failing)
    assert deliver(provider) == {"postponed": 1, "delivered": 1}
    assert [each.path for each in listener.heard] == ["/other"]


def test_whoever_dies_with_a_delivery_loses_it_to_the_next(
    provider: Provider, listener: Listener
) -> None:
    browser, _ = signed_in(provider, listener, "app")
    sign_out(browser)
    lease = timedelta(seconds=30)
    for _ in range(3):
        assert len(provider.do(logout_deliveries.claim, limit=9, lease=lease, now=provider.at)) == 1
        assert deliver(provider) == {}
        provider.pass_time(seconds=31)
    # It has killed as many as there are attempts: nobody else has to die of it.
    assert deliver(provider) == {"gave_up": 1}
    assert listener.heard == []


@pytest.mark.spec("OpenID Connect Back-Channel Logout 1.0", "2.4")
def test_who_has_id_tokens_encrypted_has_logout_tokens_encrypted(
    provider: Provider, listener: Listener
) -> None:
    recipient = client_keys.key("RSA-OAEP-256")
    browser, _ = signed_in(
        provider,
        listener,
        "app",
        jwks=client_keys.jwks(recipient),
        id_token_encrypted_response_alg="RSA-OAEP-256",
        id_token_encrypted_response_enc="A256GCM",
    )
    sign_out(browser)
    assert deliver(provider) == {"delivered": 1}
    _, inner = client_keys.decrypted(recipient, listener.heard[0].token)
    assert header(inner)["typ"] == "logout+jwt"
    assert claims(provider, inner, "app")["events"] == {EVENT: {}}


@pytest.mark.spec("OpenID Connect Back-Channel Logout 1.0", "2.4")
@pytest.mark.parametrize("algorithm", ["PS256", "ES256", "EdDSA"])
def test_it_is_signed_like_the_clients_id_tokens(tmp_path: Path, algorithm: str) -> None:
    with logout_listener.listening() as listener:
        made = providers.create(
            tmp_path, OUTBOUND_ALLOW="127.0.0.0/8", SIGNING_ALGORITHMS=f"RS256 {algorithm}"
        )
        try:
            made.user()
            browser, _ = signed_in(made, listener, "app", id_token_signed_response_alg=algorithm)
            sign_out(browser)
            assert deliver(made) == {"delivered": 1}
            token = listener.heard[0].token
            assert header(token)["alg"] == algorithm
            assert claims(made, token, "app")["aud"] == "app"
        finally:
            providers.dispose(made)


@pytest.mark.spec("RFC 8725", "3.11")
def test_a_logout_token_is_no_hint_and_no_access_token(
    provider: Provider, listener: Listener
) -> None:
    browser, _ = signed_in(provider, listener, "app")
    sign_out(browser)
    deliver(provider)
    token = listener.heard[0].token
    with pytest.raises(IdTokenHintInvalidError):
        provider.do(id_tokens.read_hint, token, now=provider.at)
    assert provider.userinfo(token).status_code == 401
    assert provider.introspect(token)["active"] is False
    browser.code()
    page = browser.get("/end_session?" + urlencode({"id_token_hint": token}))
    assert 'id="logout-confirm"' in page.text


@pytest.mark.spec("OpenID Connect Back-Channel Logout 1.0", "2.5")
@pytest.mark.spec("ASVS 5.0", "7.4.1")
@pytest.mark.parametrize("how", ["disabled", "revoked", "replaced", "operator"])
def test_clients_hear_of_it_whoever_ends_the_session(
    provider: Provider, listener: Listener, how: str
) -> None:
    browser, tokens = signed_in(provider, listener, "app")
    user_id = claims(provider, tokens["app"]["id_token"], "app")["sub"]
    match how:
        case "disabled":
            provider.do(revocation.disable_user, user_id, now=provider.at)
        case "revoked":
            provider.do(revocation.of_user, user_id, reason="revoked", now=provider.at)
        case "replaced":
            provider.user("grace")
            provider.pass_time(seconds=5)
            chosen = browser.submit(browser.authorize(prompt="select_account"), choice="other")
            assert browser.sign_in(chosen, "grace").status_code == 303
        case "operator":
            from app.identity import sessions

            [begun] = provider.do(sessions.of_user, user_id, now=provider.at)
            provider.do(revocation.of_session, begun.id, reason="operator", now=provider.at)
    assert deliver(provider) == {"delivered": 1}


def test_a_session_that_ran_out_is_not_told_of(provider: Provider, listener: Listener) -> None:
    signed_in(provider, listener, "app")
    provider.pass_time(days=30)
    assert deliver(provider) == {}
    assert rows(provider) == []


def test_where_it_is_off_nobody_is_told_and_nothing_is_kept(
    tmp_path: Path, listener: Listener
) -> None:
    off = providers.create(tmp_path, BACK_CHANNEL_LOGOUT="false", OUTBOUND_ALLOW="127.0.0.0/8")
    try:
        off.user()
        browser, _ = signed_in(off, listener, "app")
        sign_out(browser)
        assert rows(off) == []
        metadata = off.app.test_client().get("/.well-known/openid-configuration").json
        assert metadata["backchannel_logout_supported"] is False
    finally:
        providers.dispose(off)


@pytest.mark.spec("OpenID Connect Back-Channel Logout 1.0", "2.1")
def test_the_metadata_says_that_sessions_are_named(provider: Provider) -> None:
    metadata = provider.app.test_client().get("/.well-known/openid-configuration").json
    assert metadata["backchannel_logout_supported"] is True
    assert metadata["backchannel_logout_session_supported"] is True


def test_no_token_is_in_the_log(provider: Provider, listener: Listener, capsys) -> None:
    listener.statuses["/app"] = [400]
    browser, _ = signed_in(provider, listener, "app")
    sign_out(browser)
    deliver(provider)
    token = listener.heard[0].token
    shown = capsys.readouterr()
    assert token not in shown.out + shown.err
    assert token not in repr(back_channel.Message("https://app.example", token))
    assert token not in json.dumps([str(each) for each in rows(provider)])
