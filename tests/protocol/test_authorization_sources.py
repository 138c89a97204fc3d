"""Which parameters count, and who is told when they cannot be had."""

from urllib.parse import urlencode

import pytest

from app.core.errors import SignetError
from app.protocol.authorization import pushed_request, request_object
from app.protocol.authorization.source import Source, SourceRefusedError
from app.protocol.errors import OAuthError
from app.protocol.parameters import Parameters
from app.throttle.counters import ThrottledError
from tests.support import provider as providers
from tests.support.provider import CALLBACK, Provider, answer_of, request_parameters

HANDLE = "urn:ietf:params:oauth:request_uri:handle"
ELSEWHERE = "https://elsewhere.example/callback"


def refusing(error: SignetError):
    def refuse(*_: object, **__: object) -> Source:
        raise error

    return refuse


def giving(**facts: object):
    def give(*_: object, **__: object) -> Source:
        return Source(Parameters(request_parameters(state="inner")), **facts)

    return give


def asked(provider: Provider, **parameters: str):
    return provider.browser().get("/authorize?" + urlencode(parameters))


BAD_OBJECT = OAuthError("invalid_request_object", "The request object is not valid.")


@pytest.fixture
def bad_object(monkeypatch):
    monkeypatch.setattr(request_object, "read", refusing(BAD_OBJECT))


@pytest.mark.spec("RFC 9101", "6.3")
def test_a_bad_object_is_told_to_the_registered_address_beside_it(signed_up, bad_object):
    page = asked(signed_up, **request_parameters(request="x.y.z"))
    assert answer_of(page)["error"] == "invalid_request_object"


@pytest.mark.spec("RFC 6749", "4.1.2.1")
def test_a_bad_object_is_told_to_nobody_without_an_address_beside_it(signed_up, bad_object):
    page = asked(signed_up, client_id="app", request="x.y.z")
    assert page.status_code == 400
    assert "Location" not in page.headers


@pytest.mark.spec("RFC 6749", "4.1.2.1")
def test_a_bad_object_is_not_told_to_an_unregistered_address(signed_up, bad_object):
    page = asked(signed_up, **request_parameters(request="x.y.z", redirect_uri=ELSEWHERE))
    assert page.status_code == 400


def test_an_unknown_client_comes_before_its_object(signed_up, bad_object):
    page = asked(signed_up, **request_parameters(request="x.y.z", client_id="nobody"))
    assert page.status_code == 400


@pytest.mark.spec("RFC 9101", "5")
def test_an_object_by_value_and_one_by_reference_exclude_one_another(signed_up):
    page = asked(signed_up, **request_parameters(request="x.y.z", request_uri=HANDLE))
    assert answer_of(page)["error"] == "invalid_request"


def test_a_parameter_that_comes_twice_beside_an_object_is_refused(signed_up, bad_object):
    query = urlencode(request_parameters(request="x.y.z")) + "&scope=openid"
    page = signed_up.browser().get("/authorize?" + query)
    assert answer_of(page)["error"] == "invalid_request"


def test_what_an_object_says_counts_and_not_what_stands_beside_it(signed_up, monkeypatch):
    monkeypatch.setattr(request_object, "read", giving(is_signed=True))
    page = asked(signed_up, **request_parameters(request="x.y.z", response_type="token"))
    browser = signed_up.browser()
    page = browser.get(
        "/authorize?" + urlencode(request_parameters(request="x.y.z", state="outer"))
    )
    assert answer_of(browser.sign_in(page))["state"] == "inner"


def test_an_object_may_name_only_registered_addresses(signed_up, monkeypatch):
    def elsewhere(*_: object, **__: object) -> Source:
        return Source(Parameters(request_parameters(redirect_uri=ELSEWHERE)), is_signed=True)

    monkeypatch.setattr(request_object, "read", elsewhere)
    assert asked(signed_up, **request_parameters(request="x.y.z")).status_code == 400


def test_a_pushed_request_that_is_over_is_told_where_it_said_itself(signed_up, monkeypatch):
    told = Parameters({"redirect_uri": CALLBACK, "state": "pushed"})
    over = SourceRefusedError("invalid_request_uri", "It is over.", told=told)
    monkeypatch.setattr(pushed_request, "resolve", refusing(over))
    answer = answer_of(asked(signed_up, client_id="app", request_uri=HANDLE))
    assert answer["error"] == "invalid_request_uri"
    assert answer["state"] == "pushed"


def test_too_many_requests_by_reference_end_on_a_page(signed_up, monkeypatch):
    monkeypatch.setattr(request_object, "fetch", refusing(ThrottledError(retry_after=7)))
    page = asked(signed_up, **request_parameters(request_uri="https://app.example/request"))
    assert page.status_code == 429
    assert page.headers["Retry-After"] == "7"


@pytest.mark.spec("RFC 9126", "6")
def test_a_client_that_has_to_push_cannot_come_by_another_door(signed_up, monkeypatch):
    signed_up.client("pushing", require_pushed_authorization_requests=True)
    plain = asked(signed_up, **request_parameters(client_id="pushing"))
    assert answer_of(plain)["error"] == "invalid_request"
    monkeypatch.setattr(request_object, "read", giving(is_signed=True))
    by_object = asked(signed_up, **request_parameters(client_id="pushing", request="x.y.z"))
    assert answer_of(by_object)["error"] == "invalid_request"


@pytest.mark.spec("RFC 9126", "5")
@pytest.mark.parametrize(
    "setting", ["REQUIRE_PUSHED_AUTHORIZATION_REQUESTS", "REQUIRE_SIGNED_REQUEST_OBJECT"]
)
def test_an_installation_may_refuse_plain_requests_of_everybody(tmp_path, setting):
    provider = providers.create(tmp_path, **{setting: "true"})
    provider.client()
    assert answer_of(asked(provider, **request_parameters()))["error"] == "invalid_request"
    providers.dispose(provider)


def test_a_pushed_request_that_was_used_meanwhile_gets_no_code(signed_up, monkeypatch):
    monkeypatch.setattr(pushed_request, "resolve", giving(pushed_id="p" * 22))
    browser = signed_up.browser()
    page = browser.get("/authorize?" + urlencode({"client_id": "app", "request_uri": HANDLE}))
    assert answer_of(browser.sign_in(page))["error"] == "invalid_request_uri"
