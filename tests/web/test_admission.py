"""How many requests one process works on at once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.core.db import db
from app.core.errors import UnavailableError
from app.web import admission
from tests.support.provider import PASSWORD, create, dispose

HANG = 20


@pytest.mark.spec("ASVS 5.0", "15.2.2")
def test_a_request_is_refused_when_every_place_is_taken_and_none_becomes_free():
    places = admission.Places(2)
    places.enter()
    places.enter()
    with pytest.raises(UnavailableError) as refused:
        places.enter()
    assert refused.value.retry_after > 0


def test_after_a_standstill_nobody_waits_for_it_once_more():
    places = admission.Places(1)
    places.enter()
    with pytest.raises(UnavailableError):
        places.enter()
    began = time.monotonic()
    for _ in range(50):
        with pytest.raises(UnavailableError):
            places.enter()
    # Each wait anew would make it fifty seconds.
    assert time.monotonic() - began < HANG


def test_in_a_rush_everybody_is_let_in_though_all_places_are_taken():
    places = admission.Places(2)

    def visit(_number):
        places.enter()
        time.sleep(0.05)
        places.leave()

    with ThreadPoolExecutor(60) as pool:
        list(pool.map(visit, range(60)))


def test_a_rush_after_a_quiet_time_is_no_standstill():
    places = admission.Places(1)
    time.sleep(1.1)
    places.enter()
    with ThreadPoolExecutor(1) as pool:
        next_one = pool.submit(places.enter)
        time.sleep(0.2)
        places.leave()
        next_one.result(HANG)


def test_a_place_that_becomes_free_ends_the_standstill():
    places = admission.Places(1)
    places.enter()
    with pytest.raises(UnavailableError):
        places.enter()
    places.leave()
    places.enter()


@pytest.fixture
def crowded(tmp_path):
    """Yield a provider whose only place is taken, by a request that hangs until the test is over."""
    provider = create(tmp_path, MAX_CONCURRENT_REQUESTS="1")
    inside, over = threading.Event(), threading.Event()

    def hang():
        inside.set()
        over.wait(HANG)
        return "done"

    provider.app.add_url_rule("/hangs", "hangs", hang)
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(provider.app.test_client().get, "/hangs")
        assert inside.wait(HANG)
        yield provider
        over.set()
        assert hanging.result(HANG).status_code == 200
    assert provider.app.test_client().get("/login").status_code != 503
    dispose(provider)


@pytest.mark.parametrize(
    ("path", "form"), [("/token", "application/json"), ("/login", "text/html; charset=utf-8")]
)
def test_whoever_cannot_be_served_is_told_when_to_come_again(crowded, path, form):
    answer = crowded.app.test_client().post(path)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.content_type == form


@pytest.mark.parametrize(
    "path", ["/.well-known/jwks.json", "/.well-known/openid-configuration", "/healthz"]
)
def test_keys_metadata_and_the_sign_of_life_need_no_place(crowded, path):
    assert crowded.app.test_client().get(path).status_code == 200


@pytest.fixture
def given_way(monkeypatch):
    """Who let others go first, once for each time: the thread."""
    seen = []
    monkeypatch.setattr("app.core.turns._give_way", lambda: seen.append(threading.get_ident()))
    return seen


@pytest.fixture
def roomy(tmp_path):
    provider = create(tmp_path)
    provider.user()
    provider.client(grant_types=("authorization_code", "client_credentials"))
    yield provider
    dispose(provider)


@pytest.mark.parametrize("password", [PASSWORD, "a guess of mine"])
def test_a_form_with_a_password_lets_others_go_first_between_its_steps(roomy, given_way, password):
    browser = roomy.browser()
    page = browser.authorize()
    given_way.clear()
    browser.sign_in(page, password=password)
    assert given_way.count(threading.get_ident()) >= 6


def test_a_writer_makes_haste_though_it_renders_a_page(roomy, monkeypatch):
    roomy.client("asks", skip_consent=False)
    browser = roomy.browser()
    page = browser.authorize(client_id="asks")
    writing = []

    def look():
        writing.append(db.session.connection().connection.dbapi_connection.in_transaction)

    monkeypatch.setattr("app.core.turns._give_way", look)
    consent = browser.sign_in(page)
    assert consent.status_code == 200
    assert writing
    assert not any(writing)


def test_a_page_lets_others_go_first_before_and_after_it_is_rendered(roomy, monkeypatch):
    order = []
    monkeypatch.setattr("app.core.turns._give_way", lambda: order.append("gives way"))
    monkeypatch.setattr(
        "jinja2.Template.render", lambda *_, **__: order.append("renders") or "a page"
    )
    roomy.app.test_client().get("/login?confirm=1&next=/account")
    place = order.index("renders")
    assert "gives way" in order[:place]
    assert order[place + 1] == order[place - 1] == "gives way"


def test_a_machine_that_has_little_to_compute_lets_nobody_go_first(roomy, given_way):
    answer = roomy.token(grant_type="client_credentials")
    assert answer.status_code == 200, answer.text
    assert threading.get_ident() not in given_way
