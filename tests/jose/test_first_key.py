"""The first key of an installation is made once, however many start at the same time."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from app.core import db as database
from app.jose import signing_keys
from tests.jose.applications import NOW, dispose, make_app
from tests.jose.databases import BOTH, empty

ROOT = Path(__file__).parents[2]
ALGORITHMS = "RS256,ES256,EdDSA"
RACERS = 4

START = """
import sys
from app.jose import signing_keys
from tests.jose.applications import NOW, make_app

flask = make_app(sys.argv[1], SIGNING_ALGORITHMS=sys.argv[2])
with flask.app_context():
    print("ready", flush=True)
    sys.stdin.readline()
    signing_keys.ensure(now=NOW)
    print(signing_keys.active("RS256", now=NOW).kid)
"""


@pytest.fixture(params=BOTH)
def url(request, tmp_path):
    with empty(request.param, tmp_path) as made:
        flask = make_app(made)
        with flask.app_context():
            database.db.create_all()
        dispose(flask)
        yield made


def made_keys(url):
    flask = make_app(url, SIGNING_ALGORITHMS=ALGORITHMS)
    with flask.app_context():
        found = signing_keys.records(now=NOW)
    dispose(flask)
    return found


def test_processes_starting_at_once_make_one_key_for_each_algorithm(url):
    started = [
        subprocess.Popen(
            [sys.executable, "-c", START, url, ALGORITHMS],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(RACERS)
    ]  # fmt: skip
    for process in started:
        assert process.stdout.readline() == "ready\n"
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate()[0].split()[-1] for process in started]
    records = made_keys(url)
    assert sorted(record.algorithm for record in records) == ["ES256", "EdDSA", "RS256"]
    assert set(answers) == {record.kid for record in records if record.algorithm == "RS256"}


def test_threads_starting_at_once_make_one_key_for_each_algorithm(url):
    flask = make_app(url, SIGNING_ALGORITHMS=ALGORITHMS)
    together = Barrier(RACERS)

    def start(_number):
        with flask.app_context():
            together.wait()
            signing_keys.ensure(now=NOW)
            return signing_keys.active("RS256", now=NOW).kid

    with ThreadPoolExecutor(RACERS) as threads:
        kids = set(threads.map(start, range(RACERS)))
    dispose(flask)
    assert len(kids) == 1
    assert len(made_keys(url)) == 3


def test_rotations_at_once_announce_one_key(url):
    flask = make_app(url)
    together = Barrier(RACERS)
    with flask.app_context():
        signing_keys.ensure(now=NOW)

    def rotate(_number):
        with flask.app_context():
            together.wait()
            return signing_keys.rotate("RS256", immediate=False, now=NOW)[0].kid

    with ThreadPoolExecutor(RACERS) as threads:
        kids = set(threads.map(rotate, range(RACERS)))
    dispose(flask)
    assert len(kids) == 1
    assert len(made_keys(url)) == 2


def test_a_whole_life_of_keys_passes_on_either_database(url):
    flask = make_app(url, SIGNING_ALGORITHMS=ALGORITHMS)
    with flask.app_context():
        signing_keys.ensure(now=NOW)
        [new] = signing_keys.rotate("RS256", immediate=False, now=NOW)
        again = signing_keys.active("RS256", now=new.activates_at)
        assert again.kid == new.kid
        gone = next(r.gone_at for r in signing_keys.records(now=NOW) if r.gone_at is not None)
        assert {r.state for r in signing_keys.records(now=gone)} == {"active", "gone"}
    dispose(flask)
