"""What passes through the phases that all features share."""

import pytest

from app.clients import registry
from app.clients.registry import Origin, Registration
from app.core.errors import SignetError
from app.protocol.errors import translate
from app.protocol.extensions import claims_parameter, step_up
from app.protocol.extensions.claims_parameter import ClaimsRequest
from app.protocol.token import narrowing
from app.throttle.counters import ThrottledError
from app.tokens.device_codes import AuthorizationPendingError, SlowDownError
from tests.support.provider import CALLBACK, Provider, answer_of

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.mark.spec("Unmet Authentication Requirements 1.0", "2")
def test_a_sign_in_that_is_not_sure_enough_is_repeated_once_and_then_refused(
    signed_up: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = signed_up.browser()
    browser.code()
    monkeypatch.setattr(step_up, "required", lambda *_: ("urn:example:stronger",))
    signed_up.pass_time(minutes=1)
    page = browser.authorize()
    assert page.status_code == 200
    answer = answer_of(browser.sign_in(page))
    assert answer["error"] == "unmet_authentication_requirements"
    assert answer["state"] == "st-1"


def test_a_claim_asked_for_alone_needs_consent_to_the_scope_that_owns_it(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.user()
    provider.client(skip_consent=False)
    browser = provider.browser()
    page = browser.sign_in(browser.authorize())
    assert "code" in answer_of(browser.submit(page, decision="allow"))
    asked = ClaimsRequest(canonical='{"userinfo":{"email":null}}', scope=("email",))
    monkeypatch.setattr(claims_parameter, "parse", lambda *_: asked)
    assert browser.authorize().status_code == 200


def test_what_was_asked_for_by_claims_reaches_the_authorization(
    signed_up: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ClaimsRequest(canonical='{"userinfo":{"email":null}}')
    monkeypatch.setattr(claims_parameter, "parse", lambda *_: asked)
    code = signed_up.browser().code()
    seen = []
    authorization = narrowing.Authorization

    def note(**values: object) -> object:
        seen.append(values["claims"])
        return authorization(**values)

    monkeypatch.setattr(narrowing, "Authorization", note)
    assert signed_up.redeem(code).status_code == 200
    assert seen == [asked.canonical]


def test_the_use_of_a_client_that_registered_itself_is_noted_with_the_answer(
    provider: Provider,
) -> None:
    provider.user()
    wanted = Registration(client_name="Dynamic", redirect_uris=(CALLBACK,), scope=("openid",))
    client, secret = provider.do(
        registry.register, wanted, client_id="dynamic", origin=Origin(is_dynamic=True),
        now=provider.at,
    )  # fmt: skip
    provider.secrets["dynamic"] = secret or ""
    assert client.last_used_at is None
    browser = provider.browser()
    page = browser.sign_in(browser.authorize(client_id="dynamic"))
    code = answer_of(browser.submit(page, decision="allow"))["code"]
    assert provider.redeem(code, "dynamic").status_code == 200
    assert provider.do(registry.fresh, "dynamic").last_used_at == provider.at
    assert provider.redeem(code, "dynamic").json["error"] == "invalid_grant"


@pytest.mark.spec("RFC 8628", "3.5")
@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (AuthorizationPendingError(), "authorization_pending", 400),
        (SlowDownError(), "slow_down", 400),
        (ThrottledError(retry_after=9), "temporarily_unavailable", 429),
    ],
)
def test_what_went_wrong_has_one_code(error: SignetError, code: str, status: int) -> None:
    refused = translate(error)
    assert (refused.code, refused.status) == (code, status)
    assert refused.retry_after == getattr(error, "retry_after", None)


@pytest.mark.spec("RFC 8628", "3.4")
def test_a_device_code_that_nobody_made_is_refused(provider: Provider) -> None:
    provider.client(grant_types=(DEVICE_CODE,), redirect_uris=(), skip_consent=False)
    answer = provider.token(grant_type=DEVICE_CODE, device_code="sgd_x")
    assert answer.json["error"] == "invalid_grant"


@pytest.mark.parametrize("path", ["/par", "/device_authorization", "/register"])
def test_an_endpoint_for_machines_refuses_in_json(provider: Provider, path: str) -> None:
    answer = provider.app.test_client().get(path)
    assert answer.status_code in {404, 405}
    assert answer.json["error"] == "invalid_request"


@pytest.mark.spec("RFC 6749", "2.3")
def test_an_assertion_beside_a_secret_is_refused(signed_up: Provider) -> None:
    form = {"grant_type": "refresh_token", "client_assertion": "x.y.z"}
    assert signed_up.post("/token", form).json["error"] == "invalid_request"
