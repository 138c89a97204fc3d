"""signet keys, sessions, db, audit, config."""

import json
import subprocess

import pytest


def test_a_first_command_prepares_an_empty_directory(signet, folder):
    assert signet("keys", "list", "--json").json[0]["state"] == "active"
    assert len(list((folder / "keys").glob("root-*.key"))) == 1


def test_where_the_settings_forbid_it_no_command_upgrades_on_the_way(signet, monkeypatch):
    monkeypatch.setenv("SIGNET_DATABASE_AUTO_UPGRADE", "false")
    monkeypatch.setenv("SIGNET_ROOT_KEY", "A" * 43)
    answer = signet("users", "list")
    assert answer.code == 3
    assert "signet db upgrade" in answer.err
    assert signet("db", "upgrade").code == 0
    assert signet("users", "list").code == 0


def test_a_new_key_is_announced_before_it_signs(signet):
    rotated = signet("keys", "rotate", "--json").json
    assert [key["state"] for key in rotated] == ["announced"]
    states = [key["state"] for key in signet("keys", "list", "--json").json]
    assert sorted(states) == ["active", "announced"]


def test_in_a_compromise_the_new_key_signs_at_once(signet):
    old = signet("keys", "list", "--json").json[0]["kid"]
    signet("keys", "rotate", "--now")
    states = {key["kid"]: key["state"] for key in signet("keys", "list", "--json").json}
    assert states.pop(old) == "gone"
    assert list(states.values()) == ["active"]


def test_an_unknown_algorithm_is_refused(signet):
    assert signet("keys", "rotate", "--algorithm", "HS256").code == 1


def test_a_key_made_elsewhere_is_imported(signet, folder):
    pem = subprocess.run(
        ["openssl", "genrsa", "2048"], capture_output=True, check=True
    ).stdout  # fmt: skip
    (folder / "key.pem").write_bytes(pem)
    answer = signet("keys", "import", "key.pem", "--algorithm", "RS256", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["state"] == "announced"
    assert "d" not in answer.json["public_jwk"]
    assert signet("keys", "import", "key.pem", "--algorithm", "RS256").code == 1
    assert signet("keys", "import", "-", "--algorithm", "RS256", stdin="nonsense").code == 1
    assert signet("keys", "import", "absent.pem", "--algorithm", "RS256").code == 2


def test_there_are_no_sessions_before_a_sign_in(signet):
    assert signet("sessions", "list", "--json").json == []
    assert signet("sessions", "revoke", "AAAAAAAAAAAAAAAAAAAAAA").code == 1
    assert signet("sessions", "list", "--user", "nobody").code == 1


def test_a_session_is_listed_and_ended(signet):
    from app.cli.context import opened
    from app.core import clock
    from app.identity import sessions
    from app.identity.authentication import ACR_SINGLE_FACTOR, Authenticated

    ada = signet("users", "create", "ada", "--email", "ada@example.org", "--json").json
    now = clock.now()
    with opened():
        who = Authenticated(
            user_id=ada["id"], acr=ACR_SINGLE_FACTOR, amr=("pwd",), auth_time=now, password_changed_at=None
        )  # fmt: skip
        session, _ = sessions.start(who, replaces=None, now=now)
    [listed] = signet("sessions", "list", "--json").json
    assert listed["id"] == session.id
    assert listed["username"] == "ada"
    assert listed["clients"] == 0
    assert listed["expires_at"] > listed["created_at"]
    assert signet("sessions", "list", "--user", "ada", "--json").json == [listed]
    assert signet("sessions", "revoke", session.id, "--json").json["ended"] is True
    assert signet("sessions", "list", "--json").json == []
    assert signet("sessions", "revoke", session.id).code == 1


def test_the_schema_is_checked_and_a_difference_noticed(signet, folder):
    import sqlite3

    assert signet("db", "upgrade", "--json").json["upgraded"] is True
    assert signet("db", "upgrade", "--json").json["upgraded"] is False
    assert signet("db", "check", "--json").json["differences"] == []
    connection = sqlite3.connect(folder / "signet.sqlite3")
    connection.execute("DROP TABLE denied_tokens")
    connection.commit()
    connection.close()
    answer = signet("db", "check", "--json")
    assert answer.code == 1
    assert any("denied_tokens" in each for each in answer.json["differences"])


def test_a_check_makes_nothing(signet, folder):
    assert signet("db", "check").code == 1
    assert not (folder / "keys").exists()


def test_the_statistics_count_every_table(signet):
    signet("users", "create", "ada", "--email", "ada@example.org")
    stats = signet("db", "stats", "--json").json
    assert stats["rows"]["users"] == 1
    assert stats["rows"]["grants"] == 0
    assert stats["bytes"] > 0


def test_a_purge_deletes_what_is_over_and_nothing_else(signet):
    from datetime import timedelta

    from sqlalchemy import update

    from app.cli.context import opened
    from app.core import clock
    from app.core.db import db
    from app.models.audit import AuditEvent

    signet("users", "create", "ada", "--email", "ada@example.org")
    with opened():
        long_ago = clock.now() - timedelta(days=5000)
        db.session.execute(
            update(AuditEvent).where(AuditEvent.kind == "key.created").values(at=long_ago)
        )
    assert signet("db", "purge", "--json").json["deleted"]["audit_events"] == 1
    kinds = [event["kind"] for event in signet("audit", "tail", "--json").json]
    assert kinds == ["user.created"]


def test_the_audit_names_who_used_the_command_line(signet):
    signet("users", "create", "ada", "--email", "ada@example.org")
    [event] = signet("audit", "tail", "--kind", "user.created", "--json").json
    assert event["actor"].startswith("cli:")
    assert signet("audit", "tail", "--kind", "nonsense").code == 2


def test_who_follows_the_audit_sees_each_event_once(signet, monkeypatch, capsys):
    from app.cli import audit

    signet("users", "create", "ada", "--email", "ada@example.org")
    pauses = iter([None, None])

    def pause(_seconds):
        if next(pauses, "over") == "over":
            raise KeyboardInterrupt

    monkeypatch.setattr(audit.time, "sleep", pause)
    answer = signet("audit", "tail", "--follow", "--json")
    assert answer.code == 130
    events = [json.loads(line) for line in answer.out.splitlines()]
    assert [event["kind"] for event in events] == ["key.created", "user.created"]


def test_secrets_among_the_settings_stay_hidden(signet, monkeypatch, folder):
    monkeypatch.setenv("SIGNET_METRICS_TOKEN", "do-not-show-me")
    (folder / "signet.toml").write_text('[server]\nproduct_name = "Door"\n')
    answer = signet("config", "show", "--json")
    assert "do-not-show-me" not in answer.out
    shown = {each["setting"]: (each["value"], each["source"]) for each in answer.json}
    assert shown["SIGNET_METRICS_TOKEN"] == ("(hidden)", "environment")
    assert shown["SIGNET_PRODUCT_NAME"] == ("Door", "signet.toml")
    assert shown["SIGNET_ACCESS_TOKEN_LIFETIME"] == ("10m", "default")


def test_config_check_tells_the_issuer(signet, monkeypatch):
    monkeypatch.setenv("SIGNET_ISSUER", "https://id.example")
    assert signet("config", "check", "--json").json == {"ok": True, "issuer": "https://id.example"}


@pytest.mark.parametrize("issuer", ["http://id.example", "https://id.example/path", "nonsense"])
def test_config_check_refuses_an_issuer_that_cannot_be(signet, monkeypatch, issuer):
    monkeypatch.setenv("SIGNET_ISSUER", issuer)
    answer = signet("config", "check")
    assert answer.code == 3
    assert answer.err.startswith("signet: error: SIGNET_ISSUER")


def test_an_empty_outbox_is_an_empty_list_and_noughts(signet):
    assert signet("sessions", "deliveries", "--json").json == []
    figures = signet("sessions", "deliveries", "--figures", "--json").json
    assert figures == {"due": 0, "delivered": 0, "refused": 0, "gave_up": 0, "not_wanted": 0}


def test_a_place_in_the_outbox_names_session_and_client(signet):
    assert signet("sessions", "deliveries", "--after", "a:b", "--json").json == []
    assert signet("sessions", "deliveries", "--after", "a").code == 2
