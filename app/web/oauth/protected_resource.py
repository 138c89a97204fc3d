"""What APIs say about themselves: /.well-known/oauth-protected-resource/userinfo and /resources/metadata.

Specs:
    RFC 9728 section 3.1, 3.2      where it is asked for, and the answer
    Fetch Standard section 3.3     open to every origin, like all metadata
"""

import json
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from app.protocol import protected_resource
from app.web.application import Answer

blueprint = Blueprint("oauth_protected_resource", __name__)

_METHODS = ["GET", "OPTIONS"]
_MAX_AGE = 300
_PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "86400",
    "Allow": "GET, HEAD, OPTIONS",
}


@blueprint.route(
    protected_resource.USERINFO_PATH, methods=_METHODS, provide_automatic_options=False
)
def userinfo() -> Response:
    """Describe our own userinfo endpoint."""
    if request.method == "OPTIONS":
        return Response(status=204, headers=_PREFLIGHT)
    return _told(protected_resource.userinfo())


@blueprint.route(protected_resource.APIS_PATH, methods=_METHODS, provide_automatic_options=False)
def api() -> Response:
    """Describe a registered API."""
    if request.method == "OPTIONS":
        return Response(status=204, headers=_PREFLIGHT)
    return _told(protected_resource.asked_for(request.query_string))


def _told(document: Mapping[str, Any]) -> Response:
    response = Answer(json.dumps(document), mimetype="application/json")
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.cache_control.public = True
    response.cache_control.max_age = _MAX_AGE
    response.add_etag()
    response.make_conditional(request)
    return response
