"""create_app(): the table of contents of the product."""

from collections.abc import Collection

from flask import Flask

from app.clients.metadata import GRANT_TYPES, offered_grant_types
from app.core import db, logging, root_key, settings_loader
from app.core.config import Settings
from app.core.resources import directory
from app.jobs import ticker
from app.protocol.server import SignetServer
from app.protocol.token.grants.authorization_code import AuthorizationCodeGrant
from app.protocol.token.grants.client_credentials import ClientCredentialsGrant
from app.protocol.token.grants.device_code import DeviceCodeGrant
from app.protocol.token.grants.refresh_token import RefreshTokenGrant
from app.web import csrf, edge, language, routes
from app.web.application import Application
from app.web.interaction import shell

GRANTS = (AuthorizationCodeGrant, RefreshTokenGrant, ClientCredentialsGrant, DeviceCodeGrant)


def create_app(settings: Settings | None = None, *, with_jobs: bool = True) -> Flask:
    """Return the application of ``settings``, or of the environment's.

    Without ``with_jobs`` it has no thread yet and may be forked; each copy then calls ``start_jobs``.

    Raises:
        ConfigurationError: the settings are not usable, or there is no root key.
    """
    settings = settings or settings_loader.load()
    logging.configure(settings)
    app = Application(
        "app",
        template_folder=str(directory("templates")),
        static_folder="web/static",
        static_url_path="/static",
    )
    app.extensions["signet.settings"] = settings
    app.extensions["signet.root_keys"] = root_key.load(
        settings.keys.directory, settings.keys.root_key
    )
    db.init(app, settings)
    edge.install(app)
    csrf.configure(app, app.extensions["signet.root_keys"])
    language.configure(app)
    shell.configure(app)
    app.extensions["signet.authorization_server"] = authorization_server(
        offered_grant_types(settings)
    )
    routes.register(app)
    if with_jobs:
        start_jobs(app)
    return app


def start_jobs(app: Flask) -> None:
    """Start the periodic work of this process, unless the settings leave it to others."""
    ticker.start(app, app.extensions["signet.settings"])


def authorization_server(offered: Collection[str] = GRANT_TYPES) -> SignetServer:
    """Return the Authlib server with those of the grant types that we speak which are ``offered``."""
    server = SignetServer()
    for grant in GRANTS:
        if grant.GRANT_TYPE in offered:
            server.register_grant(grant)
    return server
