"""A worker killed in the middle: nothing that was presented is lost, and nothing is given twice.

A client that got no answer asks again. It must then find what it presented either unspent, or spent once.
"""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import requests

from tests.support.mortal import HEADER
from tests.support.mortal_server import eventually
from tests.support.plain_browser import PlainBrowser

pytestmark = [pytest.mark.server]

# No answer came, or only its beginning.
_LOST = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
_CLIENTS = 8
_KILLS = 6


def _dies(point):
    return {"headers": {HEADER: point}}


def _unanswered(send, *arguments, point):
    with pytest.raises(requests.ConnectionError):
        send(*arguments, **_dies(point))


@pytest.mark.spec("RFC 6749", "4.1.2")
def test_a_worker_killed_during_a_redemption_neither_loses_nor_doubles_the_grant(household):
    for point in ("minted", "spent"):
        form = household.code()
        _unanswered(household.send, form, point=point)

        redeemed = household.send(form)
        assert redeemed.status_code == 200, (point, redeemed.text)
        assert household.refresh(redeemed.json()["refresh_token"]).status_code == 200
        assert household.send(form).json()["error"] == "invalid_grant"

    form = household.code()
    _unanswered(household.send, form, point="committed")

    # It was redeemed: who asks again may be a thief, and gets nothing twice.
    assert household.send(form).json()["error"] == "invalid_grant"
    *_, last = household.grants()
    assert last.redeemed_at is not None
    assert last.revoked_reason == "code_reused"


@pytest.mark.spec("RFC 9700", "4.14.2")
def test_a_worker_killed_during_a_rotation_leaves_one_successor_and_a_living_family(household):
    for point, generation in (("minted", 1), ("spent", 1), ("committed", 2)):
        token = household.tokens()["refresh_token"]
        *_, before = household.grants()
        _unanswered(household.refresh, token, point=point)
        *_, after = household.grants()
        assert (before.id, before.generation) == (after.id, 1)
        assert after.generation == generation, point

        retried = [household.refresh(token) for _ in range(3)]

        assert [answer.status_code for answer in retried] == [200] * 3, point
        [successor] = {answer.json()["refresh_token"] for answer in retried}
        *_, now = household.grants()
        assert (now.generation, now.revoked_reason) == (2, None)
        assert household.refresh(successor).status_code == 200


@pytest.mark.spec("RFC 9700", "4.14.2")
@pytest.mark.parametrize("point", ["spent", "committed"])
def test_a_worker_killed_while_many_share_a_commit_leaves_each_of_them_whole(household, point):
    tokens = [household.tokens()["refresh_token"] for _ in range(_CLIENTS)]
    before = [grant.id for grant in household.grants()[-_CLIENTS:]]

    def ask(token):
        with suppress(*_LOST):
            household.refresh(token, **_dies(point))

    with ThreadPoolExecutor(_CLIENTS) as pool:
        list(pool.map(ask, tokens))

    after = household.grants()[-_CLIENTS:]
    assert [grant.id for grant in after] == before
    # Spent is what was committed: none without its answer being the same when asked for again.
    assert {grant.generation for grant in after} <= ({1} if point == "spent" else {1, 2})
    if point == "committed":
        assert 2 in {grant.generation for grant in after}
    for token in tokens:
        answers = [_until_answered(lambda: household.refresh(token))[0] for _ in range(2)]  # noqa: B023 - called at once
        assert [answer.status_code for answer in answers] == [200, 200]
        [successor] = {answer.json()["refresh_token"] for answer in answers}
        assert household.refresh(successor).status_code == 200


def _until_answered(ask):
    """Ask as a client does whose answers get lost; return the answer, and how often none came."""
    for lost in range(20):
        try:
            return ask(), lost
        except _LOST:
            time.sleep(0.02)
    raise AssertionError("twenty times no answer")


class _Client:
    """Takes codes, redeems them and refreshes until it is told to stop; it notes what it sees."""

    def __init__(self, household):
        self._household = household
        self._browser = PlainBrowser(household.server.issuer)
        self._browser.http.cookies.update(household.browser.http.cookies)
        self.lost = {"redemption": 0, "rotation": 0}
        # Of every grant that gave tokens: how many generations this client has seen.
        self.generations = []
        self.refused = 0

    def run(self, over):
        while not over.is_set():
            self._one_grant()
        self._browser.close()

    def _one_grant(self):
        form, _ = _until_answered(lambda: self._household.code(self._browser))
        answer, lost = _until_answered(lambda: self._household.send(form))
        self.lost["redemption"] += lost
        if answer.status_code != 200:
            # It was redeemed for somebody who never got the answer.
            assert lost, answer.text
            assert answer.json()["error"] == "invalid_grant"
            self.refused += 1
            return
        tokens = [answer.json()["refresh_token"]]
        for _ in range(6):
            answer, lost = _until_answered(lambda: self._household.refresh(tokens[-1]))
            self.lost["rotation"] += lost
            assert answer.status_code == 200, (lost, answer.text)
            tokens.append(answer.json()["refresh_token"])
        assert len(set(tokens)) == len(tokens)
        self.generations.append(len(tokens))


@pytest.mark.spec("RFC 9700", "4.14.2")
def test_workers_killed_at_any_moment_under_load_neither_lose_nor_double_a_grant(household):
    server, over = household.server, threading.Event()
    clients = [_Client(household) for _ in range(_CLIENTS)]
    before = len(household.grants())

    with ThreadPoolExecutor(_CLIENTS) as pool:
        running = [pool.submit(client.run, over) for client in clients]
        for _ in range(_KILLS):
            time.sleep(random.uniform(0.3, 0.9))  # noqa: S311 - a moment, no secret
            server.kill_a_worker()
        time.sleep(0.5)
        over.set()
        for each in running:
            each.result(timeout=60)

    assert not server.has_ended
    assert sum(sum(client.lost.values()) for client in clients), "no kill hit a request"
    grants = household.grants()[before:]
    # What the clients saw is what happened: no generation more, no grant ended for a lost answer.
    seen = sorted(count for client in clients for count in client.generations)
    alive = [each for each in grants if each.generation and each.revoked_reason is None]
    assert sorted(each.generation for each in alive) == seen
    revoked = [each.revoked_reason for each in grants if each.revoked_reason]
    assert revoked == ["code_reused"] * sum(client.refused for client in clients)
    # A code whose page got lost was never presented, and is not spent.
    assert all(each.redeemed_at is None for each in grants if not each.generation)


def test_workers_that_all_die_at_once_are_all_replaced(household):
    server, tokens = household.server, household.tokens()
    dead = set(server.workers())

    server.kill_every_worker()

    eventually(lambda: len(set(server.workers()) - dead) == len(dead))
    assert household.refresh(tokens["refresh_token"]).status_code == 200
