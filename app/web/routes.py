"""Every address that Signet answers, in one place."""

from flask import Flask

from app.web import operations
from app.web.account import overview as account_overview, password as account_password
from app.web.console import (
    apis as console_apis,
    audit as console_audit,
    clients as console_clients,
    keys as console_keys,
    overview as console_overview,
    sessions as console_sessions,
    users as console_users,
)
from app.web.interaction import consent, login, select_account, set_up, shown_client
from app.web.oauth import (
    authorization,
    end_session,
    introspection,
    revocation,
    token,
    userinfo,
)

_VIEWS = (
    authorization, token, introspection, revocation, userinfo, end_session,
    login, select_account, consent, set_up, shown_client,
    account_overview, account_password,
    console_overview, console_users, console_clients, console_apis, console_sessions, console_keys,
    console_audit,
    operations,
)  # fmt: skip


def register(app: Flask) -> None:
    """Add every view to ``app``."""
    for view in _VIEWS:
        app.register_blueprint(view.blueprint)
