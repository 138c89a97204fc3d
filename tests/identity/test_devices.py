import pytest

from app.core.root_key import RootKey, RootKeys
from app.identity import devices
from tests.identity.installation import installed


@pytest.fixture(autouse=True)
def app(tmp_path):
    with installed(tmp_path) as made, made.app_context():
        yield made


def test_a_browser_is_known_for_whom_it_was_issued():
    value = devices.issue("ada")
    assert devices.is_known(value, "ada")
    assert not devices.is_known(value, "bob")
    assert value != devices.issue("ada")


def test_no_changed_value_is_known():
    value = devices.issue("ada")
    for place in range(len(value)):
        other = "A" if value[place] != "A" else "B"
        assert not devices.is_known(value[:place] + other + value[place + 1 :], "ada")


@pytest.mark.parametrize(
    "value", [None, "", "sgd_", "sgd_" + "A" * 64, "sgd_" + "\u00e4" * 64, "x" * 9999]
)
def test_nothing_else_is_known(value):
    assert not devices.is_known(value, "ada")


def test_a_browser_stays_known_while_the_older_root_key_is_present(app):
    value = devices.issue("ada")
    old = app.extensions["signet.root_keys"]
    new = RootKey.of(b"n" * 32)
    app.extensions["signet.root_keys"] = RootKeys((new, *old.keys))
    assert devices.is_known(value, "ada")
    app.extensions["signet.root_keys"] = RootKeys((new,))
    assert not devices.is_known(value, "ada")
