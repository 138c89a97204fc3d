"""response_mode=query: parameters are appended, and what was registered stays as it is.

Specs:
    RFC 6749 section 4.1.2                    in the query, form-urlencoded
    Multiple Response Types 1.0 section 2.1   the mode by name
"""

from collections.abc import Mapping
from urllib.parse import urlencode

from app.protocol.authorization.response import AuthorizationResponse


def location(response: AuthorizationResponse) -> str:
    """Return the URL to redirect to. A registered URI has no fragment, so the query is its end."""
    return appended(response.redirect_uri, response.parameters)


def appended(uri: str, parameters: Mapping[str, str]) -> str:
    """Return ``uri``, to the letter, with ``parameters`` behind its own query."""
    joint = "?" if "?" not in uri else "" if uri.endswith(("?", "&")) else "&"
    return f"{uri}{joint}{urlencode(parameters)}"
