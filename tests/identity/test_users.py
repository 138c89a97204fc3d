from datetime import timedelta

import pytest
from sqlalchemy import text

from app.audit import events
from app.core.db import db
from app.core.errors import ConflictError, InvalidInputError, NotFoundError
from app.identity import users
from app.identity.users import Changes, NewUser
from tests.identity.installation import NOW, race

pytestmark = pytest.mark.usefixtures("app_context")

GOOD = "rare words, many of them"
LATER = NOW + timedelta(hours=1)


def create(username="ada", **values):
    person = users.create(NewUser(username, **values), now=NOW)
    db.session.commit()
    return person


class TestCreating:
    def test_a_new_user_is_who_was_described(self):
        made = create(
            "Ada", email="Ada@Example.com", name=" Ada Lovelace ", roles=("staff", "admin", "staff"),
            claims={"locale": "en-GB"}, email_verified=True,
        )  # fmt: skip
        assert users.get(made.id) == made
        assert (made.username, made.email, made.name) == ("Ada", "Ada@example.com", "Ada Lovelace")
        assert made.roles == ("admin", "staff")
        assert made.claims == {"locale": "en-GB"}
        assert made.email_verified
        assert not made.disabled
        assert made.created_at == made.updated_at == NOW

    def test_what_to_call_somebody(self):
        assert create("ada", name="Ada L.").display_name == "Ada L."
        assert create("bob").display_name == "bob"

    @pytest.mark.spec("OpenID Connect Core 1.0", "2")
    def test_the_subject_is_short_ascii_and_says_nothing_of_the_name(self):
        made = create("ada")
        assert len(made.id) <= 255
        assert made.id.isascii()
        assert made.id != "ada"
        assert create("bob").id != made.id

    @pytest.mark.parametrize(
        "login", ["ada", "ADA", "ada@example.com", "Ada@EXAMPLE.com", "\uff21da"]
    )
    def test_a_user_is_found_by_name_and_address_however_written(self, login):
        made = create("Ada", email="ada@example.com")
        assert users.find(login) == made
        assert users.lookup(login) == made

    def test_a_user_is_looked_up_by_id_too(self):
        made = create()
        assert users.lookup(made.id) == made
        assert users.find(made.id) is None

    @pytest.mark.parametrize(
        "login", ["", "nobody", "a\0", "\ud800", "x" * 5000, "a@b@c", "%", "ad_"]
    )
    def test_nobody_is_found_by_anything_else(self, login):
        create("ada")
        assert users.find(login) is None
        with pytest.raises(NotFoundError):
            users.lookup(login)

    @pytest.mark.parametrize("taken", ["ada", "ADA", "\uff21\uff44\uff41"])
    def test_a_name_is_taken_in_every_spelling(self, taken):
        create("ada")
        with pytest.raises(ConflictError, match="user name"):
            create(taken)
        assert users.count() == 1

    def test_an_address_is_taken_in_every_spelling(self):
        create("ada", email="ada@example.com")
        with pytest.raises(ConflictError, match="e-mail"):
            create("bob", email="ADA@example.COM")

    def test_an_address_cannot_be_taken_as_a_user_name_by_somebody_else(self):
        create("ada", email="ada@example.com")
        with pytest.raises(InvalidInputError):
            create("ada@example.com", email="bob@example.com")
        with pytest.raises(ConflictError):
            create("ada@example.com", email="ada@example.com")

    def test_a_conflict_leaves_the_transaction_usable(self):
        create("ada")
        with pytest.raises(ConflictError):
            users.create(NewUser("ada"), now=NOW)
        users.create(NewUser("bob"), now=NOW)
        db.session.commit()
        assert users.count() == 2

    @pytest.mark.parametrize(
        ("field", "values"),
        [
            ("username", {"username": "a@b.example"}),
            ("email", {"email": "nowhere"}),
            ("email", {"email_verified": True}),
            ("name", {"name": "a\nb"}),
            ("name", {"name": "x" * 300}),
            ("password", {"password": "short"}),
            ("password", {"password": "password123"}),
            ("password", {"password": "ada-12345"}),
            ("roles", {"roles": ("two words",)}),
            ("roles", {"roles": ("",)}),
            ("claims.sub", {"claims": {"sub": "1"}}),
        ],
    )
    def test_what_is_refused_is_named_and_nothing_is_made(self, field, values):
        with pytest.raises(InvalidInputError) as refused:
            create(**{"username": "ada", **values})
        assert refused.value.field == field
        assert users.count() == 0

    def test_making_a_user_is_recorded_without_what_identifies_them(self):
        made = create("ada", email="ada@example.com", password=GOOD, roles=("staff",))
        [event] = events.tail()
        assert (event.kind, event.user_id) == ("user.created", made.id)
        assert event.detail == {"roles": ["staff"]}

    def test_no_representation_shows_a_password(self):
        assert GOOD not in repr(NewUser("ada", password=GOOD))

    def test_of_two_that_race_for_a_name_one_gets_it(self, app):
        results = race(app, 2, lambda _: users.create(NewUser("ada"), now=NOW))
        assert sorted(type(result).__name__ for result in results) == ["ConflictError", "Person"]
        assert users.count() == 1

    def test_of_two_that_race_for_an_address_one_gets_it(self, app):
        def work(number):
            return users.create(NewUser(f"user{number}", email="ada@example.com"), now=NOW)

        results = race(app, 2, work)
        assert sorted(type(result).__name__ for result in results) == ["ConflictError", "Person"]
        assert users.count() == 1


class TestFirstAdmin:
    def test_the_first_admin_is_one_and_ends_the_set_up(self):
        assert not users.any_admin()
        made = users.create_first_admin(NewUser("ada", password=GOOD), now=NOW)
        db.session.commit()
        assert made.roles == ("admin",)
        assert users.any_admin()
        assert [event.kind for event in events.tail()] == ["installation.set_up", "user.created"]

    def test_there_is_no_second_first_admin(self):
        create("ada", roles=("admin",))
        with pytest.raises(ConflictError):
            users.create_first_admin(NewUser("bob"), now=NOW)
        db.session.commit()
        assert users.count() == 1

    def test_a_disabled_admin_does_not_open_the_set_up_again(self):
        made = create("ada", roles=("admin",))
        users.disable(made.id, now=NOW)
        assert users.any_admin()

    def test_of_two_that_race_to_be_first_one_is(self, app):
        def work(number):
            return users.create_first_admin(NewUser(f"user{number}"), now=NOW)

        results = race(app, 4, work)
        kinds = sorted(type(result).__name__ for result in results)
        assert kinds == ["ConflictError"] * 3 + ["Person"]
        assert users.count() == 1

    def test_an_admin_made_otherwise_at_the_same_time_counts_too(self, app):
        def work(number):
            new = NewUser(f"user{number}", roles=("admin",) if number else ())
            make = users.create if number else users.create_first_admin
            return make(new, now=NOW)

        results = race(app, 2, work)
        first_admin, other = results
        assert not isinstance(other, Exception)
        if not isinstance(first_admin, ConflictError):
            # It went first, so when it looked there was none.
            assert users.count() == 2


class TestChanging:
    def test_only_what_is_given_changes(self):
        made = create(
            "ada", email="ada@example.com", name="Ada", roles=("staff",), email_verified=True
        )
        changed = users.update(made.id, Changes(name="Ada L."), now=LATER)
        assert changed == users.get(made.id)
        assert (changed.name, changed.email, changed.roles) == (
            "Ada L.",
            "ada@example.com",
            ("staff",),
        )
        assert changed.email_verified
        assert (changed.created_at, changed.updated_at) == (NOW, LATER)

    def test_everything_can_be_taken_away(self):
        made = create(
            "ada", email="ada@example.com", name="A", roles=("x",), claims={"gender": "f"}
        )
        changes = Changes(email=None, name=None, roles=(), claims={})
        changed = users.update(made.id, changes, now=LATER)
        assert (changed.email, changed.name, changed.roles, changed.claims) == (None, None, (), {})

    def test_a_new_address_is_unverified_unless_said_otherwise(self):
        made = create("ada", email="ada@example.com", email_verified=True)
        assert not users.update(made.id, Changes(email="ada@new.example"), now=LATER).email_verified
        changes = Changes(email="ada@newer.example", email_verified=True)
        assert users.update(made.id, changes, now=LATER).email_verified

    def test_the_same_address_in_other_letters_stays_verified(self):
        made = create("ada", email="ada@example.com", email_verified=True)
        changed = users.update(made.id, Changes(email="Ada@example.com"), now=LATER)
        assert (changed.email, changed.email_verified) == ("Ada@example.com", True)

    def test_without_an_address_there_is_nothing_to_verify(self):
        made = create("ada")
        with pytest.raises(InvalidInputError):
            users.update(made.id, Changes(email_verified=True), now=LATER)

    def test_somebody_elses_address_is_refused_and_the_transaction_goes_on(self):
        create("bob", email="bob@example.com")
        made = create("ada", email="ada@example.com")
        with pytest.raises(ConflictError):
            users.update(made.id, Changes(email="Bob@example.com"), now=LATER)
        users.update(made.id, Changes(name="Ada"), now=LATER)
        db.session.commit()
        assert users.lookup("ada").email == "ada@example.com"

    def test_of_two_that_race_for_a_new_address_one_gets_it(self, app):
        ids = [create("ada").id, create("bob").id]

        def work(number):
            return users.update(ids[number], Changes(email="new@example.com"), now=LATER)

        results = race(app, 2, work)
        assert sorted(type(result).__name__ for result in results) == ["ConflictError", "Person"]

    def test_a_user_name_that_is_the_address_follows_it(self):
        made = create("ada@example.com", email="ada@example.com")
        changed = users.update(made.id, Changes(email="ada@new.example"), now=LATER)
        assert changed.username == "ada@new.example"
        assert users.find("ada@example.com") is None
        with pytest.raises(InvalidInputError):
            users.update(made.id, Changes(email=None), now=LATER)

    def test_a_change_is_recorded_by_the_names_of_what_changed(self):
        made = create("ada")
        users.update(made.id, Changes(name="Secret Name", roles=("x",)), now=LATER)
        [event] = events.tail(limit=1)
        assert (event.kind, event.detail) == ("user.updated", {"fields": ["name", "roles"]})

    @pytest.mark.parametrize(
        "change",
        [
            lambda: users.update("nobody", Changes(), now=NOW),
            lambda: users.disable("nobody", now=NOW),
            lambda: users.enable("nobody", now=NOW),
            lambda: users.set_password("nobody", GOOD, now=NOW),
        ],
    )
    def test_nobody_cannot_be_changed(self, change):
        with pytest.raises(NotFoundError):
            change()

    def test_disabling_and_enabling_twice_is_recorded_once(self):
        made = create("ada")
        for _ in range(2):
            users.disable(made.id, now=NOW)
        assert users.get(made.id).disabled
        for _ in range(2):
            users.enable(made.id, now=NOW)
        assert not users.get(made.id).disabled
        assert [event.kind for event in events.tail()][:2] == ["user.enabled", "user.disabled"]
        assert len(events.tail()) == 3

    def test_a_password_too_weak_for_anybody_is_refused(self):
        made = create("ada")
        for weak in ("short", "password", "ada12345"):
            with pytest.raises(InvalidInputError):
                users.set_password(made.id, weak, now=NOW)

    def test_a_new_password_is_recorded_and_stored_as_a_hash_alone(self):
        made = create("ada")
        users.set_password(made.id, GOOD, now=LATER)
        [row] = db.session.execute(text("SELECT * FROM users"))
        assert row.password_hash.startswith("$argon2id$")
        assert not any(GOOD in str(value) for value in row)
        assert events.tail(limit=1)[0].kind == "password.changed"


class TestListing:
    def test_pages_go_by_name_and_miss_nobody(self):
        for name in ("Cyd", "ada", "Bob", "dan"):
            create(name)
        first = users.page(after=None, limit=3)
        assert [person.username for person in first] == ["ada", "Bob", "Cyd"]
        rest = users.page(after=first[-1].id, limit=3)
        assert [person.username for person in rest] == ["dan"]
        assert users.page(after=rest[-1].id, limit=3) == []
        assert users.page(after="nobody", limit=3) == []

    @pytest.mark.parametrize(
        ("search", "found"),
        [
            ("AD", ["ada", "madam"]),
            ("lovelace", ["ada"]),
            ("Engines.", ["ada"]),
            ("%", []),
            ("_", []),
            ("a\0", []),
            ("", ["ada", "bob", "madam"]),
        ],
    )
    def test_a_search_is_part_of_name_or_address_and_no_pattern(self, search, found):
        create("ada", email="ada@engines.example", name="Ada LOVELACE")
        create("bob")
        create("madam")
        names = [person.username for person in users.page(after=None, limit=9, search=search)]
        assert names == found
