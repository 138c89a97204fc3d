from datetime import timedelta

import pytest

from app.core.root_key import RootKey, RootKeys
from app.identity import devices
from tests.identity.installation import NOW, installed


@pytest.fixture(autouse=True)
def app(tmp_path):
    with installed(tmp_path) as made, made.app_context():
        yield made


def issue(user_id="ada", since=NOW):
    return devices.issue(user_id, password_changed_at=since)


def is_known(value, user_id="ada", since=NOW):
    return devices.is_known(value, user_id, password_changed_at=since)


def test_a_browser_is_known_for_whom_it_was_issued():
    value = issue()
    assert is_known(value)
    assert not is_known(value, "bob")
    assert value != issue()


@pytest.mark.spec("ASVS 5.0", "6.3.1")
@pytest.mark.parametrize("since", [None, NOW - timedelta(days=1), NOW + timedelta(microseconds=1)])
def test_a_browser_known_for_one_password_is_unknown_for_any_other(since):
    assert not is_known(issue(), since=since)
    assert not is_known(issue(since=since))
    assert is_known(issue(since=since), since=since)


def test_no_changed_value_is_known():
    value = issue()
    for place in range(len(value)):
        other = "A" if value[place] != "A" else "B"
        assert not is_known(value[:place] + other + value[place + 1 :])


@pytest.mark.parametrize(
    "value", [None, "", "sgd_", "sgd_" + "A" * 64, "sgd_" + "\u00e4" * 64, "x" * 9999]
)
def test_nothing_else_is_known(value):
    assert not is_known(value)


def test_a_browser_stays_known_while_the_older_root_key_is_present(app):
    value = issue()
    old = app.extensions["signet.root_keys"]
    new = RootKey.of(b"n" * 32)
    app.extensions["signet.root_keys"] = RootKeys((new, *old.keys))
    assert is_known(value)
    app.extensions["signet.root_keys"] = RootKeys((new,))
    assert not is_known(value)
