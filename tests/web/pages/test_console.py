from datetime import timedelta

import pytest

from app.audit import events
from app.clients import apis, registry
from app.core import clock
from app.core import secrets as core_secrets
from app.identity import sessions, users
from app.identity.users import ADMIN
from app.jose import signing_keys
from tests.web.pages.visitor import PASSWORD, read

PAGES = [
    "/console",
    "/console/users",
    "/console/users/new",
    "/console/clients",
    "/console/clients/new",
    "/console/apis",
    "/console/apis/new",
    "/console/sessions",
    "/console/keys",
    "/console/audit",
]
CLIENT = {
    "client_name": "Ledger",
    "application_type": "web",
    "token_endpoint_auth_method": "client_secret_basic",
    "grant_types": ["authorization_code", "refresh_token"],
    "redirect_uris": "https://ledger.example/a\r\n\r\n https://ledger.example/b \r\n",
    "post_logout_redirect_uris": "",
    "scope": "openid  profile",
    "allowed_origins": "",
    "require_pkce": "y",
    "id_token_signed_response_alg": "RS256",
    "access_token_signed_response_alg": "RS256",
    "client_uri": "",
    "logo_uri": "",
    "policy_uri": "https://ledger.example/privacy",
    "tos_uri": "",
    "contacts": "ops@ledger.example",
}


@pytest.fixture
def console(browser, admin):
    """A browser in which an administrator has signed in."""
    browser.sign_in("root")
    return browser


def text(response):
    return response.get_data(as_text=True)


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_is_sent_to_sign_in(browser, path):
    assert browser.get(path).location == f"/login?next={path}"


@pytest.mark.spec("ASVS 5.0", "8.2.1")
@pytest.mark.parametrize("path", PAGES)
def test_only_administrators_see_the_console(browser, ada, path):
    browser.sign_in("ada")
    response = browser.get(path)
    assert response.status_code == 403
    assert "error-reference" in read(response).elements


@pytest.mark.parametrize("path", PAGES)
def test_an_administrator_sees_every_page(console, path):
    response = console.get(path)
    assert response.status_code == 200, text(response)
    assert "aria-current" in text(response)


def buttons(app):
    """Every address of the console that takes a form."""
    return [
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/console") and "POST" in rule.methods
    ]


@pytest.mark.spec("ASVS 5.0", "3.5.1")
def test_no_form_of_the_console_is_taken_without_our_token(app, console):
    rules = buttons(app)
    assert len(rules) > 15
    for rule in rules:
        path = rule.replace("<", "").replace(">", "")
        assert console.post(path, {"username": "x"}).status_code == 400, path


def test_no_form_of_the_console_is_taken_from_anybody_else(app, browser, ada):
    browser.sign_in("ada")
    token = browser.token("/account/password")
    for rule in buttons(app):
        path = rule.replace("<", "").replace(">", "")
        assert browser.post(path, {"csrf_token": token}).status_code == 403, path


@pytest.mark.spec("ASVS 5.0", "7.5.3")
def test_changes_want_a_fresh_proof_and_looking_does_not(console, admin, later):
    later(timedelta(minutes=31))
    assert console.get("/console/users").status_code == 200
    response = console.get("/console/users/new")
    assert response.location == "/login?next=/console/users/new&confirm=1"
    assert "readonly" in read(console.get(response.location)).elements["username"]
    assert console.sign_in("root", path=response.location).location == "/console/users/new"
    assert console.get("/console/users/new").status_code == 200


def test_a_button_pressed_too_late_leads_back_to_its_page(change, console, ada, later):
    token = console.token(f"/console/users/{ada.id}")
    later(timedelta(minutes=31))
    response = console.post(f"/console/users/{ada.id}/disable", {"csrf_token": token})
    assert response.location == f"/login?next=/console/users/{ada.id}&confirm=1"


def test_the_overview_counts_and_warns(console, ada, notes):
    page = text(console.get("/console"))
    assert "http://127.0.0.1:8000/.well-known/openid-configuration" in page
    assert "plain http" in page
    assert "sign_in" in page


# People


def test_a_person_is_added_without_a_password(app, console):
    fields = {"username": "mary", "email": "mary@example.com", "name": "Mary", "roles": "a  b"}
    response = console.send("/console/users/new", fields)
    assert response.status_code == 303
    assert "mary@example.com" in text(console.get(response.location))
    with app.app_context():
        mary = users.find("mary")
        (event,) = events.tail(kind="user.created", user_id=mary.id)
    assert mary.roles == ("a", "b")
    assert event.actor is not None
    assert console.sign_in("mary", path="/login?switch=1").status_code == 400


@pytest.mark.parametrize(
    ("fields", "blamed"),
    [
        ({"username": ""}, "username"),
        ({"username": "x", "email": "nowhere"}, "email"),
        ({"username": "x", "roles": "a\tb \x07"}, "roles"),
    ],
)
def test_what_is_wrong_with_a_new_person_is_pointed_out(console, fields, blamed):
    response = console.send("/console/users/new", fields)
    assert response.status_code == 400
    assert read(response).elements[blamed]["aria-invalid"] == "true"


def test_a_taken_name_is_told(console, ada):
    response = console.send("/console/users/new", {"username": "ADA"})
    assert response.status_code == 400
    assert "taken" in text(response)


def test_people_are_found_by_part_of_their_name(console, ada, grace):
    page = text(console.get("/console/users?search=lovel"))
    assert f"/console/users/{ada.id}" in page
    assert grace.id not in page


def test_people_come_in_pages(console, ada, grace, monkeypatch):
    monkeypatch.setattr("app.web.console.pages.PAGE_SIZE", 2)
    first = text(console.get("/console/users"))
    assert ada.id in first
    assert grace.id in first
    assert f"after={grace.id}" in first
    second = text(console.get(f"/console/users?after={grace.id}"))
    assert ada.id not in second
    assert 'rel="next"' not in second


def test_email_name_and_roles_are_changed(app, console, ada):
    path = f"/console/users/{ada.id}/edit"
    shown = read(console.get(path)).elements
    assert shown["email"]["value"] == "ada@example.com"
    fields = {"email": "countess@example.com", "email_verified": "y", "name": "", "roles": "editor"}
    assert console.send(path, fields).status_code == 303
    with app.app_context():
        now = users.get(ada.id)
    assert (now.email, now.email_verified, now.name, now.roles) == (
        "countess@example.com", True, None, ("editor",),
    )  # fmt: skip


def test_disabling_signs_the_person_out_and_enabling_lets_them_in(
    change, console, make_browser, ada
):
    theirs = make_browser()
    theirs.sign_in("ada")
    record = f"/console/users/{ada.id}"
    assert console.send(f"{record}/disable", page=record).location == record
    assert theirs.get("/account").status_code == 303
    assert theirs.sign_in("ada").status_code == 400
    console.send(f"{record}/enable", page=record)
    assert theirs.sign_in("ada").status_code == 303


def test_signing_somebody_out_everywhere_ends_every_session(app, console, make_browser, ada):
    make_browser().sign_in("ada")
    record = f"/console/users/{ada.id}"
    console.send(f"{record}/revoke", page=record)
    with app.app_context():
        assert sessions.of_user(ada.id, now=clock.now()) == []


def test_nobody_takes_the_console_away_from_themselves(app, console, admin):
    record = f"/console/users/{admin.id}"
    assert console.send(f"{record}/disable", page=record).status_code == 409
    response = console.send(f"{record}/edit", {"roles": "editor"})
    assert response.status_code == 400
    with app.app_context():
        me = users.get(admin.id)
    assert me.roles == (ADMIN,)
    assert not me.disabled


@pytest.mark.parametrize("path", ["/console/users/{}", "/console/users/{}/edit"])
@pytest.mark.parametrize("user_id", ["nobody", "%00", "a%0Ab"])
def test_an_unknown_person_is_not_there(console, path, user_id):
    assert console.get(path.format(user_id)).status_code == 404


# Applications


def registered(app):
    with app.app_context():
        return [each for each in registry.page(after=None, limit=9) if each.client_name == "Ledger"]


def test_an_application_is_registered_and_its_secret_shown_once(app, console):
    response = console.send("/console/clients/new", CLIENT)
    assert response.status_code == 200, text(response)
    (client,) = registered(app)
    assert client.redirect_uris == ("https://ledger.example/a", "https://ledger.example/b")
    assert client.scope == ("openid", "profile")
    assert client.contacts == ("ops@ledger.example",)
    assert client.policy_uri == "https://ledger.example/privacy"
    assert client.tos_uri is None
    assert client.require_pkce
    assert not client.skip_consent
    assert "sgk_" in text(response)
    assert response.headers["Cache-Control"] == "no-store"
    assert "sgk_" not in text(console.get(f"/console/clients/{client.client_id}"))


@pytest.mark.parametrize(
    ("fields", "blamed"),
    [
        ({"client_name": ""}, "client_name"),
        ({"redirect_uris": "javascript:alert(1)"}, "redirect_uris"),
        ({"redirect_uris": ""}, "redirect_uris"),
        ({"scope": "openid launch:rocket"}, "scope"),
        ({"policy_uri": "javascript:alert(1)"}, "policy_uri"),
        ({"token_endpoint_auth_method": "none", "require_pkce": ""}, "require_pkce"),
    ],
)
def test_what_is_wrong_with_an_application_is_pointed_out(app, console, fields, blamed):
    fields = {name: value for name, value in {**CLIENT, **fields}.items() if value != ""}
    response = console.send("/console/clients/new", fields)
    assert response.status_code == 400
    assert read(response).elements[blamed]["aria-invalid"] == "true"
    assert registered(app) == []


def test_editing_changes_what_is_written_and_keeps_the_rest(app, change, console, notes):
    path = f"/console/clients/{notes.client_id}/edit"
    page = console.get(path)
    assert "notes:read" in read(page).elements["scope"]["value"]
    assert "https://notes.example/callback</textarea>" in text(page)
    fields = {
        **CLIENT,
        "client_name": "Acme Notes 2",
        "token_endpoint_auth_method": "none",
        "redirect_uris": "https://notes.example/callback",
        "scope": "openid",
    }
    assert console.send(path, fields).status_code == 303
    with app.app_context():
        client = registry.fresh(notes.client_id)
    assert (client.client_name, client.scope) == ("Acme Notes 2", ("openid",))
    assert client.resources == ()
    assert client.access_token_lifetime == notes.access_token_lifetime


def test_a_new_secret_is_shown_once(app, console):
    console.send("/console/clients/new", CLIENT)
    (client,) = registered(app)
    record = f"/console/clients/{client.client_id}"
    for action, alive in (("rotate-secret", 2), ("replace-secret", 1)):
        response = console.send(f"{record}/{action}", page=record)
        assert "sgk_" in text(response)
        with app.app_context():
            now = clock.now()
            ends = [end for _, end in registry.fresh(client.client_id).secret_digests]
        assert sum(end is None or end > now for end in ends) == alive


def test_disabling_revoking_and_deleting_an_application(app, console, notes):
    record = f"/console/clients/{notes.client_id}"
    console.send(f"{record}/disable", page=record)
    with app.app_context():
        assert registry.fresh(notes.client_id).is_disabled
    console.send(f"{record}/enable", page=record)
    console.send(f"{record}/revoke", page=record)
    with app.app_context():
        client = registry.fresh(notes.client_id)
        assert not client.is_disabled
        assert client.revoked_before is not None
    assert console.send(f"{record}/delete", page=record).location == "/console/clients"
    assert console.get(record).status_code == 404


FURTHER = {
    "jwks_uri": "https://ledger.example/jwks",
    "subject_type": "pairwise",
    "backchannel_logout_uri": "https://ledger.example/bye",
    "require_pushed_authorization_requests": "y",
    "claim_mappings": "department = claim:department in id_token userinfo\r\n",
}


def test_keys_requests_sign_out_and_claims_of_an_application_are_written(app, console):
    response = console.send("/console/clients/new", CLIENT | FURTHER)
    assert response.status_code == 200, text(response)
    (client,) = registered(app)
    assert client.jwks_uri == FURTHER["jwks_uri"]
    assert client.subject_type == "pairwise"
    assert client.require_pushed_authorization_requests
    assert client.claim_mappings[0]["source"] == "claim:department"
    shown = text(console.get(f"/console/clients/{client.client_id}"))
    for part in (FURTHER["jwks_uri"], FURTHER["backchannel_logout_uri"], "claim:department in"):
        assert part in shown
    form = text(console.get(f"/console/clients/{client.client_id}/edit"))
    assert "department = claim:department in id_token userinfo</textarea>" in form


@pytest.mark.parametrize(
    ("field", "written"),
    [("jwks", "{"), ("jwks", "[]"), ("jwks", '{"keys": 1}'), ("claim_mappings", "department")],
)
def test_keys_and_mappings_that_mean_nothing_are_pointed_out(app, console, field, written):
    response = console.send("/console/clients/new", {**CLIENT, field: written})
    assert response.status_code == 400
    assert read(response).elements[field]["aria-invalid"] == "true"
    assert '<details id="further" open>' in text(response)
    assert registered(app) == []


def test_an_application_with_a_key_of_its_own_is_offered_no_new_secret(app, console):
    fields = {**CLIENT, **FURTHER, "token_endpoint_auth_method": "private_key_jwt"}
    assert "sgk_" not in text(console.send("/console/clients/new", fields))
    (client,) = registered(app)
    assert "rotate-secret" not in text(console.get(f"/console/clients/{client.client_id}"))


# APIs, sessions, keys, audit


def test_an_api_is_registered_described_and_removed(app, console):
    fields = {
        "identifier": "https://api.ledger.example",
        "name": "Ledger API",
        "scopes": "ledger:read Read the ledger\nledger:write",
    }
    record = console.send("/console/apis/new", fields).location
    assert "ledger:read: Read the ledger" in text(console.get(record))
    shown = text(console.get(f"{record}/edit"))
    assert "ledger:read Read the ledger" in shown
    console.send(f"{record}/edit", {"name": "Books", "scopes": "ledger:read Look"})
    with app.app_context():
        found = apis.fresh("https://api.ledger.example")
    assert (found.name, dict(found.scopes)) == ("Books", {"ledger:read": "Look"})
    assert console.send(f"{record}/delete", page=record).location == "/console/apis"
    assert console.get(record).status_code == 404


def test_how_tokens_for_an_api_look_is_chosen_and_shown(app, console):
    fields = {
        "identifier": "urn:example:ledger",
        "name": "Ledger API",
        "access_token_signed_response_alg": "RS256",
        "claim_mappings": "department = claim:department\r\nteam=claim:team",
        "documentation_uri": "https://ledger.example/docs",
    }
    record = console.send("/console/apis/new", fields).location
    with app.app_context():
        found = apis.fresh("urn:example:ledger")
    assert found.access_token_signed_response_alg == "RS256"
    assert [each["source"] for each in found.claim_mappings] == ["claim:department", "claim:team"]
    assert found.publishes_metadata is False
    shown = text(console.get(f"{record}/edit"))
    assert "team = claim:team" in shown
    changed = {"name": "Ledger API", "publishes_metadata": "y", "claim_mappings": "a = roles"}
    console.send(f"{record}/edit", {**changed, "access_token_signed_response_alg": ""})
    with app.app_context():
        found = apis.fresh("urn:example:ledger")
    assert found.access_token_signed_response_alg is None
    assert found.documentation_uri is None
    assert found.publishes_metadata is True
    wrong = console.send(f"{record}/edit", {"name": "L", "claim_mappings": "sub = roles"})
    assert wrong.status_code == 400
    assert read(wrong).elements["claim_mappings"]["aria-invalid"] == "true"


def test_an_api_in_use_stays(app, console, notes):
    ref = core_secrets.encode(notes.resources[0].encode())
    record = f"/console/apis/{ref}"
    assert console.send(f"{record}/delete", page=record).status_code == 409
    with app.app_context():
        assert apis.fresh(notes.resources[0])


@pytest.mark.parametrize("identifier", ["api.example", "https://api.example#x"])
def test_what_is_wrong_with_an_api_is_pointed_out(console, identifier):
    fields = {"identifier": identifier, "name": "Odd"}
    response = console.send("/console/apis/new", fields)
    assert response.status_code == 400
    assert read(response).elements["identifier"]["aria-invalid"] == "true"


@pytest.mark.parametrize("ref", ["x", "_w", "%00"])
def test_an_address_of_no_api_is_not_there(console, ref):
    assert console.get(f"/console/apis/{ref}").status_code == 404


def test_a_session_is_found_and_ended(app, console, make_browser, ada):
    theirs = make_browser()
    theirs.sign_in("ada")
    with app.app_context():
        (session,) = sessions.of_user(ada.id, now=clock.now())
    record = f"/console/sessions/{session.id}"
    assert record in text(console.get("/console/sessions"))
    console.send(f"{record}/end", page=record)
    assert theirs.get("/account").status_code == 303
    assert record not in text(console.get("/console/sessions"))


def test_rotating_announces_a_key_and_replacing_takes_over(app, console):
    def states():
        with app.app_context():
            return [each.state for each in signing_keys.records(now=clock.now())]

    console.send("/console/keys/rotate", page="/console/keys")
    assert sorted(states()) == ["active", "announced"]
    console.send("/console/keys/replace", page="/console/keys")
    assert states().count("active") == 1
    assert "announced" not in states()


def test_the_audit_record_is_searched_by_kind_person_and_application(console, ada, notes):
    console.http.get("/login")
    for search, expected, missing in (
        ("client.created", notes.client_id, "user.created"),
        ("ada@example.com", "user.created", "client.created"),
        (ada.id, "user.created", "client.created"),
        (notes.client_id, "client.created", "user.created"),
    ):
        page = text(console.get(f"/console/audit?search={search}"))
        assert expected in page, search
        assert missing not in page, search


def test_the_audit_record_comes_in_pages(console, ada, grace, monkeypatch):
    monkeypatch.setattr("app.web.console.pages.PAGE_SIZE", 2)
    first = console.get("/console/audit")
    assert 'rel="next"' in text(first)
    assert console.get("/console/audit?before=1").status_code == 200
    assert console.get("/console/audit?before=99999999999999999999999").status_code == 200
    assert console.get("/console/audit?before=x&search=%00").status_code == 200


def test_names_that_look_like_html_stay_text(console):
    odd = "<script>alert(1)</script>"
    response = console.send("/console/users/new", {"username": "odd", "name": odd})
    assert odd not in text(console.get(response.location))
    assert odd not in text(console.get("/console/users"))
    assert PASSWORD not in text(console.get("/console/audit"))
