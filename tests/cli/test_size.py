"""What a server takes of the machine by itself."""

import pytest

from app.cli import size


@pytest.mark.parametrize(
    ("processors", "asked", "workers", "hashes"),
    [
        (1, None, 1, 1),
        (2, None, 2, 1),
        (4, None, 2, 2),
        (64, None, 2, 2),
        (4, 3, 3, 2),
        (2, 8, 8, 1),
    ],
)
def test_all_workers_together_hash_one_password_a_processor_and_never_many(
    monkeypatch, processors, asked, workers, hashes
):
    monkeypatch.setattr(size, "available", lambda: frozenset(range(processors)))
    assert size.workers(asked) == workers
    assert size.hashes(workers) == hashes
