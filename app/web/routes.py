"""Every address that Signet answers, in one place."""

from flask import Flask

from app.web import operations
from app.web.account import overview as account_overview
from app.web.account import password as account_password
from app.web.console import (
    apis as console_apis,
)
from app.web.console import (
    audit as console_audit,
)
from app.web.console import (
    clients as console_clients,
)
from app.web.console import (
    keys as console_keys,
)
from app.web.console import (
    overview as console_overview,
)
from app.web.console import (
    sessions as console_sessions,
)
from app.web.console import (
    users as console_users,
)
from app.web.interaction import (
    consent,
    device,
    front_channel_logout,
    login,
    select_account,
    set_up,
    shown_client,
)
from app.web.oauth import (
    authorization,
    device_authorization,
    end_session,
    introspection,
    par,
    protected_resource,
    registration,
    revocation,
    token,
    userinfo,
)

_VIEWS = (
    authorization, par, device_authorization, token, introspection, revocation, userinfo,
    end_session, registration, protected_resource,
    login, select_account, consent, device, set_up, shown_client, front_channel_logout,
    account_overview, account_password,
    console_overview, console_users, console_clients, console_apis, console_sessions, console_keys,
    console_audit,
    operations,
)  # fmt: skip


def register(app: Flask) -> None:
    """Add every view to ``app``."""
    for view in _VIEWS:
        app.register_blueprint(view.blueprint)
