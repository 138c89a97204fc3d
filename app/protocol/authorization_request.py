"""The authorization request: built once, never changed, and able to travel through a browser.

Specs:
    RFC 6749 section 4.1.1                      the request
    OpenID Connect Core 1.0 section 3.1.2.1     its OpenID parameters
    ASVS 5.0 2.3.1                              no step can be skipped or borrowed

While a person signs in the request travels as a signed blob that is bound to the browser by a cookie and expires;
the server stores nothing for people who never come back.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

from itsdangerous import BadData

from app.core import config, root_key
from app.core.errors import SignetError
from app.core.root_key import RootKeys
from app.core.secrets import digest, equal
from app.core.signed_text import SignedText


class InteractionInvalidError(SignetError):
    """The blob is not ours, or belongs to another browser. Nothing in it is believed."""

    public = (
        "This sign-in was not started in this browser, or cookies are off. "
        "Please go back to the application and start again."
    )


class InteractionExpiredError(SignetError):
    """The person took longer than the installation allows. They start again at the client."""

    public = "This sign-in took too long. Please go back to the application and start again."


@dataclass(frozen=True)
class AuthorizationRequest:
    """A validated request. ``issued_at`` is when it arrived, in seconds since 1970 with fractions."""

    client_id: str
    redirect_uri: str
    response_mode: str
    scope: tuple[str, ...]
    resources: tuple[str, ...]
    state: str | None
    nonce: str | None
    code_challenge: str | None
    prompt: tuple[str, ...]
    max_age: int | None
    login_hint: str | None
    hinted_subject: str | None
    ui_locales: tuple[str, ...]
    acr_values: tuple[str, ...]
    issued_at: float
    # The session that the person chose to go on with (prompt=select_account).
    chosen_session: str | None = None
    # The row of the pushed request that it came as; it is spent with the answer.
    pushed_id: str | None = None
    # The claims parameter as canonical JSON, and the scopes that own what it asks for beyond ``scope``.
    claims: str | None = None
    wanted_claim_scope: tuple[str, ...] = ()
    # One of these has to be reached; () is no condition.
    required_acr: tuple[str, ...] = ()
    is_signed: bool = False

    def choosing(self, session_id: str) -> "AuthorizationRequest":
        """Return the same request with the account question answered."""
        return replace(self, chosen_session=session_id)


def seal(request: AuthorizationRequest, *, browser_id: str) -> str:
    """Return ``request`` as a signed blob for the browser ``browser_id`` alone."""
    body = {
        name: value
        for name, value in vars(request).items()
        # ``max_age`` may be 0, and that is not nothing.
        if value not in (None, (), []) and value is not False
    }
    sealed = _serializer(root_key.current()).dumps({"request": body, "browser": digest(browser_id)})
    return sealed if isinstance(sealed, str) else sealed.decode("ascii")


def unseal(blob: str, *, browser_id: str, now: datetime) -> AuthorizationRequest:
    """Return the request in ``blob``.

    Raises:
        InteractionInvalidError: it is not one that we gave to this browser.
        InteractionExpiredError: it is too old.
    """
    request, browser = _opened(root_key.current(), blob)
    if not equal(browser, digest(browser_id)):
        raise InteractionInvalidError(detail="the blob is another browser's")
    if (
        now.timestamp() - request.issued_at
        > config.current().tokens.interaction_lifetime.total_seconds()
    ):
        raise InteractionExpiredError
    return request


# Page and form bring the same blob. What is not ours raises, and is not remembered.
@lru_cache(maxsize=256)
def _opened(keys: RootKeys, blob: str) -> tuple[AuthorizationRequest, str]:
    """Return what is in ``blob``, and the digest of the browser that it belongs to."""
    try:
        content = _serializer(keys).loads(blob)
    except BadData:
        raise InteractionInvalidError(detail="the blob is not ours") from None
    return _from_json(content["request"]), content["browser"]


def _from_json(body: dict[str, Any]) -> AuthorizationRequest:
    # Signed by us in this form, so the names are those of the dataclass; JSON made lists of the tuples.
    absent: dict[str, Any] = dict.fromkeys(
        ("state", "nonce", "code_challenge", "max_age", "login_hint", "hinted_subject")
    )
    absent |= dict.fromkeys(("scope", "resources", "prompt", "ui_locales", "acr_values"), ())
    values = {
        name: tuple(value) if isinstance(value, list) else value for name, value in body.items()
    }
    return AuthorizationRequest(**{**absent, **values})


@lru_cache(maxsize=2)
def _serializer(keys: RootKeys) -> SignedText:
    # itsdangerous signs with the last and accepts any.
    secrets = [key.derive("authorization-request") for key in reversed(keys.keys)]
    return SignedText(
        secrets, salt="authorization-request", signer_kwargs={"digest_method": sha256}
    )
