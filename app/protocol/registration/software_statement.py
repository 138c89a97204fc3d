"""Software statements: metadata that somebody whom we trust vouches for.

Specs:
    RFC 7591 section 2.3      a signed JWT; what it says outweighs what is said beside it
    RFC 7591 section 3.2.2    invalid_software_statement, unapproved_software_statement
    RFC 8725 sections 3.1, 3.8, 3.12

Whose statements count is a setting, and so is where their keys are: nothing in a statement leads
us anywhere.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.core import config, outbound
from app.core.algorithm_names import ASYMMETRIC
from app.core.clock import epoch
from app.core.outbound import OutboundRefusedError
from app.jose import foreign_jwt, foreign_keys
from app.jose.foreign_jwt import ForeignTokenInvalidError, Rules, Window
from app.jose.foreign_keys import KeySetInvalidError
from app.protocol.errors import OAuthError
from app.protocol.registration.schema import STANDARD_MEMBERS

_RULES = Rules(ASYMMETRIC, (None, "software-statement+jwt"))
_LONGEST = timedelta(days=36500)


def check_issuer(statement: Any) -> str:
    """Return where the keys of the issuer of ``statement`` are, before anything was spent on it.

    Raises:
        OAuthError: invalid_software_statement: it is no JWT; unapproved_software_statement: its
            issuer is none of those that the operator named.
    """
    if not isinstance(statement, str):
        raise _invalid("not a text")
    try:
        issuer = foreign_jwt.peek(statement).claims.get("iss")
    except ForeignTokenInvalidError as error:
        raise _invalid(error.detail) from None
    pairs = (
        each.partition("=") for each in config.current().registration.software_statement_issuers
    )
    known = {name: jwks_uri for name, _, jwks_uri in pairs}
    if not isinstance(issuer, str) or issuer not in known:
        raise OAuthError(
            "unapproved_software_statement", "The issuer of the software statement is not known."
        )
    return known[issuer]


def claims(statement: str, *, now: datetime) -> Mapping[str, Any]:
    """Return the client metadata that ``statement`` vouches for. It fetches keys.

    Raises:
        OAuthError: as ``check_issuer``; invalid_software_statement also: it is not what its issuer
            signed, or its time is over.
    """
    jwks_uri = check_issuer(statement)
    try:
        keys = foreign_keys.parse(outbound.fetch_json(jwks_uri))
        found = foreign_jwt.verify(statement, keys, _RULES)
        _check_times(found, now=now)
    except (ForeignTokenInvalidError, KeySetInvalidError, OutboundRefusedError) as error:
        raise _invalid(error.detail) from None
    audience = found.get("aud", config.current().issuer)
    if config.current().issuer not in (audience if isinstance(audience, list) else [audience]):
        raise _invalid("it is for somebody else")
    return vouched_for(found)


def kept(statement: str | None) -> Mapping[str, Any]:
    """Return what a statement vouches for that was verified when it was stored; nothing for none."""
    return {} if statement is None else vouched_for(foreign_jwt.peek(statement).claims)


def vouched_for(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the client metadata among the claims of a statement."""
    told = (*STANDARD_MEMBERS, "response_types")
    return {name: found[name] for name in told if found.get(name) is not None}


def _check_times(found: Mapping[str, Any], *, now: datetime) -> None:
    window = Window(skew=config.current().keys.clock_skew, longest=_LONGEST)
    # It may hold for as long as the software does.
    endless = {"exp": epoch(now) + 1 + int(window.longest.total_seconds())}
    foreign_jwt.check_times({**endless, **found}, window, now=now)


def _invalid(detail: str | None) -> OAuthError:
    return OAuthError(
        "invalid_software_statement", "The software statement is not valid.", detail=detail
    )
