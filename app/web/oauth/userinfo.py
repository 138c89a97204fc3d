"""GET and POST /userinfo.

Specs:
    OpenID Connect Core 1.0 section 5.3    plain JSON, or the JWT that the client registered for
    RFC 6750 section 2.1, 2.2, 3    header or form, never the query; the challenge
    RFC 9728 section 5.1    which says where we are described
"""

from flask import Blueprint, Response, request

from app.core import clock, config
from app.core.errors import SignetError
from app.protocol import protected_resource, userinfo
from app.protocol.errors import OAuthError, invalid_request, translate
from app.protocol.parameters import FORM, parse_form
from app.protocol.server import error_answer
from app.web.delivery import send

blueprint = Blueprint("oauth_userinfo", __name__)
_UNAUTHORIZED = 401
_OURS = 500


@blueprint.route("/userinfo", methods=["GET", "POST"])
def claims() -> Response:
    """Answer with the claims that the token may learn."""
    try:
        token = userinfo.bearer_token(request.environ.get("HTTP_AUTHORIZATION"), _form_token())
        found = userinfo.answer(token, now=clock.now())
    except SignetError as error:
        return _refused(translate(error))
    return send(userinfo.described(found))


def _form_token() -> str | None:
    if "access_token=" in request.environ.get("QUERY_STRING", ""):
        raise invalid_request("An access token never belongs in a URL.")
    if request.method != "POST" or request.mimetype != FORM:
        return None
    return parse_form(request.get_data(), content_type=request.content_type, query="").get(
        "access_token"
    )


def _refused(error: OAuthError) -> Response:
    answer = error_answer(error)
    if error.status >= _OURS:
        # The token is fine, so nothing is asked of the caller but patience.
        return send(answer)
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
    return send(answer)
