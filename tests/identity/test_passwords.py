import base64

import pytest
import structlog
from argon2 import extract_parameters

from app.core.errors import InvalidInputError
from app.identity import passwords
from tests.identity.installation import installed, with_settings


@pytest.fixture
def app(tmp_path):
    """Nothing here asks the database."""
    with installed(tmp_path) as made, made.app_context():
        yield made


GOOD = "rare words, many of them"


@pytest.mark.usefixtures("app")
class TestHashing:
    @pytest.mark.spec("ASVS 5.0", "11.4.2")
    def test_a_hash_is_argon2id_with_the_parameters_of_the_settings(self, app):
        with_settings(app, "passwords", argon2_memory_kib=20480, argon2_time_cost=1)
        found = extract_parameters(passwords.hash_password(GOOD))
        assert found.type.name == "ID"
        assert (found.memory_cost, found.time_cost, found.parallelism) == (20480, 1, 1)

    def test_two_hashes_of_one_password_differ(self):
        assert passwords.hash_password(GOOD) != passwords.hash_password(GOOD)

    @pytest.mark.spec("ASVS 5.0", "6.2.8")
    @pytest.mark.parametrize(
        "other", [GOOD.upper(), GOOD + " ", " " + GOOD, GOOD[:-1], GOOD + "\0", "", GOOD + "\n"]
    )
    def test_a_password_is_compared_byte_for_byte(self, other):
        stored = passwords.hash_password(GOOD)
        assert passwords.verify(stored, GOOD).ok
        assert not passwords.verify(stored, other).ok

    def test_no_letter_beyond_any_length_is_ignored(self):
        stored = passwords.hash_password("x" * 1000 + "a")
        assert not passwords.verify(stored, "x" * 1000 + "b").ok

    def test_two_forms_of_one_letter_are_two_passwords(self):
        stored = passwords.hash_password("caf\u00e9 und kuchen am morgen")
        assert not passwords.verify(stored, "cafe\u0301 und kuchen am morgen").ok

    @pytest.mark.parametrize("password", ["", GOOD, "\ud800", "x" * 70_000, "\0"])
    def test_without_a_hash_no_password_is_right(self, password):
        assert passwords.verify(None, password) == passwords.Verdict(ok=False, rehash=False)

    def test_the_decoy_costs_what_a_hash_costs(self, app):
        with_settings(app, "passwords", argon2_time_cost=4)
        decoy = extract_parameters(passwords._decoy(passwords._hasher()))
        assert decoy == extract_parameters(passwords.hash_password(GOOD))

    def test_a_hash_that_nobody_can_read_is_refused_and_logged(self):
        with structlog.testing.capture_logs() as lines:
            verdict = passwords.verify("$argon2id$broken", GOOD)
        assert verdict == passwords.Verdict(ok=False, rehash=False)
        assert [line["event"] for line in lines] == ["password_hash.unreadable"]
        assert "broken" not in str(lines)

    def test_a_hash_of_other_parameters_is_to_be_renewed(self, app):
        stored = passwords.hash_password(GOOD)
        assert not passwords.verify(stored, GOOD).rehash
        with_settings(app, "passwords", argon2_time_cost=3)
        assert passwords.verify(stored, GOOD).rehash
        assert not passwords.verify(stored, "wrong").rehash

    def test_a_hash_tells_nothing_of_the_password(self):
        stored = passwords.hash_password(GOOD)
        assert GOOD not in stored
        assert base64.b64encode(GOOD.encode()).decode().rstrip("=") not in stored


class TestChoosing:
    def refused(self, password, *, minimum=15, context=()):
        with pytest.raises(InvalidInputError) as error:
            passwords.check_acceptable(password, minimum=minimum, context=context)
        assert error.value.field == "password"
        assert password not in str(error.value)
        return error.value.public

    @pytest.mark.spec("ASVS 5.0", "6.2.1")
    def test_a_short_password_is_refused(self):
        assert "15" in self.refused("kx8vq2mtzr4wgh")
        passwords.check_acceptable("kx8vq2mtzr4wghp", minimum=15, context=())

    def test_length_is_counted_in_characters(self):
        passwords.check_acceptable("\u00e4\u6f22\u5b57\u00f6\u00fckx8v", minimum=9, context=())
        self.refused("\u6f22\u5b57\u00e4\u00f6\u00fc", minimum=9)

    @pytest.mark.spec("ASVS 5.0", "6.2.5")
    @pytest.mark.parametrize(
        "password", ["onlylowercaselettershere", "7391048265519284730", "    kx8v q2mt   zr4w"]
    )
    def test_no_kind_of_character_is_demanded(self, password):
        passwords.check_acceptable(password, minimum=15, context=())

    @pytest.mark.spec("ASVS 5.0", "6.2.9")
    def test_a_long_passphrase_is_accepted_up_to_the_limit(self):
        passwords.check_acceptable(("kx8vq2mt zr4wghpb " * 60)[:1023] + "!", minimum=15, context=())
        self.refused(("kx8vq2mt zr4wghpb " * 60)[:1024] + "!")

    def test_a_common_password_is_refused_however_long(self):
        self.refused("passwordpassword")
        self.refused("ada.lovelace1815", context=("ada.lovelace",))
