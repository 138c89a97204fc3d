"""No secret is left behind: not in a log at any level, not in figures, not in the bytes of the database."""

import base64
import hashlib
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.hostile.canaries import left_in, spellings
from tests.support import cast, databases, flows
from tests.support.cast import Application, Person
from tests.support.databases import POSTGRESQL, SQLITE
from tests.support.plain_browser import PlainBrowser
from tests.support.relying_party import listening
from tests.support.server import Server

pytestmark = [pytest.mark.server, pytest.mark.timeout(180), pytest.mark.xdist_group("canaries")]
_METRICS = "canary-figures-" + secrets.token_hex(12)


@dataclass
class Planted:
    """A server that has seen ``values``, by what they are."""

    server: Server
    values: dict[str, str | bytes] = field(default_factory=dict)

    def canary(self, name: str) -> str:
        """Return a new value that stands for a secret, with characters that get escaped."""
        made = f'canary {secrets.token_hex(6)}/+&"é {name}'
        self.values[name] = made
        return made

    def plain_canary(self, name: str) -> str:
        """Return a new value of letters alone, for where nothing else is let through."""
        made = self.values[name] = f"canary{secrets.token_hex(12)}"
        return made


@pytest.fixture(
    scope="module", params=[SQLITE, pytest.param(POSTGRESQL, marks=pytest.mark.postgresql)]
)
def planted(request, tmp_path_factory) -> Iterator[Planted]:
    settings = {
        "SIGNET_LOG_LEVEL": "debug",
        "SIGNET_METRICS_TOKEN": _METRICS,
        "SIGNET_SIGNING_ALGORITHMS": "RS256",
    }
    with databases.fresh(request.param) as database:
        server = Server(tmp_path_factory.mktemp("canaries"), database, settings=settings)
        try:
            server.start()
            yield _plant(server)
        finally:
            server.kill_if_running()


def _plant(server: Server) -> Planted:
    found = Planted(server, {"metrics token": _METRICS})
    with listening() as party:
        application = cast.new_application(server, party.redirect_uri)
        posting = cast.new_application(
            server, party.redirect_uri, authentication="client_secret_post"
        )
        person = cast.person(server)
        found.values |= {"password": person.password}
        found.values |= {
            f"client secret {each.client_id}": each.client_secret or ""
            for each in (application, posting)
        }
        _set_up(found)
        _right(found, application, person)
        _right(found, posting, person)
        _wrong(found, application, person)
        _root_key(found)
    return found


def _set_up(planted: Planted) -> None:
    link = planted.server.set_up_link
    planted.values["set-up token"] = parse_qs(urlsplit(link).query)["token"][0]
    browser = PlainBrowser(planted.server.issuer)
    page = browser.open(link)
    password = planted.canary("set-up password")
    page = browser.submit(
        page, "set-up-submit" if page.has("set-up-submit") else next(iter(page.forms[-1].buttons)),
        username="root", email="root@example.com", name="Root", password=password, password_again=password,
    )  # fmt: skip
    assert "/console" in page.url, planted.server.log[-6000:]
    _keep_cookies(planted, browser, "administrator")
    browser.close()


def _keep_cookies(planted: Planted, browser: PlainBrowser, whose: str) -> None:
    # The form cookie is signed and not encrypted, and opens nothing by itself.
    for cookie in browser.http.cookies:
        if cookie.name != "signet-form":
            planted.values[f"{cookie.name} of {whose}"] = cookie.value or ""


def _right(planted: Planted, application: Application, person: Person) -> None:
    server, name = planted.server, application.client_id
    browser = PlainBrowser(server.issuer)
    request = flows.asked(
        server, application, scope="openid profile email offline_access", prompt="consent"
    )
    answer = flows.go_through(browser, request.url, person).answer
    tokens = flows.token(
        server, application, flows.redemption(application, request, answer["code"])
    ).json()
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    renewed = flows.token(server, application, form).json()
    flows.userinfo(server, renewed["access_token"])
    for token in (tokens["access_token"], renewed["refresh_token"]):
        flows.post(server, "/introspect", application, {"token": token})
    flows.token(server, application, flows.redemption(application, request, answer["code"]))
    flows.post(server, "/revoke", application, {"token": renewed["refresh_token"]})
    _keep_cookies(planted, browser, name)
    _change_password(planted, browser, person)
    browser.open(f"/end_session?id_token_hint={tokens['id_token']}")
    browser.close()
    planted.values |= {f"code {name}": answer["code"], f"verifier {name}": request.verifier}
    planted.values |= {
        f"first {kind} {name}": tokens[kind]
        for kind in ("access_token", "refresh_token", "id_token")
    }
    planted.values |= {
        f"next {kind} {name}": renewed[kind]
        for kind in ("access_token", "refresh_token", "id_token")
    }


def _change_password(planted: Planted, browser: PlainBrowser, person: Person) -> None:
    page = browser.open("/account/password")
    button = next(
        each for form in page.forms for each in form.buttons if "/account/password" in form.action
    )
    mistyped = planted.canary(f"mistyped password {len(planted.values)}")
    short = planted.plain_canary(f"refused password {len(planted.values)}")[:9]
    values = {"new_password": short, "new_password_again": short}
    browser.submit(page, button, current_password=mistyped, **values)
    page = browser.open("/account/password")
    browser.submit(page, button, current_password=person.password, **values)
    _keep_cookies(planted, browser, f"changed {len(planted.values)}")


def _wrong(planted: Planted, application: Application, person: Person) -> None:
    server = planted.server
    url, client_id = server.url, application.client_id
    browser = PlainBrowser(server.issuer)
    for username in (person.username, planted.canary("password typed as user name"), "nobody"):
        page = browser.open("/login")
        password = planted.canary(f"wrong password {username[-4:]}")
        browser.submit(page, "login-submit", username=username, password=password)
    browser.open(f"/set-up?token={planted.plain_canary('wrong set-up token')}")
    names = (
        "code", "refresh_token", "code_verifier", "client_secret", "client_assertion", "token", "password", "assertion",
        "id_token_hint", "access_token", "request", "subject_token", "device_code",
    )  # fmt: skip
    form = {name: planted.plain_canary(f"form {name}") for name in names}
    for grant_type in (
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "password",
        planted.plain_canary("grant type"),
    ):
        for path in (
            "/token",
            "/introspect",
            "/revoke",
            "/userinfo",
            "/authorize",
            "/end_session",
            "/nothing",
        ):
            values = {**form, "grant_type": grant_type, "client_id": client_id}
            requests.post(url(path), data=values, timeout=10, allow_redirects=False)
            requests.get(url(path), params=values, timeout=10, allow_redirects=False)
    for scheme in ("Bearer", "Basic", "DPoP", "Token", ""):
        for path in ("/token", "/introspect", "/userinfo", "/metrics", "/console"):
            headers = {
                "Authorization": f"{scheme} {planted.plain_canary(f'{scheme} at {path}')}".strip()
            }
            requests.get(url(path), headers=headers, timeout=10, allow_redirects=False)
            requests.post(
                url(path), headers=headers, data={"token": "x", "grant_type": "x"}, timeout=10
            )
    wrong = planted.canary("wrong secret by Basic")
    requests.post(
        url("/token"),
        auth=(client_id, wrong.encode().hex()),
        data={"grant_type": "client_credentials"},
        timeout=10,
    )
    swapped = application.client_secret or ""
    requests.post(
        url("/token"),
        auth=(swapped, client_id),
        data={"grant_type": "client_credentials"},
        timeout=10,
    )
    for cookie in ("signet-session", "signet-device", "__Host-signet-session"):
        headers = {
            "Cookie": f"{cookie}=sgs_{planted.plain_canary(cookie)}; other={planted.plain_canary(f'beside {cookie}')}"
        }
        for path in ("/account", "/console", "/authorize", "/login", "/nothing"):
            requests.get(url(path), headers=headers, timeout=10, allow_redirects=False)
    headers = {
        "X-Api-Key": planted.plain_canary("key"),
        "Proxy-Authorization": f"Basic {planted.plain_canary('proxy')}",
    }
    requests.get(url("/account"), headers=headers, timeout=10, allow_redirects=False)
    browser.close()


def _root_key(planted: Planted) -> None:
    [file] = planted.server.folder.glob("keys/*.key")
    text = file.read_text("utf-8").split()
    planted.values |= {
        f"root key file, word {number}": word for number, word in enumerate(text) if len(word) > 40
    }
    assert any(name.startswith("root key") for name in planted.values), text


def _figures(server: Server) -> bytes:
    headers = {"Authorization": f"Bearer {_METRICS}"}
    answer = requests.get(server.url("/metrics"), headers=headers, timeout=10)
    assert answer.status_code == 200
    return answer.content


def _database(server: Server) -> bytes:
    if server.database.engine == SQLITE:
        files = sorted(server.folder.glob("*.sqlite3*"))
        assert files
        return b"".join(file.read_bytes() for file in files)
    url = server.database.settings["SIGNET_DATABASE_URL"].replace(
        "postgresql+psycopg:", "postgresql:", 1
    )
    return subprocess.run(
        ["pg_dump", "--inserts", url], check=True, capture_output=True, timeout=60
    ).stdout


def test_no_secret_is_in_the_log_of_a_server_that_says_all_it_can(planted):
    log = planted.server.log
    assert '"level":"debug"' in log
    assert not left_in(log.encode(), planted.values)


def test_no_secret_but_the_set_up_link_is_told_to_the_terminal(planted):
    told = left_in(planted.server.output.encode(), planted.values)
    assert told == ["set-up token"]


def test_no_secret_is_in_the_bytes_of_the_database(planted):
    stored = _database(planted.server)
    assert b"canary" not in stored.lower().replace(b"canaries", b"")
    assert not left_in(stored, planted.values)


def test_no_secret_is_among_the_figures(planted):
    assert not left_in(_figures(planted.server), planted.values)


def test_of_a_client_secret_the_database_holds_the_digest_alone(planted):
    stored = _database(planted.server)
    kept = [value for name, value in planted.values.items() if name.startswith("client secret")]
    assert kept
    for secret in kept:
        digest = hashlib.sha256(secret.encode())
        assert digest.hexdigest().encode() in stored or digest.digest() in stored


@pytest.mark.parametrize(
    "around", ["%s", "x%s", "xy%s!", "xyz%szz"], ids=["alone", "after 1", "after 2", "after 3"]
)
def test_a_secret_is_recognised_in_every_spelling(around):
    secret = 'canary secret/+"é'
    text = around % secret
    assert left_in(base64.b64encode(text.encode()), {"it": secret})
    assert left_in(base64.urlsafe_b64encode(text.encode()), {"it": secret})
    assert left_in(text.encode().hex().encode(), {"it": secret})
    assert not left_in(b"another secret altogether", {"it": secret})
    assert all(len(each) >= 10 for each in spellings("short"))
