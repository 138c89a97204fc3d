import pytest

from app.identity.common_passwords import is_guessable

ADA = ("ada.lovelace", "ada.lovelace@engines.example", "Signet")


@pytest.mark.spec("ASVS 5.0", "6.2.4")
@pytest.mark.parametrize(
    "password",
    [
        "password", "password1", "passwordpassword", "Password123!", "P@ssw0rd2024!", "passw0rd", "12345678",
        "123456789012345", "11111111", "qwertyuiop", "qwertyuiopasdfghjkl", "1q2w3e4r5t6y7u8i9o0p", "1qaz2wsx",
        "!QAZ2wsx", "zaq12wsx", "iloveyou", "iloveyou2020!", "princess1", "sunshine", "football", "baseball",
        "letmein1", "trustno1", "starwars", "superman12", "michael1", "jennifer", "dragon12345", "access14",
        "asdfasdf", "abcabcabcabcabcabc", "abcdefghijklmnop", "hunter2hunter2", "changeme123", "welcome123",
        "admin12345", "administrator", "monkey123456789", "aaaaaaaaaaaaaaaa", "98765432109876", "schalke04",
    ],
)  # fmt: skip
def test_a_common_password_is_recognised(password):
    assert is_guessable(password)


@pytest.mark.spec("ASVS 5.0", "6.2.11")
@pytest.mark.parametrize(
    "password",
    [
        "ada.lovelace",
        "lovelace1815",
        "Lovelace-Signet",
        "signetsignet",
        "S1gnet123456789!",
        "engines2024!",
    ],
)
def test_words_that_a_guesser_knows_are_recognised(password):
    assert is_guessable(password, context=ADA)
    assert not is_guessable("differential-engine-brass-cog", context=ADA)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple", "xk7!q9Lm", "Kx8vQ2mT", "sunshine-football-dragon-monkey",
        "wer reitet so sp\u00e4t durch nacht", "Tr0ub4dor&3", "\u6625\u306f\u3042\u3051\u307c\u306e",
        "correct-horse-battery-staple", "Password-for-tests-1",
    ],
)  # fmt: skip
def test_a_password_of_many_pieces_passes(password):
    assert not is_guessable(password, context=ADA)


def test_the_longest_password_is_judged_quickly():
    assert not is_guessable("\u00e4 b9" * 300)
    assert is_guessable("a" * 1024)
