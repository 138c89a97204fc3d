"""A first start killed at any moment: the next one finishes what it began, and makes nothing twice."""

import random
import time

import pytest

from tests.support import databases
from tests.support.cast import person

pytestmark = [pytest.mark.server]

_ALGORITHMS = "RS256 ES256"
# The root key, the schema, the signing keys: what a first start makes durable, one after the other.
_THINGS = 3
_JUST_BEFORE, _JUST_AFTER = 1, 2
_RANDOM_KILLS = 5


def _is_one_installation(server):
    """Expect one root key, one schema, one key for each algorithm, and that all of it works together."""
    assert len(list(server.folder.glob("keys/*.key"))) == 1
    if server.database.engine == databases.SQLITE:
        assert [path.name for path in server.folder.glob("*.sqlite3")] == ["signet.sqlite3"]
    assert len(server.rows("SELECT version_num FROM alembic_version")) == 1
    algorithms = [row.algorithm for row in server.rows("SELECT algorithm FROM signing_keys")]
    assert sorted(algorithms) == ["ES256", "RS256"]
    published = server.get("/.well-known/jwks.json").json()["keys"]
    assert sorted(key["alg"] for key in published) == ["ES256", "RS256"]
    found = server.cli("db", "check")
    assert (found["current"], found["differences"], found["damage"]) == (True, [], [])
    assert person(server).username


def test_a_first_start_killed_around_each_commit_is_finished_by_the_next(new_server):
    server = new_server(SIGNET_SIGNING_ALGORITHMS=_ALGORITHMS)
    for _ in range(_THINGS):
        # Each start finds what those before it have made, and begins with the next thing.
        for step in (_JUST_BEFORE, _JUST_AFTER):
            server.launch(dies_at_step=step)
            assert server.ends_before_it_is_ready()

    server.start()

    _is_one_installation(server)
    server.stop_after_faults()


def test_a_first_start_killed_at_any_moment_is_finished_by_the_next(new_server):
    server = new_server(SIGNET_SIGNING_ALGORITHMS=_ALGORITHMS)
    for _ in range(_RANDOM_KILLS):
        server.launch()
        time.sleep(random.uniform(0.1, 0.9))  # noqa: S311 - a moment, no secret
        server.kill()

    server.start()

    _is_one_installation(server)
    server.stop_after_faults()


def test_of_two_first_starts_at_once_the_one_that_lives_finishes_alone(new_server):
    settings = {"SIGNET_SIGNING_ALGORITHMS": _ALGORITHMS}
    doomed, other = new_server(**settings), new_server(**settings)
    doomed.launch()
    other.launch()
    time.sleep(random.uniform(0.2, 0.8))  # noqa: S311 - a moment, no secret
    doomed.kill()

    other.wait_until_ready()

    _is_one_installation(other)
    other.stop_after_faults()
