"""``signet passwords propose`` on a machine whose speed the test decides."""

import pytest

from app.cli import size
from app.core import settings_loader
from app.identity import hash_cost


@pytest.fixture
def machine(monkeypatch):
    """A machine with four processors and 8 GiB; what was measured on it."""
    asked = []

    def measured(cost, *, at_once):
        asked.append((cost, at_once))
        return cost.memory_kib * cost.passes / 1_000_000

    monkeypatch.setattr(hash_cost, "measured", measured)
    monkeypatch.setattr(size, "available", lambda: frozenset(range(4)))
    pages = {"SC_PHYS_PAGES": 2 * 1024 * 1024, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr("os.sysconf", pages.__getitem__)
    return asked


@pytest.mark.usefixtures("machine")
class TestPropose:
    def test_what_it_prints_are_settings_that_the_server_takes(self, signet, folder):
        answer = signet("passwords", "propose")
        assert answer.code == 0
        lines = dict(line.split("=") for line in answer.out.splitlines())
        assert set(lines) == {
            "SIGNET_ARGON2_MEMORY_KIB",
            "SIGNET_ARGON2_TIME_COST",
            "SIGNET_ARGON2_PARALLELISM",
        }
        settings = settings_loader.load(lines, folder=folder).passwords
        assert settings.argon2_memory_kib == int(lines["SIGNET_ARGON2_MEMORY_KIB"]) > 100_000

    def test_it_says_what_that_means_for_memory_and_for_sign_ins(self, signet, monkeypatch):
        monkeypatch.setenv("SIGNET_MAX_CONCURRENT_HASHES", "3")
        told = signet("passwords", "propose", "--workers", "2", "--json").json
        assert told["hashes_at_once"] == 6
        assert told["memory_kib"] == 6 * told["settings"]["SIGNET_ARGON2_MEMORY_KIB"]
        # Four processors, each at one hash.
        assert told["sign_ins_per_second"] == pytest.approx(4000 / told["milliseconds"], rel=0.01)

    def test_a_person_reads_it_too_and_hears_when_old_hashes_follow(self, signet):
        said = signet("passwords", "propose").err
        assert "MiB" in said
        assert "people can sign in each second" in said
        assert "signs in the next time" in said

    def test_all_hashes_at_once_take_an_eighth_of_the_memory_at_most(self, signet):
        told = signet("passwords", "propose", "--milliseconds", "10000", "--json").json
        assert told["memory_kib"] == 8 * 1024 * 1024 // 8

    def test_the_operator_may_set_the_memory(self, signet):
        told = signet("passwords", "propose", "--memory-kib", "20480", "--json").json
        assert told["settings"]["SIGNET_ARGON2_MEMORY_KIB"] == 20480
        assert told["settings"]["SIGNET_ARGON2_TIME_COST"] == 12

    def test_less_memory_than_the_settings_take_is_refused(self, signet):
        assert signet("passwords", "propose", "--memory-kib", "19455").code == 2

    def test_a_time_that_cannot_be_kept_is_warned_of(self, signet):
        answer = signet("passwords", "propose", "--milliseconds", "10")
        assert answer.code == 0
        assert "SIGNET_ARGON2_MEMORY_KIB=19456" in answer.out
        assert "warning: no cost that is strong enough takes 10 ms" in answer.err


def test_it_is_measured_with_as_many_at_once_as_there_will_be(signet, machine):
    signet("passwords", "propose", "--workers", "1")
    assert {at_once for _, at_once in machine} == {2}
    machine.clear()
    signet("passwords", "propose", "--workers", "64")
    assert {at_once for _, at_once in machine} == {4}


def test_a_bound_that_was_set_is_kept_in_the_measure(signet, machine, monkeypatch):
    monkeypatch.setenv("SIGNET_MAX_CONCURRENT_HASHES", "3")
    signet("passwords", "propose", "--workers", "1")
    assert {at_once for _, at_once in machine} == {3}


def test_nothing_is_made_in_the_folder(signet, machine, folder):
    signet("passwords", "propose")
    assert list(folder.iterdir()) == []
