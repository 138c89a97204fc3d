"""Pairwise subjects: one name for each sector, in every place, and the person's own id in none."""

import json
from dataclasses import replace

import pytest

from app.clients import registry
from app.identity import users
from app.tokens import subjects
from tests.support.compact_jwt import part
from tests.support.provider import CALLBACK, Provider, answer_of

API = "https://api.example"
ELSEWHERE = "https://elsewhere.example/callback"
SCOPE = "openid profile email phone address roles api.read offline_access"


@pytest.fixture
def sectors(provider: Provider) -> Provider:
    """``app`` and ``sister`` of one sector, ``foreign`` of another, ``public`` of none."""
    provider.user(email="ada@example.com", roles=("engineer",))
    provider.api(API)
    scope = tuple(SCOPE.split())
    pairwise = {"subject_type": "pairwise", "scope": scope, "resources": (API,)}
    provider.client(**pairwise)
    provider.client("sister", **{**pairwise, "redirect_uris": ("https://app.example/other",)})
    provider.client("foreign", **{**pairwise, "redirect_uris": (ELSEWHERE,)})
    provider.client("public")
    provider.client("api", grant_types=("client_credentials",), resources=(API,))
    return provider


def tokens(provider: Provider, client_id: str, **parameters: str) -> dict[str, str]:
    uri = provider.do(registry.fresh, client_id).redirect_uris[0]
    code = provider.browser().code(client_id=client_id, redirect_uri=uri, **parameters)
    return dict(provider.redeem(code, client_id, redirect_uri=uri).json)


def sub(provider: Provider, client_id: str) -> str:
    return str(part(tokens(provider, client_id)["id_token"], 1)["sub"])


@pytest.mark.spec("OpenID Connect Core 1.0", "8.1")
def test_a_sector_shares_a_name_and_another_sector_has_another(sectors: Provider) -> None:
    mine = sub(sectors, "app")
    assert mine == sub(sectors, "app") == sub(sectors, "sister")
    assert mine != sub(sectors, "foreign")
    person = sectors.do(users.lookup, "ada")
    assert sub(sectors, "public") == person.id
    assert person.id not in {mine, sub(sectors, "foreign")}


@pytest.mark.spec("OpenID Connect Core 1.0", "8.1")
@pytest.mark.spec("ASVS 5.0", "15.3.3")
def test_no_answer_holds_the_id_of_the_person(sectors: Provider) -> None:
    person_id = sectors.do(users.lookup, "ada").id
    told = tokens(sectors, "app", scope=SCOPE)
    again = sectors.refresh(told["refresh_token"]).json
    both = (told["access_token"], again["access_token"])
    answers = [
        *(part(each, 1) for each in (*both, told["id_token"], again["id_token"])),
        *(sectors.userinfo(each).json for each in both),
        *(sectors.introspect(each) for each in (*both, again["refresh_token"])),
        sectors.introspect(again["access_token"], "api"),
    ]
    assert {each["sub"] for each in answers} == {sub(sectors, "app")}
    assert all(person_id not in json.dumps(each) for each in answers)
    assert all(person_id not in str(each) for each in (told, again))


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.1")
def test_a_hint_with_a_pairwise_name_finds_its_person(sectors: Provider) -> None:
    sectors.user("charles")
    browser = sectors.browser()
    hint = sectors.redeem(browser.code()).json["id_token"]
    assert "code" in answer_of(browser.authorize(id_token_hint=hint, prompt="none"))
    other = sectors.browser()
    page = other.authorize()
    other.sign_in(page, "charles")
    answer = answer_of(other.authorize(id_token_hint=hint, prompt="none"))
    assert answer["error"] == "login_required"


@pytest.mark.spec("OpenID Connect Core 1.0", "5.5.1")
def test_claims_name_a_person_by_the_pairwise_name_and_never_by_the_id(sectors: Provider) -> None:
    person_id = sectors.do(users.lookup, "ada").id
    browser = sectors.browser()
    mine = part(sectors.redeem(browser.code()).json["id_token"], 1)["sub"]
    foreign = sub(sectors, "foreign")
    for value, error in ((mine, None), (person_id, "login_required"), (foreign, "login_required")):
        claims = json.dumps({"id_token": {"sub": {"value": value}}})
        answer = answer_of(browser.authorize(claims=claims, prompt="none"))
        assert answer.get("error") == error


@pytest.mark.spec("OpenID Connect RP-Initiated Logout 1.0", "2")
def test_the_hint_of_this_session_signs_out_without_a_question(sectors: Provider) -> None:
    browser = sectors.browser()
    hint = sectors.redeem(browser.code()).json["id_token"]
    page = browser.get(f"/end_session?id_token_hint={hint}")
    assert "<form" not in page.text.partition("<main")[2]
    assert answer_of(browser.authorize(prompt="none"))["error"] == "login_required"


@pytest.mark.spec("OpenID Connect Core 1.0", "2")
def test_a_grant_from_before_the_client_was_pairwise_gets_the_pairwise_name(
    sectors: Provider,
) -> None:
    told = tokens(sectors, "public", scope="openid offline_access")
    client = sectors.do(registry.fresh, "public")
    pairwise = replace(client, subject_type="pairwise")
    sectors.do(registry.update, "public", pairwise, now=sectors.at)
    again = sectors.refresh(told["refresh_token"], "public").json
    names = {part(again[each], 1)["sub"] for each in ("access_token", "id_token")}
    assert names == {sectors.userinfo(again["access_token"]).json["sub"]}
    # It shares the sector of the others, which had no name for her yet.
    assert names == {sub(sectors, "app")}


def test_a_client_acting_for_itself_is_its_own_subject(sectors: Provider) -> None:
    client = sectors.do(registry.fresh, "app")
    assert CALLBACK in client.redirect_uris
    assert sectors.do(subjects.subject, client, None) == "app"
