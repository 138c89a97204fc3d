"""GET and POST /userinfo.

Specs:
    OpenID Connect Core 1.0 section 5.3    plain JSON, or the JWT that the client registered for
    RFC 6750 section 2.1, 2.2, 3    header or form, never the query; the challenge
    RFC 9728 section 5.1    which says where we are described
"""

from typing import Any

from flask import Blueprint

from app.core import clock, config
from app.core.errors import SignetError
from app.protocol import protected_resource, userinfo
from app.protocol.errors import OAuthError, invalid_request, translate
from app.protocol.parameters import FORM, parse_form
from app.protocol.server import Answer, error_answer
from app.web import machine_endpoints

blueprint = Blueprint("oauth_userinfo", __name__)
_UNAUTHORIZED = 401
_OURS = 500


def claims(environ: dict[str, Any]) -> Answer:
    """Answer with the claims that the token may learn."""
    try:
        token = userinfo.bearer_token(environ.get("HTTP_AUTHORIZATION"), _form_token(environ))
        found = userinfo.answer(token, now=clock.now())
    except SignetError as error:
        return _refused(translate(error))
    return userinfo.described(found)


machine_endpoints.route(blueprint, "/userinfo", claims, "GET", "POST")


def _form_token(environ: dict[str, Any]) -> str | None:
    if "access_token=" in environ.get("QUERY_STRING", ""):
        raise invalid_request("An access token never belongs in a URL.")
    if environ["REQUEST_METHOD"] != "POST":
        return None
    media_type = environ.get("CONTENT_TYPE", "")
    if media_type.partition(";")[0].strip().lower() != FORM:
        return None
    sent = machine_endpoints.body(environ)
    return parse_form(sent, content_type=media_type, query="").get("access_token")


def _refused(error: OAuthError) -> Answer:
    answer = error_answer(error)
    if error.status >= _OURS:
        # The token is fine, so nothing is asked of the caller but patience.
        return answer
    challenge = 'Bearer realm="signet"'
    if not isinstance(error, userinfo.NoTokenError):
        challenge += f', error="{error.code}", error_description="{error.description}"'
    if error.status == _UNAUTHORIZED:
        described_at = f"{config.current().issuer}{protected_resource.USERINFO_PATH}"
        challenge += f', resource_metadata="{described_at}"'
    if error.code == "insufficient_scope":
        challenge += ', scope="openid"'
    kept = [each for each in answer.headers if each[0] != "WWW-Authenticate"]
    answer.headers = [*kept, ("WWW-Authenticate", challenge)]
    return answer
