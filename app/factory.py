"""create_app(): the table of contents of the product."""

from flask import Flask

from app.core import db, logging, root_key, settings_loader
from app.core.config import Settings
from app.core.resources import directory
from app.jobs import ticker
from app.protocol.server import SignetServer
from app.protocol.token.grants.authorization_code import AuthorizationCodeGrant
from app.protocol.token.grants.client_credentials import ClientCredentialsGrant
from app.protocol.token.grants.refresh_token import RefreshTokenGrant
from app.web import csrf, edge, language, routes
from app.web.interaction import shell

GRANTS = (AuthorizationCodeGrant, RefreshTokenGrant, ClientCredentialsGrant)


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application of ``settings``, or of the environment's.

    Raises:
        ConfigurationError: the settings are not usable, or there is no root key.
    """
    settings = settings or settings_loader.load()
    logging.configure(settings)
    app = Flask(
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
    app.extensions["signet.authorization_server"] = authorization_server()
    routes.register(app)
    ticker.start(app, settings)
    return app


def authorization_server() -> SignetServer:
    """Return the Authlib server with the grant types that we speak."""
    server = SignetServer()
    for grant in GRANTS:
        server.register_grant(grant)
    return server
