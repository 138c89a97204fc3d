"""The number, the address and the account of a request."""

import pytest

from app.core import metrics
from app.core.context import caller

PROXY = {"REMOTE_ADDR": "10.0.0.1"}


@pytest.fixture
def proxied(make_edge_app):
    app = make_edge_app(TRUSTED_PROXIES="10.0.0.0/8")

    @app.get("/who")
    def who():
        known = caller()
        return {"id": known.request_id, "address": known.address, "agent": known.agent}

    return app.test_client()


def test_every_answer_carries_a_number_of_its_own(client):
    numbers = {client.get("/page").headers["X-Request-Id"] for _ in range(5)}
    assert len(numbers) == 5


def test_the_layers_below_see_the_number_of_the_answer(proxied):
    answer = proxied.get("/who")
    assert answer.json["id"] == answer.headers["X-Request-Id"]


def test_a_trusted_proxy_may_name_the_request(proxied):
    headers = {"X-Request-Id": "edge-12345.abc"}
    answer = proxied.get("/who", headers=headers, environ_base=PROXY)
    assert answer.headers["X-Request-Id"] == "edge-12345.abc"


def test_a_stranger_may_not_name_the_request(proxied):
    answer = proxied.get("/who", headers={"X-Request-Id": "edge-12345.abc"})
    assert answer.headers["X-Request-Id"] != "edge-12345.abc"


@pytest.mark.parametrize("name", ["short", "x" * 65, "with space1", 'quote"quote', "ünïcödes"])
def test_a_number_that_makes_no_sense_is_replaced(proxied, name):
    answer = proxied.get("/who", headers={"X-Request-Id": name}, environ_base=PROXY)
    assert answer.headers["X-Request-Id"] != name


@pytest.mark.spec("ASVS 5.0", "4.1.3")
def test_the_address_behind_a_trusted_proxy_is_seen(proxied):
    headers = {"X-Forwarded-For": "6.6.6.6, 192.0.2.1"}
    assert proxied.get("/who", headers=headers, environ_base=PROXY).json["address"] == "192.0.2.1"
    assert proxied.get("/who", headers=headers).json["address"] == "127.0.0.1"


def test_a_long_user_agent_is_cut(proxied):
    assert len(proxied.get("/who", headers={"User-Agent": "x" * 5000}).json["agent"]) == 256


def test_the_access_log_has_one_line_without_the_query(logged, client):
    client.get("/page?code=secret-code&state=s")
    (line,) = logged.of("request")
    assert line["path"] == "/page"
    assert line["status"] == 200
    assert line["method"] == "GET"
    assert line["address"] == "127.0.0.1"
    assert "secret-code" not in str(logged.lines)


def test_probes_are_logged_for_those_who_look_closely_only(logged, client):
    client.get("/healthz")
    assert [line["level"] for line in logged.of("request")] == ["debug"]


def test_an_answered_request_is_counted_by_its_view_and_never_by_its_path(client, monkeypatch):
    counted = []
    monkeypatch.setattr(metrics, "request", lambda *a, **k: counted.append((a, k["status"])))
    client.get("/abort/418")
    client.get("/nobody/lives/here")
    assert counted == [(("endings.stop",), 418), (("none",), 404)]
