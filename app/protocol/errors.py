"""Our errors as the wire knows them: one table from what went wrong to an OAuth error code.

Specs:
    RFC 6749 section 4.1.2.1    errors of the authorization endpoint
    RFC 6749 section 5.2        errors of the token endpoint
    RFC 6750 section 3.1        errors of a protected resource
    OpenID Connect Core 1.0 section 3.1.2.6
    RFC 8707 section 2          invalid_target
    RFC 8628 section 3.5        what a waiting device hears

A code with status 5xx never says why; the log does, under the request's id.
"""

import re

from authlib.oauth2.base import OAuth2Error

from app.core.errors import SignetError, UnavailableError
from app.core.outbound import OutboundRefusedError
from app.jose.foreign_keys import NoEncryptionKeyError
from app.jose.signing_keys import NoSigningKeyError
from app.throttle.counters import ThrottledError
from app.tokens.authorization_codes import AuthorizationCodeInvalidError
from app.tokens.device_codes import (
    AuthorizationPendingError,
    DeviceCodeExpiredError,
    DeviceCodeInvalidError,
    DeviceDeniedError,
    SlowDownError,
)
from app.tokens.refresh_tokens import RefreshTokenInvalidError

# RFC 6749 section 5.2: %x20-21 / %x23-5B / %x5D-7E. Anything else becomes an apostrophe.
_FORBIDDEN = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")


class OAuthError(SignetError):
    """A request is refused with an OAuth error code. ``public`` becomes ``error_description``."""

    # Seconds after which it may be tried again, where that is known.
    retry_after: int | None = None

    def __init__(
        self, code: str, public: str, *, status: int = 400, detail: str | None = None
    ) -> None:
        self.code = code
        self.status = status
        super().__init__(public, detail=detail)

    @property
    def description(self) -> str:
        """Return the description in the characters that RFC 6749 allows."""
        return _FORBIDDEN.sub("'", self.public)


def invalid_request(public: str) -> OAuthError:
    """Return the error for a request that is malformed."""
    return OAuthError("invalid_request", public)


def invalid_client(*, detail: str) -> OAuthError:
    """Return the one error for every failure to authenticate a client: it never says which part was wrong."""
    return OAuthError("invalid_client", "Client authentication failed.", status=401, detail=detail)


TABLE: tuple[tuple[type[SignetError], str, int], ...] = (
    (AuthorizationCodeInvalidError, "invalid_grant", 400),
    (RefreshTokenInvalidError, "invalid_grant", 400),
    (DeviceCodeInvalidError, "invalid_grant", 400),
    (AuthorizationPendingError, "authorization_pending", 400),
    (SlowDownError, "slow_down", 400),
    (DeviceCodeExpiredError, "expired_token", 400),
    (DeviceDeniedError, "access_denied", 400),
    # It could only be answered in clear, and nothing was spent.
    (NoEncryptionKeyError, "invalid_request", 400),
    (OutboundRefusedError, "invalid_request", 400),
    (ThrottledError, "temporarily_unavailable", 429),
    (NoSigningKeyError, "temporarily_unavailable", 503),
    (UnavailableError, "temporarily_unavailable", 503),
)


def translate(error: SignetError | OAuth2Error) -> OAuthError:
    """Return ``error`` as an OAuth error; what the table does not know is raised again.

    Raises:
        SignetError: it is not one that the protocol has a word for; the edge answers it.
    """
    if isinstance(error, OAuthError):
        return error
    if isinstance(error, OAuth2Error):
        return OAuthError(
            str(error.error), str(error.description or "The request was refused."),
            status=error.status_code,
        )  # fmt: skip
    for kind, code, status in TABLE:
        if isinstance(error, kind):
            refused = OAuthError(code, error.public, status=status, detail=error.detail)
            refused.retry_after = getattr(error, "retry_after", None)
            return refused
    raise error
