from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core.db import db
from app.throttle import replay
from tests.identity.installation import NOW, race

MINUTE = timedelta(minutes=1)
UNTIL = NOW + MINUTE


def stored():
    return db.session.execute(text("SELECT * FROM single_uses")).all()


@pytest.mark.usefixtures("app_context")
class TestFirstUse:
    @pytest.mark.spec("RFC 7519", "4.1.7")
    def test_the_first_use_is_told_from_all_others(self):
        found = [replay.first_use("assertion", "client", "jti", until=UNTIL) for _ in range(3)]
        assert found == [True, False, False]

    def test_a_use_that_was_committed_is_remembered(self):
        assert replay.first_use("assertion", "client", "jti", until=UNTIL)
        db.session.commit()
        assert not replay.first_use("assertion", "client", "jti", until=UNTIL)

    def test_a_use_whose_transaction_failed_never_was(self):
        assert replay.first_use("assertion", "client", "jti", until=UNTIL)
        db.session.rollback()
        assert replay.first_use("assertion", "client", "jti", until=UNTIL)

    @pytest.mark.parametrize(
        "other",
        [
            ("assertion", "client", "other"),
            ("assertion", "other", "jti"),
            ("request", "client", "jti"),
            ("assertion", "clientjti"),
            ("assertion", "client\0jti"),
            ("assertion", "client", "jti", ""),
            ("assertion", "client\x003\0jti"),
            ("assertion", "clien", "tjti"),
        ],
    )
    def test_another_value_is_another_value(self, other):
        assert replay.first_use("assertion", "client", "jti", until=UNTIL)
        assert replay.first_use(*other, until=UNTIL)

    @pytest.mark.parametrize("value", ["", "\ud800", "a\0b", "x" * 100_000])
    def test_any_text_is_told_apart(self, value):
        assert replay.first_use("assertion", value, until=UNTIL)
        assert not replay.first_use("assertion", value, until=UNTIL)

    def test_the_table_says_neither_what_nor_whose(self):
        replay.first_use("assertion", "client-of-ada", "jti-of-ada", until=UNTIL)
        [row] = stored()
        assert len(row.key) == 43
        assert not any("ada" in str(value) for value in row)

    def test_purging_takes_what_is_over_in_batches_and_no_other(self):
        for name in ("a", "b", "c"):
            replay.first_use("assertion", name, until=UNTIL)
        replay.first_use("assertion", "d", until=UNTIL + MINUTE)
        assert replay.purge(UNTIL - MINUTE / 2, batch=10) == 0
        assert [replay.purge(UNTIL, batch=2) for _ in range(3)] == [2, 1, 0]
        assert not replay.first_use("assertion", "d", until=UNTIL)


@pytest.mark.spec("ASVS 5.0", "15.4.2")
@pytest.mark.parametrize("count", [2, 20])
def test_of_many_that_use_one_value_at_once_exactly_one_is_the_first(app, count):
    results = race(app, count, lambda _: replay.first_use("assertion", "jti", until=UNTIL))
    assert sorted(results) == [False] * (count - 1) + [True]
