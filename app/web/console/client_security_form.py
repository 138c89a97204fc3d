"""Fields of an application beyond plain sign-in: keys, requests, answers, subjects, sign-out, claims.

Specs:
    RFC 7591 section 2                         the metadata, whose names the fields have
    OpenID Connect Registration 1.0 section 2  algorithms, subjects
    RFC 9101 section 10.5, RFC 9126 section 6  how requests have to come

What is offered follows the settings; what an application has registered stays choosable all the same.
"""

import json
from collections.abc import Iterable

from app.clients import authentication_methods, claim_mappings, metadata
from app.clients.client import TLS_NAMES, Registration
from app.core import config, strict_json
from app.core.algorithm_names import ASYMMETRIC, CONTENT_ENCRYPTION, ENCRYPTION
from app.core.errors import InvalidInputError
from app.web.console.client_everyday_form import EverydayForm
from app.web.forms import (
    BooleanField,
    Choice,
    LinesField,
    SelectField,
    StringField,
    TextAreaField,
)
from app.web.language import N_, gettext

_ONE_A_LINE = N_("One per line.")
_METHODS = {
    "client_secret_basic": N_("Secret, in the header (client_secret_basic)"),
    "client_secret_post": N_("Secret, in the body (client_secret_post)"),
    "client_secret_jwt": N_("JWT made with the secret (client_secret_jwt)"),
    "private_key_jwt": N_("JWT signed with a key of its own (private_key_jwt)"),
    "tls_client_auth": N_("Certificate of a known authority (tls_client_auth)"),
    "self_signed_tls_client_auth": N_(
        "Certificate with a registered key (self_signed_tls_client_auth)"
    ),
    "none": N_("None: it cannot keep a secret (public)"),
}
_CHOSEN = {
    "token_endpoint_auth_signing_alg": (*ASYMMETRIC, "HS256"),
    "request_object_signing_alg": ASYMMETRIC,
    "id_token_encrypted_response_alg": ENCRYPTION,
    "id_token_encrypted_response_enc": CONTENT_ENCRYPTION,
    "userinfo_encrypted_response_alg": ENCRYPTION,
    "userinfo_encrypted_response_enc": CONTENT_ENCRYPTION,
}


class KeySetField(TextAreaField):  # type: ignore[misc]
    """A key set as JSON; ``data`` is the object, or none."""

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else json.dumps(self.data, indent=2)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed, strictly."""
        text = "".join(valuelist).strip()
        try:
            self.data = strict_json.read(text) if text else None
        except ValueError:
            raise ValueError(gettext("This is not the JSON of a key set.")) from None


class MappingsField(TextAreaField):  # type: ignore[misc]
    """Claim mappings, one a line; ``data`` is the tuple of their entries."""

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "\n".join(each.line() for each in claim_mappings.read(self.data or ()))

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read every line."""
        lines = [line.strip() for line in "\n".join(valuelist).splitlines()]
        try:
            self.data = tuple(claim_mappings.entry_of(line) for line in lines if line)
        except InvalidInputError:
            raise ValueError(
                gettext("A line is written: department = claim:department in id_token userinfo")
            ) from None


class SecurityForm(EverydayForm):
    """What an administrator may write about keys, requests, answers, subjects, sign-out and claims."""

    # Behind a fold: few applications have any of them.
    folded = (
        "jwks_uri", "jwks", "token_endpoint_auth_signing_alg", *TLS_NAMES,
        "request_object_signing_alg", "require_signed_request_object",
        "require_pushed_authorization_requests", "request_uris",
        "id_token_encrypted_response_alg", "id_token_encrypted_response_enc",
        "userinfo_signed_response_alg", "userinfo_encrypted_response_alg",
        "userinfo_encrypted_response_enc", "authorization_signed_response_alg", "subject_type",
        "sector_identifier_uri", "default_acr_values", "initiate_login_uri",
        "backchannel_logout_uri", "backchannel_logout_session_required",
        "frontchannel_logout_uri", "frontchannel_logout_session_required", "claim_mappings",
    )  # fmt: skip

    jwks_uri = StringField(N_("Keys, by address"), description=N_("Where its public keys are."))
    jwks = KeySetField(
        N_("Keys"), description=N_("Its public keys as JSON, if they have no address.")
    )
    token_endpoint_auth_signing_alg = SelectField(N_("Signature of its assertions"), default="")
    tls_client_auth_subject_dn = StringField(N_("Certificate: subject"))
    tls_client_auth_san_dns = StringField(N_("Certificate: host"))
    tls_client_auth_san_uri = StringField(N_("Certificate: URI"))
    tls_client_auth_san_ip = StringField(N_("Certificate: address"))
    tls_client_auth_san_email = StringField(N_("Certificate: email"))
    request_object_signing_alg = SelectField(N_("Signature of its requests"), default="")
    require_signed_request_object = BooleanField(N_("Its requests must be signed"))
    require_pushed_authorization_requests = BooleanField(N_("Its requests must be pushed"))
    request_uris = LinesField(N_("Addresses of signed requests"), description=_ONE_A_LINE)
    id_token_encrypted_response_alg = SelectField(
        N_("ID tokens: key of the encryption"), default=""
    )
    id_token_encrypted_response_enc = SelectField(N_("ID tokens: encryption"), default="")
    userinfo_signed_response_alg = SelectField(N_("UserInfo: signature"), default="")
    userinfo_encrypted_response_alg = SelectField(N_("UserInfo: key of the encryption"), default="")
    userinfo_encrypted_response_enc = SelectField(N_("UserInfo: encryption"), default="")
    authorization_signed_response_alg = SelectField(
        N_("Signature of signed answers"), default="RS256"
    )
    subject_type = SelectField(
        N_("What it calls people"),
        choices=[
            Choice("public", N_("The same as every application (public)")),
            Choice("pairwise", N_("A name of its own for each person (pairwise)")),
        ],
        default="public",
    )
    sector_identifier_uri = StringField(
        N_("File of its sector"),
        description=N_("It lists the redirect URIs of all that share the names."),
    )
    default_acr_values = LinesField(N_("Preferred classes of sign-in"), description=_ONE_A_LINE)
    initiate_login_uri = StringField(
        N_("Where a sign-in starts"),
        description=N_("Linked on the account page of people who use it."),
    )
    backchannel_logout_uri = StringField(
        N_("Told of sign-outs at"), description=N_("By a logout token, from server to server.")
    )
    backchannel_logout_session_required = BooleanField(N_("The logout token must name the session"))
    frontchannel_logout_uri = StringField(
        N_("Framed at sign-outs"),
        description=N_("Only for those that cannot be told from server to server."),
    )
    frontchannel_logout_session_required = BooleanField(
        N_("The framed address must name the session")
    )
    claim_mappings = MappingsField(
        N_("Claim mappings"),
        description=N_("One per line: department = claim:department in id_token userinfo"),
    )


def offer(form: SecurityForm, client: Registration | None) -> None:
    """Give the fields of ``form`` their choices, before it is read."""
    settings = config.current()
    ours = settings.keys.algorithms
    none = Choice("", gettext("none in particular"))
    for name, choices in _CHOSEN.items():
        form[name].choices = [none, *(Choice(each, each) for each in choices)]
    form.userinfo_signed_response_alg.choices = [none, *(Choice(each, each) for each in ours)]
    form.authorization_signed_response_alg.choices = [Choice(each, each) for each in ours]
    form["token_endpoint_auth_method"].choices = [
        Choice(each, str(_METHODS[each]))
        for each in _with(
            authentication_methods.offered_methods(settings),
            client.token_endpoint_auth_method if client else None,
        )
    ]
    form["grant_types"].choices = [
        Choice(each, each)
        for each in _with(
            metadata.offered_grant_types(settings), *(client.grant_types if client else ())
        )
    ]


def _with(offered: Iterable[str], *registered: str | None) -> tuple[str, ...]:
    return (*offered, *(each for each in registered if each and each not in offered))
