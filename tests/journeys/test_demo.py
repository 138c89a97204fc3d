"""The demo as a person meets it: started by one command, clicked through in a browser, stopped by Ctrl-C."""

import ast
import importlib.util
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.browser import chromium_running, window

EXAMPLES = Path(__file__).parents[2] / "examples"
pytestmark = pytest.mark.xdist_group("demo")


class Demo:
    """A running demo and what it printed."""

    def __init__(self, process, ports):
        self.process = process
        self.ports = ports
        self.text = ""

    def read_announcement(self):
        while "Ctrl-C stops" not in self.text:
            line = self.process.stdout.readline()
            assert line, f"the demo ended: {self.text}{self.process.stderr.read()}"
            self.text += line

    def said(self, label):
        return re.search(rf"^ +{label} +(.+)$", self.text, re.MULTILINE)[1].strip()


def free_ports(count):
    with closing_all([socket.socket() for _ in range(count)]) as probes:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


@contextmanager
def closing_all(things):
    try:
        yield things
    finally:
        for thing in things:
            thing.close()


def command(ports):
    names = ("--signet-port", "--app-port", "--api-port")
    options = [word for name, port in zip(names, ports, strict=True) for word in (name, str(port))]
    return [sys.executable, EXAMPLES / "demo.py", *options]


@contextmanager
def started():
    ports = free_ports(3)
    with subprocess.Popen(
        command(ports),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        demo = Demo(process, ports)
        try:
            demo.read_announcement()
            yield demo
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)


@pytest.fixture(scope="module")
def demo():
    with started() as running:
        yield running


@pytest.fixture
def person(demo):
    """A person at a window whose every request stays with the three programs and whose console stays quiet."""
    origins = [f"http://127.0.0.1:{port}" for port in demo.ports]
    with chromium_running() as browser, window(browser, "light", origins=origins) as opened:
        yield opened


def sign_in(person, demo):
    person.go(demo.said("Sample app"))
    person.press("sign-in")
    person.sign_in(demo.said("User name"), demo.said("Password"))


def shown(person, name):
    return person.by_id(name).inner_text()


@pytest.mark.browser
@pytest.mark.server
def test_a_person_signs_in_allows_is_known_calls_the_api_refreshes_and_signs_out(person, demo):
    sign_in(person, demo)

    # Consent: who asks, for what, in words.
    assert "Field Notes" in shown(person, "main")
    assert "Read your notes" in shown(person, "main")
    person.press("consent-allow")

    # Who am I: the claims, each in its type.
    assert person.page.url == f"{demo.said('Sample app')}/"
    assert shown(person, "claim-preferred_username") == "ada"
    assert shown(person, "claim-email") == "ada@example.com"
    assert shown(person, "claim-email_verified") == "True"
    assert shown(person, "claim-birthdate") == "1815-12-10"
    assert "London" in shown(person, "claim-address")
    assert shown(person, "claim-roles") == "admin, editor"

    # The API: write, read, and what only an editor may.
    person.by_id("text").fill("A heron, at dawn.")
    person.press("note-write")
    assert shown(person, "api-status") == "201"
    person.press("note-list")
    assert "A heron, at dawn." in shown(person, "api-answer")
    person.press("note-everybody")
    assert "people" in shown(person, "api-answer")

    # Refreshed tokens work as the first ones did.
    person.press("refresh")
    assert shown(person, "refreshed") == "1"
    person.press("note-list")
    assert shown(person, "api-status") == "200"

    # Signed out here and at Signet: the password is asked for again, consent is not.
    person.press("sign-out")
    assert shown(person, "signed-out") == "You are signed out."
    sign_in(person, demo)
    assert person.page.url == f"{demo.said('Sample app')}/"
    assert shown(person, "claim-sub")


@pytest.mark.browser
@pytest.mark.server
def test_a_person_who_denies_comes_back_without_being_signed_in(person, demo):
    person.go(sign_in_that_asks_for_consent(demo))
    person.sign_in(demo.said("User name"), demo.said("Password"))
    person.press("consent-deny")
    assert shown(person, "refused") == "You said no"
    person.go(demo.said("Sample app"))
    assert person.by_id("sign-in").is_visible()


def sign_in_that_asks_for_consent(demo):
    # Another test may have allowed already, and consent is remembered.
    answer = requests.get(f"{demo.said('Sample app')}/sign-in", allow_redirects=False, timeout=10)
    return f"{answer.headers['Location']}&prompt=consent"


@pytest.mark.server
def test_ctrl_c_stops_all_three_programs_and_leaves_nothing_behind():
    with started() as demo:
        folder = Path(demo.said("Logs"))
        assert folder.is_dir()
        demo.process.send_signal(signal.SIGINT)
        demo.process.wait(30)
        said = demo.process.stdout.read()
        assert demo.process.returncode == 0
        assert "Stopped" in said
        assert not folder.exists()
        for port in demo.ports:
            with closing(socket.socket()) as probe:
                assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_taken_port_is_told_in_one_line():
    ports = free_ports(3)
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", ports[1]))
        taken.listen()
        done = subprocess.run(
            command(ports), capture_output=True, text=True, check=False, timeout=30
        )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"port {ports[1]} " in done.stderr
    assert "DEMO_APP_PORT" in done.stderr


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.py")), ids=lambda path: path.name)
def test_the_examples_know_nothing_of_the_inside(path):
    tree = ast.parse(path.read_text("utf-8"))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert "app" not in imported


ISSUER = "https://id.example"
AUDIENCE = "https://notes.example"


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def api(key, monkeypatch):
    """The sample API, which trusts ``key``."""
    monkeypatch.setenv("ISSUER", ISSUER)
    monkeypatch.setenv("AUDIENCE", AUDIENCE)
    spec = importlib.util.spec_from_file_location("notes_api", EXAMPLES / "api" / "notes_api.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    class Keys:
        def get_signing_key_from_jwt(self, token):
            jwt.get_unverified_header(token)
            return key.public_key()

    monkeypatch.setattr(module, "issuer_keys", Keys)
    return module.app.test_client()


def token(key, *, typ="at+jwt", **claims):
    now = int(time.time())
    content = {
        "iss": ISSUER, "sub": "ada", "aud": [AUDIENCE, f"{ISSUER}/userinfo"], "client_id": "app", "jti": "1",
        "iat": now, "exp": now + 60, "scope": "openid notes:read", "roles": ["reader"], **claims,
    }  # fmt: skip
    return jwt.encode(
        {name: value for name, value in content.items() if value is not None},
        key,
        algorithm="RS256",
        headers={"typ": typ},
    )


def asked(api, presented, path="/notes", method="GET"):
    return api.open(path, method=method, headers={"Authorization": f"Bearer {presented}"}, json={})


def test_the_sample_api_answers_a_token_that_is_meant_for_it(api, key):
    assert asked(api, token(key)).json == {"notes": []}


@pytest.mark.spec("RFC 6750", "3.1")
def test_the_sample_api_names_no_error_where_no_token_came(api):
    answer = api.get("/notes")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="notes"'


@pytest.mark.spec("RFC 9068", "4")
@pytest.mark.parametrize(
    "wrong",
    [
        {"typ": "JWT"},
        {"aud": "https://other.example"},
        {"aud": None},
        {"iss": "https://other.example"},
        {"exp": 1},
        {"exp": None},
        {"client_id": None},
    ],
    ids=str,
)
def test_the_sample_api_refuses_a_token_that_is_not_a_living_access_token_for_it(api, key, wrong):
    answer = asked(api, token(key, **wrong))
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_the_sample_api_refuses_what_another_key_signed(api):
    answer = asked(api, token(rsa.generate_private_key(65537, 2048)))
    assert answer.status_code == 401


def test_the_sample_api_refuses_what_is_no_token_at_all(api):
    assert asked(api, "no.token").status_code == 401


@pytest.mark.spec("RFC 6750", "3.1")
def test_the_sample_api_says_which_scope_is_missing(api, key):
    answer = asked(api, token(key), method="POST")
    assert answer.status_code == 403
    assert 'scope="notes:write"' in answer.headers["WWW-Authenticate"]


def test_the_sample_api_asks_for_the_role_beside_the_scope(api, key):
    assert asked(api, token(key), "/notes/everybody").status_code == 403
    assert asked(api, token(key, roles=["editor"]), "/notes/everybody").status_code == 200
