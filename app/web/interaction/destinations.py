"""Where a person may be sent after signing in for no application: to our own pages alone.

Specs:
    ASVS 5.0 3.7.2    redirects only to where we meant to send people
    RFC 9700 4.11     no open redirector
"""

import re

# One of our areas, then more path and query of harmless characters: no host, no backslash, nothing
# encoded twice.
_LOCAL = re.compile(r"/(?:account|console|device)(?:[/?][A-Za-z0-9/_.~=&?%+-]*)?")
HOME = "/account"


def local(path: str | None) -> str:
    """Return ``path`` if it leads to a page of the account, the console or devices, else the account."""
    if path is None or not _LOCAL.fullmatch(path):
        return HOME
    # A segment of dots would climb out of the area that was just checked.
    return HOME if "/." in path or "//" in path else path
