"""What the shell of every page shows: the product's name, its language, who is signed in."""

from typing import Any

from flask import Flask

from app.core import config
from app.identity.roles import ADMIN
from app.web import language
from app.web.interaction import browser


def configure(app: Flask) -> None:
    """Give the templates of ``app`` what their shell needs, without a look into the database."""
    settings: config.Settings = app.extensions["signet.settings"]
    app.jinja_env.globals["product_name"] = settings.server.product_name

    @app.context_processor
    def _shell() -> dict[str, Any]:
        person = browser.person_shown()
        return {
            "lang": language.current(),
            "signed_in": person,
            "show_console": person is not None and ADMIN in person.roles,
        }
