"""The response modes by name: how an answer travels, and whether it is signed.

Specs:
    OAuth 2.0 Multiple Response Type Encoding Practices 1.0 section 2.1    query
    OAuth 2.0 Form Post Response Mode 1.0 section 2                        form_post
    JARM 1.0 section 2.3                                                   jwt and its kin
"""

DEFAULT = "query"
_FORM_POST = "form_post"
_PLAIN = (DEFAULT, _FORM_POST)
_SECURED = ("jwt", "query.jwt", "form_post.jwt")
SUPPORTED = (*_PLAIN, *_SECURED)


def carrier(mode: str) -> str:
    """Return how an answer in ``mode`` travels: ``query`` or ``form_post``. For a code ``jwt`` means the query."""
    return _FORM_POST if mode.startswith(_FORM_POST) else DEFAULT


def is_secured(mode: str) -> bool:
    """Tell whether an answer in ``mode`` is one signed parameter."""
    return mode in _SECURED
