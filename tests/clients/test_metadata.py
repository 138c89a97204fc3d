from dataclasses import replace

import pytest

from app.clients import apis
from app.clients.apis import Api
from app.clients.client import Registration
from app.clients.metadata import check
from app.core.errors import InvalidInputError

SERVICE = Registration(client_name="Batch", grant_types=("client_credentials",), scope=())


@pytest.fixture(autouse=True)
def _context(app):
    pass


def refused(registration):
    with pytest.raises(InvalidInputError) as caught:
        check(registration)
    return caught.value.field


def test_what_makes_sense_stays_as_it_is(web):
    assert check(web) == web
    assert check(SERVICE) == SERVICE


def test_names_are_trimmed_and_repeated_entries_merged(web):
    checked = check(
        replace(
            web, client_name="  Shop ", scope=("openid", "email", "openid"), contacts=["a", "a"]
        )
    )
    assert (checked.client_name, checked.scope, checked.contacts) == (
        "Shop", ("openid", "email"), ("a",),
    )  # fmt: skip


@pytest.mark.parametrize(
    "name", ["", "  ", "a" * 257, "a\nb", "a\x00b", "a\u202eb", "a\u200bb", "\ud800", None, 7, {}]
)
def test_a_name_can_be_seen_and_is_not_endless(web, name):
    assert refused(replace(web, client_name=name)) == "client_name"


@pytest.mark.parametrize("name", ["Café Müller", "書店", "क्\u200dष", "a" * 256])
def test_a_name_may_be_of_any_script(web, name):
    assert check(replace(web, client_name=name)).client_name == name


@pytest.mark.spec("RFC 7591", "2")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"grant_types": ()}, "grant_types"),
        ({"grant_types": ("implicit",)}, "grant_types"),
        ({"grant_types": ("password",)}, "grant_types"),
        ({"grant_types": ("refresh_token",), "redirect_uris": ()}, "grant_types"),
        (
            {"grant_types": ("client_credentials", "refresh_token"), "redirect_uris": ()},
            "grant_types",
        ),
        ({"redirect_uris": ()}, "redirect_uris"),
        ({"grant_types": ("client_credentials",)}, "redirect_uris"),
        (
            {
                "grant_types": ("client_credentials",),
                "redirect_uris": (),
                "post_logout_redirect_uris": ("https://shop.example/bye",),
            },
            "post_logout_redirect_uris",
        ),
        ({"redirect_uris": ("http://shop.example/cb",)}, "redirect_uris"),
        ({"redirect_uris": "https://shop.example/cb"}, "redirect_uris"),
        ({"redirect_uris": (7,)}, "redirect_uris"),
        (
            {"redirect_uris": tuple(f"https://shop.example/{n}" for n in range(101))},
            "redirect_uris",
        ),
        ({"post_logout_redirect_uris": ("javascript:1",)}, "post_logout_redirect_uris"),
        ({"allowed_origins": ("*",)}, "allowed_origins"),
        ({"application_type": "desktop"}, "application_type"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": None}, "token_endpoint_auth_method"),
        ({"require_pkce": "no"}, "require_pkce"),
        ({"skip_consent": 1}, "skip_consent"),
        ({"default_max_age": -1}, "default_max_age"),
        ({"default_max_age": True}, "default_max_age"),
        ({"default_max_age": 1.5}, "default_max_age"),
        ({"access_token_lifetime": 59}, "access_token_lifetime"),
        ({"access_token_lifetime": 86401}, "access_token_lifetime"),
        ({"refresh_token_reuse_leeway": 61}, "refresh_token_reuse_leeway"),
        ({"client_uri": "javascript:alert(1)"}, "client_uri"),
        ({"logo_uri": "data:image/png;base64,AA"}, "logo_uri"),
        ({"policy_uri": "shop.example/policy"}, "policy_uri"),
        ({"tos_uri": ""}, "tos_uri"),
        ({"contacts": ("a\nb",)}, "contacts"),
    ],
)
def test_a_contradiction_or_a_strange_value_is_refused_and_named(web, changes, field):
    assert refused(replace(web, **changes)) == field


@pytest.mark.parametrize(
    "changes",
    [
        {"grant_types": ("authorization_code", "refresh_token", "client_credentials")},
        {"default_max_age": 0},
        {"refresh_token_reuse_leeway": 0},
        {"access_token_lifetime": 86400},
        {"require_pkce": False},
        {"application_type": "native", "redirect_uris": ("com.example.app:/cb",)},
        {"scope": ("openid", "profile", "email", "address", "phone", "roles", "offline_access")},
        {"scope": ()},
    ],
)
def test_the_limits_themselves_are_accepted(web, changes):
    assert check(replace(web, **changes)) == replace(web, **changes)


@pytest.mark.spec("RFC 6749", "4.4")
def test_a_public_client_has_no_credentials_grant(public):
    wanted = replace(public, grant_types=("authorization_code", "client_credentials"))
    assert refused(wanted) == "grant_types"


@pytest.mark.spec("RFC 9700", "2.1.1")
def test_a_public_client_cannot_do_without_pkce(public):
    assert refused(replace(public, require_pkce=False)) == "require_pkce"


@pytest.mark.parametrize(
    "field", ["id_token_signed_response_alg", "access_token_signed_response_alg"]
)
def test_only_an_algorithm_with_a_key_can_be_chosen(web, field):
    assert check(replace(web, **{field: "ES256"}))
    for algorithm in ("none", "HS256", "PS256", "RS512", ""):
        assert refused(replace(web, **{field: algorithm})) == field


@pytest.mark.spec("RFC 6749", "3.3")
@pytest.mark.parametrize("scope", ["", "a b", 'a"b', "a\\b", "ä", "a\n", "x" * 129])
def test_a_scope_is_written_as_a_scope_token(web, scope):
    assert refused(replace(web, scope=(scope,))) == "scope"


def test_a_scope_belongs_to_openid_connect_or_to_an_api_of_the_client(web, now):
    apis.create(Api("https://api.example", "Orders", {"orders:read": ""}), now=now)
    assert refused(replace(web, scope=("openid", "orders:read"))) == "scope"
    with_api = replace(web, scope=("openid", "orders:read"), resources=("https://api.example",))
    assert check(with_api) == with_api


def test_only_a_registered_api_can_be_a_resource(web):
    assert refused(replace(web, resources=("https://nowhere.example",))) == "resources"
