"""UserInfo: typed claims for those who may learn them."""

import pytest

from app.identity import users
from app.identity.users import Changes
from app.tokens import revocation
from tests.support.provider import ISSUER, Provider

EVERYTHING = {
    "given_name": "Ada",
    "family_name": "Lovelace",
    "birthdate": "1815-12-10",
    "zoneinfo": "Europe/London",
    "locale": "en-GB",
    "phone_number": "+44 20 7946 0000",
    "phone_number_verified": True,
    "address": {"locality": "London", "country": "GB"},
}


@pytest.fixture
def known(provider: Provider) -> Provider:
    provider.user(
        email="ada@example.com", email_verified=True, roles=("engineer",), claims=EVERYTHING
    )
    provider.client()
    return provider


def access_token(provider: Provider, scope: str) -> str:
    return str(provider.redeem(provider.browser().code(scope=scope)).json["access_token"])


@pytest.mark.spec("OpenID Connect Core 1.0", "5.4")
@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ("openid", set()),
        ("openid email", {"email", "email_verified"}),
        ("openid phone", {"phone_number", "phone_number_verified"}),
        ("openid address", {"address"}),
        ("openid roles", {"roles"}),
        (
            "openid profile",
            {
                "name", "given_name", "family_name", "preferred_username", "birthdate", "zoneinfo",
                "locale", "updated_at",
            },
        ),
    ],
)  # fmt: skip
def test_each_scope_releases_its_claims_and_no_other(
    known: Provider, scope: str, names: set[str]
) -> None:
    answer = known.userinfo(access_token(known, scope))
    assert answer.status_code == 200
    assert answer.json.keys() - {"sub"} == names
    assert answer.mimetype == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.spec("OpenID Connect Core 1.0", "5.1")
def test_claims_have_the_types_of_the_specification(known: Provider) -> None:
    info = known.userinfo(access_token(known, "openid profile email phone address roles")).json
    assert info["email_verified"] is True
    assert info["phone_number_verified"] is True
    assert type(info["updated_at"]) is int
    assert info["address"] == {"locality": "London", "country": "GB"}
    assert info["roles"] == ["engineer"]


@pytest.mark.spec("OpenID Connect Core 1.0", "5.3.2")
def test_what_is_empty_is_left_out(known: Provider) -> None:
    info = known.userinfo(access_token(known, "openid profile")).json
    assert "nickname" not in info
    assert None not in info.values()


@pytest.mark.spec("OpenID Connect Core 1.0", "5.3.1")
def test_get_and_post_and_the_form_body_work(known: Provider) -> None:
    token = access_token(known, "openid")
    http = known.app.test_client()
    for scheme in ("Bearer", "bearer", "BEARER"):
        headers = {"Authorization": f"{scheme} {token}"}
        assert http.get("/userinfo", headers=headers).status_code == 200
        assert http.post("/userinfo", headers=headers).status_code == 200
    assert http.post("/userinfo", data={"access_token": token}).status_code == 200


@pytest.mark.spec("RFC 6750", "2")
def test_a_token_in_the_query_or_in_two_ways_is_refused(known: Provider) -> None:
    token = access_token(known, "openid")
    http = known.app.test_client()
    assert http.get(f"/userinfo?access_token={token}").status_code == 400
    headers = {"Authorization": f"Bearer {token}"}
    twice = http.post("/userinfo", data={"access_token": token}, headers=headers)
    assert twice.status_code == 400
    assert twice.json["error"] == "invalid_request"


@pytest.mark.spec("RFC 6750", "3.1")
@pytest.mark.spec("RFC 9728", "5.1")
def test_no_token_is_a_challenge_without_an_error_code(known: Provider) -> None:
    http = known.app.test_client()
    answer = http.get("/userinfo")
    assert answer.status_code == 401
    described_at = f"{ISSUER}/.well-known/oauth-protected-resource/userinfo"
    challenge = f'Bearer realm="signet", resource_metadata="{described_at}"'
    assert answer.headers["WWW-Authenticate"] == challenge
    described = http.get(described_at.removeprefix(ISSUER))
    assert described.json["resource"] == f"{ISSUER}/userinfo"


@pytest.mark.spec("RFC 6750", "3.1")
@pytest.mark.parametrize("token", ["x", "a.b.c", "sgr_AAAA", "ü", "e30.e30.", "." * 9000])
def test_anything_that_is_no_token_is_invalid_token(known: Provider, token: str) -> None:
    answer = known.app.test_client().post("/userinfo", data={"access_token": token})
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.spec("RFC 6750", "3.1")
def test_a_token_for_an_api_alone_is_not_for_userinfo(known: Provider) -> None:
    known.api()
    known.client("plain", scope=("api.read",), resources=("https://api.example",))
    code = known.browser().code(client_id="plain", scope="api.read")
    token = known.redeem(code, "plain").json["access_token"]
    assert known.userinfo(token).status_code == 401


@pytest.mark.spec("ASVS 5.0", "9.2.2")
def test_an_id_token_is_no_access_token(known: Provider) -> None:
    tokens = known.redeem(known.browser().code()).json
    assert known.userinfo(tokens["id_token"]).status_code == 401


@pytest.mark.spec("ASVS 5.0", "9.2.1")
def test_an_expired_token_is_refused(known: Provider) -> None:
    token = access_token(known, "openid")
    known.pass_time(minutes=12)
    assert known.userinfo(token).status_code == 401


def test_a_disabled_person_is_not_told_of_any_more(known: Provider) -> None:
    token = access_token(known, "openid")
    person = known.do(users.lookup, "ada")
    known.do(users.disable, person.id, now=known.at)
    assert known.userinfo(token).status_code == 401


def test_a_session_ended_elsewhere_is_felt_at_once(known: Provider) -> None:
    token = access_token(known, "openid")
    assert known.userinfo(token).status_code == 200
    person = known.do(users.lookup, "ada")
    known.do(revocation.of_user, person.id, reason="test", now=known.at)
    assert known.userinfo(token).status_code == 401


@pytest.mark.spec("OpenID Connect Core 1.0", "5.7")
def test_the_subject_stays_when_everything_else_changes(known: Provider) -> None:
    before = known.userinfo(access_token(known, "openid")).json["sub"]
    person = known.do(users.lookup, "ada")
    changes = Changes(email="other@example.com", name="Augusta")
    known.do(users.update, person.id, changes, now=known.at)
    info = known.userinfo(access_token(known, "openid profile email")).json
    assert info["sub"] == before
    assert info["name"] == "Augusta"
    assert info["email_verified"] is False


@pytest.mark.spec("RFC 8707", "2")
def test_a_token_asked_for_one_api_is_for_that_api_alone(known: Provider) -> None:
    api = "https://api.example"
    known.api()
    known.client("caller", scope=("openid", "api.read"), resources=(api,))
    asked = {"client_id": "caller", "scope": "openid api.read"}
    both = known.redeem(known.browser().code(**asked), "caller").json["access_token"]
    assert known.userinfo(both).status_code == 200
    alone = known.redeem(known.browser().code(**asked, resource=api), "caller").json["access_token"]
    assert known.userinfo(alone).status_code == 401
    narrowed = known.redeem(known.browser().code(**asked), "caller", resource=api).json
    assert known.userinfo(narrowed["access_token"]).status_code == 401
    assert "id_token" in narrowed


@pytest.mark.spec("RFC 6750", "3.1")
def test_a_token_without_openid_is_an_insufficient_scope(known: Provider) -> None:
    known.client("machine", grant_types=("client_credentials",))
    token = known.token("machine", grant_type="client_credentials").json["access_token"]
    answer = known.userinfo(token)
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
    assert 'scope="openid"' in answer.headers["WWW-Authenticate"]
