"""A client that registered itself manages its registration: GET, PUT and DELETE /register/<client_id>."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.audit import events
from app.clients import registration_tokens, registry, secrets
from tests.support import provider as providers
from tests.support.provider import CALLBACK, Provider
from tests.support.tampering import with_another_end

INVALID = "invalid_client_metadata"


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    made = providers.create(tmp_path, REGISTRATION_MODE="open")
    yield made
    providers.dispose(made)


@dataclass
class Registered:
    """A client that registered itself, with what it was told."""

    provider: Provider
    told: dict[str, Any]

    @property
    def path(self) -> str:
        return f"/register/{self.told['client_id']}"

    def ask(self, method: str, *, token: str | None = None, body: Any = None) -> TestResponse:
        sent = self.told["registration_access_token"] if token is None else token
        return self.provider.app.test_client().open(
            self.path, method=method, data=None if body is None else json.dumps(body),
            content_type=None if body is None else "application/json",
            headers={"Authorization": f"Bearer {sent}"} if sent else {},
        )  # fmt: skip

    def put(self, *, token: str | None = None, **members: Any) -> TestResponse:
        minimal = {"client_id": self.told["client_id"], "redirect_uris": [CALLBACK]}
        return self.ask("PUT", token=token, body={**minimal, **members})

    def now(self) -> Any:
        return self.provider.do(registry.fresh, self.told["client_id"])


def registered(provider: Provider, **members: Any) -> Registered:
    body = {"redirect_uris": [CALLBACK], "client_name": "Shop", **members}
    answer = provider.app.test_client().post("/register", json=body)
    assert answer.status_code == 201, answer.text
    return Registered(provider, answer.json)


@pytest.fixture
def shop(provider: Provider) -> Registered:
    return registered(provider)


@pytest.mark.spec("RFC 7592", "2.1")
@pytest.mark.spec("RFC 7592", "3")
def test_a_client_reads_what_is_registered(shop: Registered) -> None:
    answer = shop.ask("GET")
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    # A secret is told once.
    once = {"client_secret", "client_secret_expires_at"}
    assert answer.json == {n: v for n, v in shop.told.items() if n not in once}


@pytest.mark.spec("RFC 7592", "2.2")
def test_a_replacement_replaces_everything(shop: Registered) -> None:
    first = shop.put(tos_uri="https://app.example/tos", contacts=["ada@app.example"])
    assert first.status_code == 200, first.text
    assert (first.json["tos_uri"], first.json["client_name"]) == (
        "https://app.example/tos", "app.example",
    )  # fmt: skip
    second = shop.put(token=first.json["registration_access_token"], client_name="New")
    assert "tos_uri" not in second.json
    assert "contacts" not in second.json
    assert shop.now().client_name == "New"
    assert shop.now().tos_uri is None


@pytest.mark.spec("RFC 7592", "3")
def test_a_replacement_ends_the_token_it_was_asked_for_with(shop: Registered) -> None:
    renewed = shop.put().json["registration_access_token"]
    assert renewed != shop.told["registration_access_token"]
    assert shop.ask("GET").status_code == 401
    assert shop.ask("GET", token=renewed).status_code == 200
    [event] = shop.provider.do(events.tail, kind="registration_token.reused")
    assert event.client_id == shop.told["client_id"]
    assert shop.now().disabled_at is None


@pytest.mark.spec("RFC 7592", "2.2")
@pytest.mark.parametrize(
    "members",
    [
        {"client_id": None},
        {"client_id": "other"},
        {"client_id": 7},
        {"client_secret": "wrong"},
        {"client_secret": 7},
        {"registration_access_token": "x"},
        {"registration_client_uri": "https://x.example/"},
        {"client_secret_expires_at": 0},
        {"client_id_issued_at": 1},
        {"grant_types": ["implicit"]},
        {"scope": "openid roles"},
    ],
)
def test_a_replacement_that_is_refused_changes_nothing_not_even_the_token(
    shop: Registered, members: Any
) -> None:
    before = shop.now()
    answer = shop.put(client_name="New", **members)
    assert (answer.status_code, answer.json["error"]) == (400, INVALID), answer.text
    assert shop.now() == before
    assert shop.ask("GET").status_code == 200


@pytest.mark.spec("RFC 7592", "2.2")
def test_a_client_may_say_its_own_secret_again(shop: Registered) -> None:
    assert shop.put(client_secret=shop.told["client_secret"]).status_code == 200
    assert secrets_of(shop) == {shop.told["client_secret"]: True}


def secrets_of(shop: Registered, *further: str) -> dict[str, bool]:
    client, now = shop.now(), shop.provider.at
    return {s: secrets.verify(client, s, now=now) for s in (shop.told["client_secret"], *further)}


@pytest.mark.spec("RFC 7592", "2.2")
def test_a_client_gets_a_secret_when_its_new_method_needs_one(provider: Provider) -> None:
    app = registered(provider, token_endpoint_auth_method="none")
    assert "client_secret" not in app.told
    told = app.put().json
    assert told["client_secret_expires_at"] == 0
    assert secrets.verify(app.now(), told["client_secret"], now=provider.at)
    # It keeps PKCE, which it had to use.
    assert app.now().require_pkce


@pytest.mark.spec("RFC 7592", "2.2")
def test_a_change_of_method_leaves_no_secret_that_it_cannot_use(shop: Registered) -> None:
    told = shop.put(token_endpoint_auth_method="client_secret_jwt").json
    assert secrets_of(shop, told["client_secret"]) == {
        shop.told["client_secret"]: False,
        told["client_secret"]: True,
    }
    with shop.provider.app.app_context():
        [sealed] = secrets.hmac_keys(shop.now(), now=shop.provider.at)
    assert sealed.decode() == told["client_secret"]
    back = shop.put(token=told["registration_access_token"]).json
    assert "client_secret" not in back
    assert secrets_of(shop, told["client_secret"])[told["client_secret"]]
    public = shop.put(
        token=back["registration_access_token"], token_endpoint_auth_method="none"
    ).json
    assert "client_secret" not in public
    assert shop.now().secret_digests == ()


@pytest.mark.spec("ASVS 5.0", "15.3.3")
def test_what_the_operator_gave_a_client_survives_its_replacement(shop: Registered) -> None:
    shop.provider.api()
    given = replace(
        shop.now(),
        resources=("https://api.example",),
        scope=("openid", "api.read"),
        skip_consent=True,
        allowed_origins=("https://app.example",),
        access_token_lifetime=120,
    )
    shop.provider.do(registry.update, given.client_id, given, now=shop.provider.at)
    told = shop.put(skip_consent=False, resources=[], allowed_origins=[], require_pkce=False).json
    client = shop.now()
    assert client.scope == ("openid", "api.read")
    assert client.resources == ("https://api.example",)
    assert client.skip_consent
    assert client.require_pkce
    assert client.allowed_origins == ("https://app.example",)
    assert client.access_token_lifetime == 120
    assert told["scope"] == "openid api.read"


@pytest.mark.spec("RFC 7592", "2.2")
def test_where_registering_needs_leave_nobody_widens_its_scope_without(tmp_path: Path) -> None:
    made = providers.create(tmp_path, REGISTRATION_MODE="open")
    shop = registered(made, scope="openid email")
    assert shop.put(scope="openid phone").status_code == 200
    shop = registered(made, scope="openid email")
    settings = made.app.extensions["signet.settings"]
    made.app.extensions["signet.settings"] = replace(
        settings, registration=replace(settings.registration, mode="token")
    )
    assert shop.put(scope="openid phone").json["error"] == INVALID
    assert shop.put(scope="openid").status_code == 200
    providers.dispose(made)


@pytest.mark.spec("RFC 7592", "2.3")
def test_a_client_removes_itself_with_all_it_holds(shop: Registered) -> None:
    shop.provider.user()
    answer = shop.ask("DELETE")
    assert (answer.status_code, answer.data) == (204, b"")
    assert shop.provider.do(registry.get, shop.told["client_id"]) is None
    assert shop.ask("GET").status_code == 401
    assert shop.ask("DELETE").status_code == 401


@pytest.mark.spec("RFC 7592", "2.1")
@pytest.mark.spec("RFC 6750", "3")
def test_a_refusal_of_a_token_never_tells_whether_there_is_such_a_client(
    provider: Provider, shop: Registered
) -> None:
    other = registered(provider)
    manual = provider.client("manual")
    theirs = registration_tokens_of(provider, manual)
    unknown = Registered(provider, {**shop.told, "client_id": "nobody"})
    by_hand = Registered(provider, {**shop.told, "client_id": "manual"})
    foreign = other.told["registration_access_token"]
    answers = [
        each.ask(method, token=token, body={} if method == "PUT" else None)
        for method in ("GET", "PUT", "DELETE")
        for each, token in (
            (shop, foreign), (unknown, foreign), (by_hand, foreign), (by_hand, theirs),
            (shop, "x"), (shop, with_another_end(shop.told["registration_access_token"])),
        )
    ]  # fmt: skip
    assert {each.status_code for each in answers} == {401}
    assert len({each.data for each in answers}) == 1
    challenges = {each.headers["WWW-Authenticate"] for each in answers}
    assert len(challenges) == 1
    assert 'Bearer realm="signet", error="invalid_token"' in challenges.pop()
    assert shop.ask("GET").status_code == 200


def registration_tokens_of(provider: Provider, client: Any) -> str:
    with provider.app.app_context():
        return registration_tokens.token_of(client)


def test_without_a_token_the_challenge_names_no_error(shop: Registered) -> None:
    answer = shop.ask("GET", token="")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="signet"'


@pytest.mark.spec("RFC 7592", "2.1")
def test_a_client_that_was_switched_off_cannot_change_itself(shop: Registered) -> None:
    shop.provider.do(registry.disable, shop.told["client_id"], now=shop.provider.at)
    assert [shop.ask(m).status_code for m in ("GET", "DELETE")] == [403, 403]
    assert shop.put().json["error"] == "access_denied"


def test_management_goes_on_when_nobody_may_register_any_more(shop: Registered) -> None:
    app = shop.provider.app
    settings = app.extensions["signet.settings"]
    app.extensions["signet.settings"] = replace(
        settings, registration=replace(settings.registration, mode="closed")
    )
    assert app.test_client().post("/register", json={}).status_code == 404
    assert shop.ask("GET").status_code == 200
    assert shop.put(client_name="New").status_code == 200


def test_an_operator_gives_a_client_a_new_token_when_it_lost_its_own(shop: Registered) -> None:
    renewed = shop.provider.do(
        registration_tokens.renew, shop.told["client_id"], now=shop.provider.at
    )
    assert shop.ask("GET").status_code == 401
    assert shop.ask("GET", token=renewed).status_code == 200


def test_a_replacement_that_comes_second_is_refused(
    shop: Registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.clients import metadata

    check, calls = metadata.check, []

    def interrupted(wanted: Any) -> Any:
        # While the first is being checked the second comes, and is done before it.
        if not calls:
            calls.append(1)
            calls.append(shop.put(client_name="Second").status_code)
        return check(wanted)

    monkeypatch.setattr("app.clients.metadata.check", interrupted)
    assert shop.put(client_name="First").status_code == 401
    assert calls == [1, 200]
    assert shop.now().client_name == "Second"
