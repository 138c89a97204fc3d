"""The set-up link."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from app.core import secrets
from app.core.root_key import RootKey, RootKeys
from app.identity import set_up
from app.identity.set_up import SetUpLinkInvalidError

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def _application(*keys):
    app = Flask("test")
    app.extensions["signet.root_keys"] = RootKeys(tuple(RootKey.of(key * 32) for key in keys))
    return app.app_context()


def test_a_link_works_for_an_hour():
    with _application(b"a"):
        token = set_up.issue_token(NOW)
        set_up.check_token(token, NOW)
        set_up.check_token(token, NOW + timedelta(minutes=59))
        with pytest.raises(SetUpLinkInvalidError):
            set_up.check_token(token, NOW + timedelta(minutes=60))


@pytest.mark.parametrize("token", [None, "", "A", "=", "a b", "\udcff", "A" * 54, "A" * 5000])
def test_anything_else_is_refused(token):
    with _application(b"a"), pytest.raises(SetUpLinkInvalidError):
        set_up.check_token(token, NOW)


def test_no_bit_of_a_link_can_be_changed():
    with _application(b"a"):
        raw = secrets.decode(set_up.issue_token(NOW))
        for position in range(len(raw) * 8):
            changed = bytearray(raw)
            changed[position // 8] ^= 1 << position % 8
            with pytest.raises(SetUpLinkInvalidError):
                set_up.check_token(secrets.encode(bytes(changed)), NOW)


def test_a_link_of_another_installation_is_refused():
    with _application(b"a"):
        token = set_up.issue_token(NOW)
    with _application(b"b"), pytest.raises(SetUpLinkInvalidError):
        set_up.check_token(token, NOW)
    with _application(b"b", b"a"):
        set_up.check_token(token, NOW)
