"""Exactly one method, the registered one, and one answer to every failure."""

import base64
from datetime import timedelta
from urllib.parse import quote_plus

import pytest

from app.clients import secrets as client_secrets
from tests.support.provider import Provider


def basic(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


@pytest.fixture
def machines(provider: Provider) -> Provider:
    for method in ("client_secret_basic", "client_secret_post"):
        provider.client(
            method, grant_types=("client_credentials",), token_endpoint_auth_method=method
        )
    provider.client("public", token_endpoint_auth_method="none")
    return provider


GRANT = {"grant_type": "client_credentials"}


@pytest.mark.spec("RFC 6749", "2.3.1")
def test_basic_works_and_its_parts_may_be_form_encoded(machines: Provider) -> None:
    secret = machines.secrets["client_secret_basic"]
    for name in ("client_secret_basic", quote_plus("client_secret_basic").replace("_", "%5F")):
        answer = machines.post("/token", GRANT, auth=None, headers=basic(name, secret))
        assert answer.status_code == 200


@pytest.mark.spec("RFC 6749", "2.3.1")
def test_post_works(machines: Provider) -> None:
    secret = machines.secrets["client_secret_post"]
    form = {**GRANT, "client_id": "client_secret_post", "client_secret": secret}
    assert machines.post("/token", form, auth=None).status_code == 200


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"nocolon").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
        "Basic " + base64.b64encode(b"%ff:x").decode(),
        "Basic " + base64.b64encode(b"client_secret_basic:").decode(),
        "Basic " + base64.b64encode(b":x").decode(),
        "Basic " + base64.b64encode("client_secret_basic:gähn".encode()).decode(),
        "Bearer abc",
        "Digest x",
    ],
)
def test_every_broken_header_is_invalid_client_with_a_challenge(
    machines: Provider, header: str
) -> None:
    answer = machines.post("/token", GRANT, auth=None, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json["error"] == "invalid_client"
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.spec("RFC 6749", "5.2")
def test_unknown_client_and_wrong_secret_look_the_same(machines: Provider) -> None:
    answers = [
        machines.post("/token", GRANT, auth=None, headers=basic(name, "x" * 43))
        for name in ("client_secret_basic", "nobody", "client_secret_post", "public")
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1


@pytest.mark.spec("OpenID Connect Core 1.0", "9")
def test_another_method_than_the_registered_one_is_refused(machines: Provider) -> None:
    secret = machines.secrets["client_secret_basic"]
    form = {**GRANT, "client_id": "client_secret_basic", "client_secret": secret}
    assert machines.post("/token", form, auth=None).status_code == 401
    secret = machines.secrets["client_secret_post"]
    headers = basic("client_secret_post", secret)
    assert machines.post("/token", GRANT, auth=None, headers=headers).status_code == 401
    named = {**GRANT, "client_id": "client_secret_basic"}
    assert machines.post("/token", named, auth=None).status_code == 401


@pytest.mark.spec("RFC 6749", "2.3")
def test_two_methods_at_once_are_an_invalid_request(machines: Provider) -> None:
    secret = machines.secrets["client_secret_basic"]
    headers = basic("client_secret_basic", secret)
    form = {**GRANT, "client_id": "client_secret_basic", "client_secret": secret}
    answer = machines.post("/token", form, auth=None, headers=headers)
    assert answer.status_code == 400
    assert answer.json["error"] == "invalid_request"
    other = {**GRANT, "client_id": "public"}
    assert machines.post("/token", other, auth=None, headers=headers).status_code == 400


def test_an_assertion_is_refused_and_not_ignored(machines: Provider) -> None:
    form = {**GRANT, "client_id": "public", "client_assertion": "x.y.z"}
    assert machines.post("/token", form, auth=None).status_code == 401


@pytest.mark.spec("RFC 9110", "15.5.2")
def test_no_client_at_all_is_refused_with_a_challenge(machines: Provider) -> None:
    answer = machines.post("/token", GRANT, auth=None)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.spec("RFC 6749", "4.4")
def test_a_public_client_cannot_act_for_itself(machines: Provider) -> None:
    answer = machines.post("/token", {**GRANT, "client_id": "public"}, auth=None)
    assert answer.status_code == 400
    assert answer.json["error"] == "unauthorized_client"


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "unauthorized_client"),
        ({"grant_type": 'x"\\\n'}, "invalid_request"),
        ({"grant_type": 'x"\\ü'}, "unsupported_grant_type"),
    ],
)
def test_a_bad_grant_type_is_named(machines: Provider, form: dict[str, str], error: str) -> None:
    answer = machines.post("/token", form, auth="client_secret_basic")
    assert answer.status_code == 400
    assert answer.json["error"] == error
    assert answer.mimetype == "application/json"


@pytest.mark.spec("RFC 6749", "3.2")
def test_the_token_endpoint_takes_post_alone(machines: Provider) -> None:
    for method in ("get", "put", "delete", "patch"):
        answer = getattr(machines.app.test_client(), method)("/token")
        assert answer.status_code == 405
        assert "POST" in answer.headers["Allow"]


@pytest.mark.spec("RFC 6749", "3.2")
@pytest.mark.parametrize("path", ["/token", "/introspect", "/revoke"])
def test_parameters_come_from_the_body_alone_and_once(machines: Provider, path: str) -> None:
    in_query = machines.post(
        f"{path}?grant_type=client_credentials", GRANT, auth="client_secret_basic"
    )
    assert in_query.json["error"] == "invalid_request"
    twice = machines.post(
        path,
        "grant_type=client_credentials&grant_type=client_credentials&token=x",
        auth="client_secret_basic",
        content_type="application/x-www-form-urlencoded",
    )
    assert twice.json["error"] == "invalid_request"
    as_json = machines.post(
        path, '{"grant_type":"x"}', auth="client_secret_basic", content_type="application/json"
    )
    assert as_json.json["error"] == "invalid_request"
    for broken in (b"grant_type=%", b"grant_type=%ff", b"\xff\xfe", b"a=1&" * 100):
        answer = machines.post(
            path,
            broken,
            auth="client_secret_basic",
            content_type="application/x-www-form-urlencoded",
        )
        assert answer.status_code == 400
        assert answer.json["error"] == "invalid_request"


def test_a_rotated_secret_and_its_predecessor_work_together_for_a_while(machines: Provider) -> None:
    old = machines.secrets["client_secret_basic"]
    new = machines.do(
        client_secrets.rotate, "client_secret_basic", grace=timedelta(hours=1), now=machines.at
    )

    def status(secret: str) -> int:
        headers = basic("client_secret_basic", secret)
        return machines.post("/token", GRANT, auth=None, headers=headers).status_code

    assert (status(old), status(new)) == (200, 200)
    machines.pass_time(hours=1)
    assert (status(old), status(new)) == (401, 200)


@pytest.mark.spec("RFC 6749", "3.2.1")
def test_a_public_client_redeems_with_its_name_alone(machines: Provider) -> None:
    machines.user()
    code = machines.browser().code(client_id="public", scope="openid offline_access")
    answer = machines.redeem(code, None, client_id="public")
    assert answer.status_code == 200, answer.text
    fresh = machines.refresh(answer.json["refresh_token"], None, client_id="public")
    assert fresh.status_code == 200
