from dataclasses import replace
from datetime import timedelta

import pytest
import structlog
from sqlalchemy import text

from app.audit import events
from app.core.db import db
from app.core.errors import UnavailableError
from app.identity import authentication, devices, passwords, users
from app.identity.authentication import InvalidCredentialsError
from app.identity.users import NewUser
from app.throttle.counters import ThrottledError
from tests.identity.installation import NOW, as_caller, race, with_settings

GOOD = "rare words, many of them"
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
FREE = 5
OWNER, STRANGER = "198.51.100.1", "203.0.113.1"


@pytest.fixture
def ada(app_context):
    person = users.create(NewUser("ada", email="ada@example.com", password=GOOD), now=NOW)
    db.session.commit()
    return person


def sign_in(login="ada", password=GOOD, *, device=None, at=NOW, address=OWNER):
    """Try to sign in as one request does: what it wrote is committed, whatever came of it."""
    as_caller(address)
    try:
        return authentication.with_password(login, password, device=device, now=at)
    finally:
        db.session.commit()


def outcome(*arguments, **options):
    try:
        sign_in(*arguments, **options)
    except InvalidCredentialsError:
        return "refused"
    except ThrottledError as error:
        return error.retry_after
    return "in"


def guess(count, **options):
    """Guess wrong ``count`` times, each as soon as it is evaluated; return the time after the last."""
    now = options.pop("at", NOW)
    while count:
        found = outcome(**{"password": "wrong", **options}, at=now)
        if found == "refused":
            count -= 1
        else:
            now += found * SECOND
    return now


@pytest.mark.usefixtures("ada")
class TestWhoItIs:
    @pytest.mark.spec("OpenID Connect Core 1.0", "2")
    @pytest.mark.parametrize("login", ["ada", "ADA", "Ada@Example.com"])
    def test_the_right_password_says_who_how_and_when(self, ada, login):
        found = sign_in(login)
        assert (found.user_id, found.auth_time, found.amr) == (ada.id, NOW, ("pwd",))
        assert found.acr == "urn:signet:acr:1fa"

    @pytest.mark.parametrize("password", ["", "wrong", GOOD + " ", GOOD.upper()])
    def test_any_other_password_says_nothing(self, password):
        assert outcome(password=password) == "refused"

    @pytest.mark.spec("ASVS 5.0", "6.3.8")
    def test_every_refusal_is_the_same_and_leaves_the_same(self):
        disabled = users.create(NewUser("dan", password=GOOD), now=NOW)
        users.disable(disabled.id, now=NOW)
        users.create(NewUser("no-password"), now=NOW)
        seen = set()
        attempts = [
            ("ada", "wrong"), ("dan", GOOD), ("no-password", ""), ("nobody", GOOD), ("a\0\ud800", GOOD), ("", ""),
        ]  # fmt: skip
        for number, (login, password) in enumerate(attempts):
            before = {table: rows(table) for table in ("throttle_counters", "audit_events")}
            with pytest.raises(InvalidCredentialsError) as refused:
                sign_in(login, password, address=f"192.0.2.{number}")
            written = {table: rows(table) - count for table, count in before.items()}
            event = events.tail(limit=1)[0]
            seen.add(
                (str(refused.value), str(written), event.kind, event.outcome, str(event.detail))
            )
        assert len(seen) == 1

    def test_every_path_hashes_once(self, ada, monkeypatch):
        checked = []
        monkeypatch.setattr(
            passwords, "_decoy", lambda _: checked.append("decoy") or users_hash("ada")
        )
        outcome("nobody")
        users.disable(ada.id, now=NOW)
        outcome("ada")
        assert checked == ["decoy", "decoy"]

    def test_what_was_typed_is_recorded_nowhere(self):
        typed = "my-password-in-the-wrong-field"
        with structlog.testing.capture_logs() as lines:
            outcome(typed, "another-secret")
            outcome("ada", "another-secret")
        stored = [
            str(row)
            for table in ("audit_events", "throttle_counters")
            for row in db.session.execute(text(f"SELECT * FROM {table}"))  # noqa: S608
        ]
        for secret in (typed, "another-secret"):
            assert secret not in str(lines)
            assert not any(secret in row for row in stored)

    def test_a_refusal_names_the_account_it_was_about(self, ada):
        outcome(password="wrong")
        outcome("nobody")
        unknown, known = events.tail(kind="sign_in.refused")
        assert (known.user_id, known.outcome, known.address) == (ada.id, "refused", OWNER)
        assert unknown.user_id is None

    def test_a_hash_is_renewed_when_the_parameters_changed(self, app):
        old = users_hash("ada")
        with_settings(app, "passwords", argon2_time_cost=2)
        assert outcome(password="wrong") == "refused"
        assert users_hash("ada") == old
        assert outcome() == "in"
        renewed = users_hash("ada")
        assert "t=2," in renewed
        assert outcome() == "in"
        assert users_hash("ada") == renewed

    def test_a_password_changed_meanwhile_is_not_undone_by_a_renewal(self, app, monkeypatch):
        with_settings(app, "passwords", argon2_time_cost=2)
        real = passwords.hash_password

        def changed_meanwhile(password):
            db.session.execute(text("UPDATE users SET password_hash = 'newer'"))
            return real(password)

        monkeypatch.setattr(passwords, "hash_password", changed_meanwhile)
        assert outcome() == "refused"
        assert users_hash("ada") == "newer"

    def test_a_busy_server_does_not_refuse_who_is_right(self, app, monkeypatch):
        with_settings(app, "passwords", argon2_time_cost=2)

        def busy(_):
            raise UnavailableError

        monkeypatch.setattr(passwords, "hash_password", busy)
        assert outcome() == "in"

    def test_a_busy_server_counts_and_records_nothing(self, monkeypatch):
        def busy(*_):
            raise UnavailableError

        monkeypatch.setattr(passwords, "verify", busy)
        before = rows("audit_events")
        with pytest.raises(UnavailableError):
            sign_in(password="wrong")
        assert (rows("throttle_counters"), rows("audit_events")) == (0, before)

    def test_no_connection_is_held_while_a_password_is_hashed(self, app, monkeypatch):
        real, held = passwords.slot, []

        def watched():
            held.append(db.engine.pool.checkedout())
            return real()

        with_settings(app, "passwords", argon2_time_cost=2)
        monkeypatch.setattr(passwords, "slot", watched)
        sign_in()
        # To check the hash, and to renew it.
        assert held == [0, 0]


@pytest.mark.spec("ASVS 5.0", "6.3.1")
@pytest.mark.usefixtures("ada")
class TestGuessing:
    def test_after_the_free_attempts_each_failure_costs_a_growing_wait(self):
        now = guess(FREE)
        assert now == NOW
        waits = []
        for _ in range(9):
            assert outcome(password="wrong", at=now) == "refused"
            waits.append(outcome(password="wrong", at=now))
            now += waits[-1] * SECOND
        assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]

    def test_while_waiting_the_right_password_is_not_evaluated_either(self, monkeypatch):
        now = guess(FREE + 3)
        with monkeypatch.context() as patched:
            patched.setattr(passwords, "verify", None)
            assert outcome(at=now) == 4
        assert outcome(at=now + 4 * SECOND) == "in"

    def test_knocking_on_does_not_prolong_the_wait(self):
        now = guess(FREE + 6)
        for seconds in range(32):
            assert outcome(password="wrong", at=now + seconds * SECOND) == 32 - seconds
        assert outcome(at=now + 32 * SECOND) == "in"

    def test_a_refused_attempt_writes_nothing(self):
        now = guess(FREE + 3)
        before = (rows("throttle_counters"), rows("audit_events"))
        for _ in range(20):
            assert outcome(password="wrong", at=now) == 4
        assert (rows("throttle_counters"), rows("audit_events")) == before

    def test_unknown_names_are_slowed_down_like_known_ones(self):
        for login in ("ada", "nobody"):
            now = guess(FREE + 3, login=login, address=f"192.0.2.{len(login)}")
            assert outcome(login, "wrong", at=now, address=f"192.0.2.{len(login)}") == 4

    def test_a_success_forgets_the_failures_before_it(self):
        for _ in range(4):
            guess(FREE)
            assert outcome() == "in"
        assert outcome(password="wrong") == "refused"
        assert outcome() == "in"

    def test_the_begin_of_a_wait_is_recorded(self, ada):
        guess(FREE)
        assert events.tail(kind="sign_in.throttled") == []
        guess(1)
        [event] = events.tail(kind="sign_in.throttled")
        assert (event.user_id, event.detail) == (ada.id, {"seconds": 1})

    def test_failures_are_forgotten_after_a_day(self):
        now = guess(FREE + 3)
        assert outcome(password="wrong", at=now + timedelta(days=1)) == "refused"
        assert outcome(at=now + timedelta(days=1)) == "in"

    def test_one_address_is_slowed_down_over_all_accounts(self):
        for number in range(30):
            assert outcome(f"user{number}", "wrong", address=STRANGER) == "refused"
        assert outcome("user31", "wrong", address=STRANGER) == "refused"
        assert outcome("user32", "wrong", address=STRANGER) == 1
        assert outcome("ada", address=OWNER) == "in"

    def test_an_own_account_does_not_wash_an_address_clean(self):
        for number in range(31):
            outcome(f"user{number}", "wrong", address=STRANGER)
            if number < 30:
                assert outcome("ada", address=STRANGER) == "in"
        assert outcome("user99", "wrong", address=STRANGER) == 1

    def test_one_subscriber_with_many_ipv6_addresses_is_one_address(self):
        for number in range(FREE + 1):
            outcome(password="wrong", address=f"2001:db8:0:1::{number + 1:x}")
        assert outcome(password="wrong", address="2001:db8:0:1:ffff::1") == 1
        assert outcome(password="wrong", address="2001:db8:0:2::1") == "refused"

    def test_many_networks_together_are_slowed_down_at_one_account(self):
        evaluated = [
            outcome(password="wrong", address=f"192.0.2.{number}") for number in range(100)
        ]
        assert evaluated.count("refused") == 3 * FREE + 1
        now = NOW + SECOND
        for number in range(6):
            outcome(password="wrong", at=now, address=f"192.0.2.{number + 100}")
            now += MINUTE
        late = [
            outcome(password="wrong", at=now, address=f"192.0.2.{number}") for number in range(100)
        ]
        assert late.count("refused") == 1

    def test_networks_that_have_used_up_their_attempts_take_turns_at_one_account(self):
        networks = [f"192.0.2.{number}" for number in range(3)]
        for network in networks:
            assert guess(FREE, address=network) == NOW
        tried = [outcome(password="wrong", address=network) for network in networks]
        assert tried == ["refused", 1, 1]

    def test_guesses_sent_all_at_once_learn_nothing_once_one_of_them_costs_a_wait(
        self, monkeypatch
    ):
        real = passwords.verify

        def others_fail_meanwhile(stored, password):
            monkeypatch.setattr(passwords, "verify", real)
            guess(FREE + 3, address=OWNER)
            return real(stored, password)

        monkeypatch.setattr(passwords, "verify", others_fail_meanwhile)
        assert outcome() == 1 + 2 + 4


@pytest.mark.spec("ASVS 5.0", "6.1.1")
@pytest.mark.usefixtures("ada")
class TestNobodyIsLockedOut:
    def test_a_stranger_who_never_stops_does_not_keep_the_owner_out_elsewhere(self):
        now = guess(3 * FREE + 10, address=STRANGER)
        assert outcome(at=now, address=STRANGER) == 60
        assert outcome(at=now, address=OWNER) == "in"

    def test_no_stranger_slows_a_known_browser_down_even_from_the_same_network(self, ada):
        device = known(ada)
        now = guess(FREE + 8, address=OWNER)
        for number in range(40):
            outcome(f"user{number}", "wrong", at=now, address=OWNER)
        assert outcome(at=now, address=OWNER) == 60
        assert outcome(at=now, address=OWNER, device=device) == "in"

    def test_a_known_browser_is_slowed_down_by_its_own_failures_alone(self, ada):
        device, other = known(ada), known(ada)
        now = guess(FREE + 3, device=device)
        assert outcome(at=now, device=device) == 4
        assert outcome(at=now, device=other) == "in"
        assert outcome(at=now) == "in"

    def test_the_browser_of_another_account_is_a_strangers(self):
        bob = users.create(NewUser("bob", password=GOOD), now=NOW)
        now = guess(FREE + 3, device=known(bob))
        assert outcome(at=now) == 4

    def test_many_known_browsers_guess_no_faster_than_a_few(self, ada):
        browsers = [known(ada) for _ in range(30)]
        evaluated = [
            outcome(password="wrong", device=each, login=login)
            for login in ("ada", "ada@example.com")
            for each in browsers
            for _ in range(FREE)
        ]
        assert evaluated.count("refused") == 3 * FREE + 1
        assert outcome(device=known(ada)) == 1
        assert outcome(device=known(ada), at=NOW + SECOND) == "in"

    def test_browsers_known_for_an_earlier_password_are_strangers(self, ada):
        browsers = [known(ada) for _ in range(30)]
        users.set_password(ada.id, GOOD + "!", now=NOW + SECOND)
        db.session.commit()
        evaluated = [outcome(device=each, at=NOW + SECOND) for each in browsers]
        assert evaluated.count("refused") == FREE + 1
        assert outcome(password=GOOD + "!", device=known(ada), at=NOW + SECOND) == "in"

    def test_new_cookies_of_ones_own_making_buy_no_attempts(self):
        for number in range(FREE + 1):
            outcome(password="wrong", device=f"sgd_{number:064d}")
        assert outcome(password="wrong", device="sgd_" + "A" * 64) == 1

    def test_no_wait_is_longer_than_the_cap(self, app):
        with_settings(app, "passwords", max_delay=MINUTE)
        now = guess(FREE + 30)
        assert outcome(at=now) == 60
        assert outcome(at=now + MINUTE) == "in"


def test_twenty_failures_at_once_are_counted_exactly(app):
    with app.app_context():
        settings = app.extensions["signet.settings"]
        roomy = replace(settings.passwords, max_waiting_hashes=100, free_attempts=100)
        app.extensions["signet.settings"] = replace(settings, passwords=roomy)

    def work(_):
        return authentication.with_password("ada", "wrong", device=None, now=NOW)

    results = race(app, 20, work)
    assert {type(result) for result in results} == {InvalidCredentialsError}
    with app.app_context():
        counts = db.session.scalars(text("SELECT failures FROM throttle_counters")).all()
        assert counts == [20, 20, 20]
        assert rows("audit_events") == 20


def known(person):
    """Return the cookie of a browser in which ``person`` has used the present password."""
    changed_at = users.password_changed_at(person.id)
    return devices.issue(person.id, password_changed_at=changed_at)


def rows(table):
    return db.session.execute(text(f"SELECT count(*) FROM {table}")).scalar()  # noqa: S608


def users_hash(username):
    query = text("SELECT password_hash FROM users WHERE username = :name")
    return db.session.execute(query, {"name": username}).scalar()
