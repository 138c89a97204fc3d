"""What a JWT says, read without looking at its signature."""

import json
from typing import Any

from app.core.secrets import decode


def part(token: str, index: int) -> dict[str, Any]:
    """Return the header (0) or the claims (1) of ``token``."""
    found = json.loads(decode(token.split(".")[index]))
    assert isinstance(found, dict)
    return found
