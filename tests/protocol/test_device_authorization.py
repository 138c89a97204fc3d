"""A device without a browser: its two codes, and what it hears while it waits."""

import re
from typing import Any

import pytest

from app.clients.client import DEVICE_CODE
from app.core.db import db
from app.models.requests import DeviceAuthorization
from tests.support import provider as providers
from tests.support.devices import asked, decided, kinds, polled, started
from tests.support.provider import ISSUER, Provider
from tests.support.tampering import with_another_end


@pytest.mark.spec("RFC 8628", "3.2")
@pytest.mark.spec("RFC 8628", "6.1")
def test_a_device_is_told_two_codes_and_where_to_send_the_person(tv: Provider) -> None:
    answer = tv.post("/device_authorization", {"scope": "openid"}, auth="tv")
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", told["user_code"])
    assert len(told["device_code"]) > 64
    assert told["verification_uri"] == f"{ISSUER}/device"
    assert told["verification_uri_complete"] == f"{ISSUER}/device?user_code={told['user_code']}"
    assert (told["expires_in"], told["interval"]) == (600, 5)


@pytest.mark.spec("RFC 8628", "5.2")
def test_the_database_holds_neither_code(tv: Provider) -> None:
    told = started(tv)
    with tv.app.app_context():
        row = db.session.execute(db.select(DeviceAuthorization)).scalar_one()
        stored = " ".join(str(getattr(row, each.key)) for each in row.__table__.columns)
    assert told["user_code"] not in stored
    assert told["user_code"].replace("-", "") not in stored
    assert told["device_code"] not in stored


@pytest.mark.spec("RFC 8628", "3.4")
@pytest.mark.spec("RFC 8628", "3.5")
def test_the_device_waits_and_gets_its_tokens_once_the_person_allows_it(tv: Provider) -> None:
    told = started(tv, scope="openid profile offline_access")
    assert polled(tv, told["device_code"]).json["error"] == "authorization_pending"
    page = decided(tv.browser(), told["user_code"])
    assert page.status_code == 200
    assert "Your device is connected" in page.text
    tv.pass_time(seconds=5)
    tokens = polled(tv, told["device_code"])
    assert tokens.status_code == 200, tokens.text
    assert tokens.json["id_token"]
    assert tv.userinfo(tokens.json["access_token"]).json["name"] == "Ada Lovelace"
    renewed = tv.refresh(tokens.json["refresh_token"], "tv")
    assert renewed.status_code == 200, renewed.text
    assert "device.approved" in kinds(tv)


@pytest.mark.spec("RFC 8628", "3.5")
def test_a_device_that_is_too_fast_has_to_slow_down_for_good(tv: Provider) -> None:
    code = started(tv)["device_code"]
    assert polled(tv, code).json["error"] == "authorization_pending"
    tv.pass_time(seconds=2)
    assert polled(tv, code).json["error"] == "slow_down"
    tv.pass_time(seconds=6)  # enough for the old interval, not for the new one of ten
    assert polled(tv, code).json["error"] == "slow_down"
    tv.pass_time(seconds=15)
    assert polled(tv, code).json["error"] == "authorization_pending"
    tv.pass_time(seconds=15)
    assert polled(tv, code).json["error"] == "authorization_pending"


@pytest.mark.spec("RFC 8628", "3.5")
def test_a_person_who_refuses_ends_it(tv: Provider) -> None:
    told = started(tv)
    page = decided(tv.browser(), told["user_code"], "deny")
    assert "The device was refused" in page.text
    assert polled(tv, told["device_code"]).json["error"] == "access_denied"
    assert "device.denied" in kinds(tv)


@pytest.mark.spec("RFC 8628", "3.5")
def test_a_code_that_nobody_typed_expires(tv: Provider) -> None:
    told = started(tv)
    tv.pass_time(seconds=601)
    assert polled(tv, told["device_code"]).json["error"] == "expired_token"
    assert asked(tv.browser(), told["user_code"]).status_code == 400


@pytest.mark.spec("RFC 8628", "3.5")
def test_what_is_not_fetched_in_time_expires(tv: Provider) -> None:
    told = started(tv)
    decided(tv.browser(), told["user_code"])
    tv.pass_time(seconds=601)
    assert polled(tv, told["device_code"]).json["error"] == "expired_token"


@pytest.mark.spec("RFC 8628", "5.2")
@pytest.mark.parametrize("change", [with_another_end, lambda code: code[5:], lambda _: "x"])
def test_a_device_code_that_we_did_not_make_is_refused(tv: Provider, change: Any) -> None:
    code = started(tv)["device_code"]
    assert polled(tv, change(code)).json["error"] == "invalid_grant"


def test_a_device_code_serves_its_own_client_alone(tv: Provider) -> None:
    told = started(tv)
    decided(tv.browser(), told["user_code"])
    tv.client("radio", grant_types=(DEVICE_CODE,), redirect_uris=(), skip_consent=False)
    assert polled(tv, told["device_code"], "radio").json["error"] == "invalid_grant"
    assert polled(tv, told["device_code"]).status_code == 200


@pytest.mark.spec("ASVS 5.0", "10.4.1")
def test_a_device_code_used_twice_ends_what_came_of_it(tv: Provider) -> None:
    told = started(tv)
    decided(tv.browser(), told["user_code"])
    tokens = polled(tv, told["device_code"]).json
    assert polled(tv, told["device_code"]).json["error"] == "invalid_grant"
    assert tv.userinfo(tokens["access_token"]).status_code == 401
    assert "device_code.reused" in kinds(tv)


def test_neither_kind_of_code_is_redeemed_as_the_other(tv: Provider) -> None:
    tv.client("app", grant_types=("authorization_code", DEVICE_CODE))
    told = started(tv, "app")
    browser = tv.browser()
    decided(browser, told["user_code"])
    assert tv.redeem(told["device_code"]).json["error"] == "invalid_grant"
    assert polled(tv, browser.code(), "app").json["error"] == "invalid_grant"


@pytest.mark.spec("RFC 8628", "3.1")
def test_a_client_without_the_grant_type_starts_nothing(tv: Provider) -> None:
    tv.client("app")
    answer = tv.post("/device_authorization", {"scope": "openid"})
    assert answer.json["error"] == "unauthorized_client"


@pytest.mark.spec("RFC 8628", "3.1")
def test_a_client_that_does_not_prove_itself_starts_nothing(tv: Provider) -> None:
    answer = tv.post("/device_authorization", {"scope": "openid", "client_id": "tv"}, auth=None)
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"resource": "https://api.example"}, "invalid_scope"),
        ({"scope": "openid api.read"}, "invalid_scope"),
        ({"scope": "openid", "resource": "https://api.example"}, "invalid_target"),
    ],
)
def test_a_device_may_ask_for_what_its_client_is_registered_for(
    tv: Provider, form: dict[str, str], error: str
) -> None:
    assert tv.post("/device_authorization", form, auth="tv").json["error"] == error


@pytest.mark.spec("RFC 8628", "3.1")
def test_parameters_in_the_address_are_refused(tv: Provider) -> None:
    answer = tv.post("/device_authorization?scope=openid", {"scope": "openid"}, auth="tv")
    assert answer.json["error"] == "invalid_request"


@pytest.mark.spec("RFC 8628", "3.1")
@pytest.mark.spec("ASVS 5.0", "2.4.1")
def test_a_public_client_may_start_but_not_without_end(tv: Provider) -> None:
    tv.client("box", grant_types=(DEVICE_CODE,), redirect_uris=(), skip_consent=False,
              token_endpoint_auth_method="none")  # fmt: skip
    form = {"client_id": "box", "scope": "openid"}
    answers = [tv.post("/device_authorization", form, auth=None) for _ in range(121)]
    assert {each.status_code for each in answers[:120]} == {200}
    assert answers[120].status_code == 429
    assert int(answers[120].headers["Retry-After"]) > 0
    told = answers[0].json
    decided(tv.browser(), told["user_code"])
    tokens = tv.token(
        None, grant_type=DEVICE_CODE, device_code=told["device_code"], client_id="box"
    )
    assert tokens.status_code == 200, tokens.text


def test_where_devices_are_off_there_is_nothing(tmp_path: Any) -> None:
    provider = providers.create(tmp_path, DEVICE_AUTHORIZATION="false")
    try:
        http = provider.app.test_client()
        assert http.post("/device_authorization", data={"scope": "openid"}).status_code == 404
        assert http.get("/device").status_code == 404
        metadata = http.get("/.well-known/openid-configuration").json
        assert "device_authorization_endpoint" not in metadata
        assert DEVICE_CODE not in metadata["grant_types_supported"]
    finally:
        providers.dispose(provider)


def test_polling_is_no_guessing(tv: Provider) -> None:
    code = started(tv)["device_code"]
    for _ in range(30):
        tv.pass_time(seconds=5)
        assert polled(tv, code).json["error"] == "authorization_pending"


@pytest.mark.spec("RFC 8707", "2.2")
def test_a_device_gets_a_token_for_the_api_that_it_asked_for(tv: Provider) -> None:
    api = tv.api()
    tv.client("box", grant_types=(DEVICE_CODE,), redirect_uris=(), skip_consent=False,
              scope=("openid", "api.read"), resources=(api.identifier,))  # fmt: skip
    told = started(tv, "box", scope="api.read", resource=api.identifier)
    question = asked(tv.browser(), told["user_code"])
    assert "In The API" in question.text
    decided(tv.browser(), told["user_code"])
    tokens = polled(tv, told["device_code"], "box").json
    assert tv.introspect(tokens["access_token"], "box")["aud"] == api.identifier
