"""Names of scopes: how they are written, and which are ours.

Specs:
    RFC 6749 section 3.3                          the syntax
    OpenID Connect Core 1.0 sections 5.4 and 11   the standard ones
"""

import re

from app.core import claim_names

STANDARD = claim_names.STANDARD_SCOPES
_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,128}")


def is_token(scope: str) -> bool:
    """Tell whether ``scope`` is one scope token; 128 characters are a limit of ours."""
    return isinstance(scope, str) and _TOKEN.fullmatch(scope) is not None
