"""signet serve: real servers, started, raced, stopped under load and killed."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Thread

import pytest

from app.cli import listener, serve
from app.cli.listener import AddressInUseError

pytestmark = [pytest.mark.server, pytest.mark.timeout(60)]
_SIGNET = (sys.executable, "-c", "import sys; from app.cli.main import main; sys.exit(main())")
_ROOT = Path(__file__).parents[2]


def _environment(**settings):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SIGNET_")}
    return {**clean, "PYTHONPATH": str(_ROOT), "SIGNET_PURGE_INTERVAL": "5s", **settings}


def _start(folder, *arguments, **settings):
    return subprocess.Popen(
        [*_SIGNET, "serve", "--json", *arguments],
        cwd=folder, env=_environment(**settings), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@contextmanager
def _serving(folder, *arguments, **settings):
    process = _start(folder, "--port", "0", *arguments, **settings)
    try:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        yield process, json.loads(line)
    finally:
        process.terminate()
        process.communicate(timeout=40)


def _port(said):
    return int(said["issuer"].rpartition(":")[2])


def _get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.status, answer.read()


def test_an_empty_directory_becomes_a_running_server(tmp_path):
    with _serving(tmp_path) as (process, said):
        status, body = _get(said["discovery"])
        assert status == 200
        assert json.loads(body)["issuer"] == said["issuer"]
        assert said["issuer"].startswith("http://127.0.0.1:")
        assert said["set_up"].startswith(f"{said['issuer']}/set-up?token=")
        assert _get(said["set_up"])[0] == 200
        process.terminate()
        assert process.wait(timeout=20) == 0
    assert len(list((tmp_path / "keys").glob("root-*.key"))) == 1
    with _serving(tmp_path) as (_, said):
        assert _get(f"{said['issuer']}/readyz")[0] == 200
    assert len(list((tmp_path / "keys").glob("root-*.key"))) == 1


def test_there_is_no_set_up_link_once_there_is_an_administrator(tmp_path):
    subprocess.run(
        [*_SIGNET, "users", "create", "ada", "--email", "a@example.org", "--role", "admin"],
        cwd=tmp_path, env=_environment(), check=True, capture_output=True,
    )  # fmt: skip
    with _serving(tmp_path) as (_, said):
        assert said["set_up"] is None


def test_two_first_starts_at_once_make_one_key_and_one_database(tmp_path):
    racing = [_start(tmp_path, "--port", "0", "--workers", "1") for _ in range(3)]
    try:
        said = [json.loads(process.stdout.readline() or "null") for process in racing]
        assert all(said)
        sets = {_get(f"{each['issuer']}/.well-known/jwks.json")[1] for each in said}
        assert len(sets) == 1
    finally:
        for process in racing:
            process.terminate()
        for process in racing:
            process.communicate(timeout=40)
    assert len(list((tmp_path / "keys").glob("root-*.key"))) == 1
    connection = sqlite3.connect(tmp_path / "signet.sqlite3")
    assert connection.execute("SELECT count(*) FROM signing_keys").fetchone() == (1,)
    connection.close()


def test_a_port_in_use_is_one_clear_line(tmp_path):
    with _serving(tmp_path, "--workers", "1") as (_, said):
        second = _start(tmp_path, "--port", str(_port(said)))
        out, err = second.communicate(timeout=30)
    assert second.returncode == 1
    assert out == ""
    assert json.loads(err)["message"] == f"port {_port(said)} on 127.0.0.1: is in use"


def test_an_address_that_is_not_loopback_needs_an_issuer(tmp_path):
    process = _start(tmp_path, "--host", "0.0.0.0", "--port", "0")
    _, err = process.communicate(timeout=30)
    assert process.returncode == 3
    assert "SIGNET_ISSUER is not set" in json.loads(err)["message"]
    assert not (tmp_path / "keys").exists()


def test_a_configured_issuer_is_kept_whatever_the_port(tmp_path):
    with _serving(tmp_path, SIGNET_ISSUER="https://id.example") as (_, said):
        assert said["issuer"] == "https://id.example"


class _Client(Thread):
    """A client that asks again and again and notes whatever goes wrong, until it is refused."""

    def __init__(self, port, *, keeps, outcomes):
        super().__init__(daemon=True)
        self._port, self._keeps, self._outcomes = port, keeps, outcomes

    def run(self):
        connection = None
        while True:
            if connection is None:
                try:
                    connection = HTTPConnection("127.0.0.1", self._port, timeout=10)
                    connection.connect()
                except ConnectionRefusedError:
                    self._outcomes["refused"] += 1
                    return
            try:
                connection.request("POST", "/token", body="grant_type=none", headers=_FORM)
                answer = connection.getresponse()
                answer.read()
                self._outcomes[answer.status] += 1
            except OSError as error:
                self._outcomes[repr(error)] += 1
                return
            if not self._keeps or answer.will_close:
                connection.close()
                connection = None


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can close a listener in order")
def test_a_stop_under_load_fails_no_request(tmp_path):
    outcomes = Counter()
    with _serving(tmp_path, SIGNET_LOG_LEVEL="error") as (process, said):
        clients = [
            _Client(_port(said), keeps=number % 2 == 0, outcomes=outcomes) for number in range(8)
        ]
        for client in clients:
            client.start()
        time.sleep(1.5)
        process.send_signal(signal.SIGTERM)
        for client in clients:
            client.join(timeout=30)
        assert process.wait(timeout=30) == 0
    answered = outcomes.pop(400) + outcomes.pop(401, 0)
    assert answered > 100
    assert outcomes == {"refused": len(clients)}


def test_a_request_in_hand_is_finished(tmp_path):
    with _serving(tmp_path, "--workers", "1") as (process, said):
        slow = socket.create_connection(("127.0.0.1", _port(said)), timeout=15)
        slow.sendall(
            b"POST /token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 15\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n\r\ngrant_"
        )
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        time.sleep(1.5)
        slow.sendall(b"type=none")
        answer = slow.recv(65536)
        slow.close()
        assert answer.startswith(b"HTTP/1.1 4")
        assert process.wait(timeout=20) == 0


def test_ctrl_c_ends_it_cleanly(tmp_path):
    process = subprocess.Popen(
        [*_SIGNET, "serve", "--json", "--port", "0"], cwd=tmp_path, env=_environment(),
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    said = json.loads(process.stdout.readline())
    assert _get(f"{said['issuer']}/healthz")[0] == 200
    # A terminal interrupts the whole group, not one process.
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Traceback" not in err
    assert "Unexpected exit" not in err


def _workers(pid):
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _gone(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


@pytest.mark.parametrize("moment", [0, 0.05, 0.1, 0.2, 0.4])
def test_a_server_that_has_only_just_started_stops_at_once(tmp_path, moment):
    with _serving(tmp_path, "--workers", "2") as (process, _):
        time.sleep(moment)
        process.terminate()
        assert process.wait(timeout=15) == 0


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_a_killed_worker_is_replaced_and_a_killed_parent_leaves_none(tmp_path):
    with _serving(tmp_path, "--workers", "2") as (process, said):
        _get(f"{said['issuer']}/healthz")
        victim = _workers(process.pid)[0]
        os.kill(victim, signal.SIGKILL)
        _eventually(lambda: len(set(_workers(process.pid)) - {victim}) == 2)
        # Its replacement dies young; that is no reason to give up.
        replacement = _workers(process.pid)[-1]
        os.kill(replacement, signal.SIGKILL)
        _eventually(lambda: len(set(_workers(process.pid)) - {victim, replacement}) == 2)
        _eventually(lambda: _get(f"{said['issuer']}/healthz")[0] == 200)
        workers = _workers(process.pid)
        process.kill()
        _eventually(lambda: all(_gone(worker) for worker in workers))
        records = [json.loads(line) for line in process.stderr]
    said = [each["ended_by"] for each in records if each["event"] == "worker.replaced"]
    # The one that was killed at once may not have come to say whom it replaces.
    assert said in (["signal 9"], ["signal 9", "signal 9"])


def test_all_workers_count_into_one_set_of_figures(tmp_path):
    with _serving(tmp_path, SIGNET_METRICS_TOKEN="figures") as (_, said):
        for _ in range(20):
            _get(f"{said['issuer']}/healthz")
        request = urllib.request.Request(
            f"{said['issuer']}/metrics", headers={"Authorization": "Bearer figures"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            lines = answer.read().decode().splitlines()
    counted = [
        float(line.split()[-1]) for line in lines if line.startswith("signet_requests_total")
    ]
    assert sum(counted) >= 20


def test_the_folder_of_the_figures_is_taken_away(tmp_path):
    def folders():
        return set(serve._SHARED_MEMORY.glob("signet-figures-*"))

    before = folders()
    with _serving(tmp_path):
        assert len(folders()) >= len(before)
    _eventually(lambda: not [each for each in folders() - before if os.access(each, os.W_OK)])


def test_a_taken_address_is_refused_and_a_free_one_is_not():
    with listener.bind("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(AddressInUseError):
            listener.bind("127.0.0.1", port)
    listener.bind("127.0.0.1", port).close()


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_that_is_not_ours_is_refused(host):
    with pytest.raises(AddressInUseError):
        listener.bind(host, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can close a listener in order")
def test_draining_keeps_new_connections_out_and_waits_for_those_let_in():
    with listener.bind("127.0.0.1", 0) as opened:
        address = opened.getsockname()
        early = socket.create_connection(address, timeout=5)
        assert listener.waiting(opened) == 1
        done = Event()
        draining = Thread(target=lambda: (listener.drain([opened]), done.set()))
        draining.start()
        assert not done.wait(0.3)
        with pytest.raises(TimeoutError):
            socket.create_connection(address, timeout=0.3)
        taken, _ = opened.accept()
        assert done.wait(5)
        taken.close()
        early.close()
        draining.join()


def _eventually(holds, *, within=15):
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            if holds():
                return
        except OSError:
            pass
        time.sleep(0.05)
    assert holds()
