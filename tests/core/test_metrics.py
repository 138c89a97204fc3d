"""Figures, of one process and of several."""

import subprocess
import sys

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.core import metrics


def _samples(text):
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _value(name, **labels):
    return _samples(metrics.expose().decode()).get((name, tuple(sorted(labels.items()))), 0)


@pytest.mark.parametrize(("status", "group"), [(200, "2xx"), (404, "4xx"), (503, "5xx")])
def test_a_request_is_counted_by_view_method_and_kind_of_answer(status, group):
    labels = {"endpoint": "view", "method": "GET", "status": group}
    before = _value("signet_requests_total", **labels)
    metrics.request("view", method="GET", status=status, seconds=0.003)
    assert _value("signet_requests_total", **labels) == before + 1


def test_the_time_to_answer_falls_into_its_bucket():
    metrics.request("timed", method="GET", status=200, seconds=0.003)
    assert _value("signet_request_seconds_bucket", endpoint="timed", le="0.0025") == 0
    assert _value("signet_request_seconds_bucket", endpoint="timed", le="0.005") == 1


def test_a_method_that_a_stranger_invented_makes_no_series_of_its_own():
    metrics.request("view", method="X" * 50, status=405, seconds=0)
    assert "X" * 50 not in metrics.expose().decode()


def test_what_happens_in_the_product_is_counted():
    happenings = {
        ("signet_sign_ins_total", ("outcome", "refused")): lambda: metrics.sign_in("refused"),
        ("signet_tokens_issued_total", ("grant_type", "refresh_token")): lambda: (
            metrics.tokens_issued("refresh_token")
        ),
        ("signet_refresh_token_reuse_total",): metrics.refresh_token_reused,
        ("signet_database_errors_total",): metrics.database_error,
        ("signet_logout_deliveries_total", ("outcome", "delivered")): lambda: (
            metrics.logout_deliveries("delivered", 1)
        ),
        ("signet_password_hashes", ("state", "waiting")): lambda: metrics.password_hashes(
            "waiting", 1
        ),
    }
    for (name, *labels), happen in happenings.items():
        before = _value(name, **dict(labels))
        happen()
        assert _value(name, **dict(labels)) == before + 1


_PROGRAM = """
import os
from app.core import metrics
def work():
    metrics.request("view", method="GET", status=200, seconds=0.001)
    metrics.password_hashes("running", 1)
metrics.expose()
for _ in range(3):
    pid = os.fork()
    if pid == 0:
        work()
        os._exit(0)
    os.waitpid(pid, 0)
work()
print(metrics.expose().decode())
"""


def test_any_process_answers_for_all_and_the_dead_hash_nothing(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        env={metrics.FOLDER_VARIABLE: str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    samples = _samples(ended.stdout)
    counted = {"endpoint": "view", "method": "GET", "status": "2xx"}
    assert samples["signet_requests_total", tuple(sorted(counted.items()))] == 4
    assert samples["signet_password_hashes", (("state", "running"),)] == 1
