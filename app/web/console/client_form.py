"""The form of an application: the fields that an administrator sees, under their registered names.

Specs:
    RFC 7591 section 2   the metadata, whose names the fields have

A field that is not here keeps its value when an application is edited.
"""

from typing import Any

from app.clients import apis, metadata, scopes
from app.clients.client import Registration
from app.core import config
from app.web.forms import (
    BooleanField,
    Choice,
    ChoicesField,
    Form,
    LinesField,
    RadioField,
    SelectField,
    StringField,
    WordsField,
    fill,
    required,
)
from app.web.language import N_, gettext

_ONE_A_LINE = N_("One per line.")


class ClientForm(Form):
    """What an administrator may write about an application."""

    client_name = StringField(N_("Name"), required())
    application_type = RadioField(
        N_("Kind"),
        choices=[
            Choice("web", N_("Web application, on a server or in the browser")),
            Choice("native", N_("App on a device")),
        ],
        default="web",
    )
    token_endpoint_auth_method = SelectField(
        N_("Authentication"),
        choices=[
            Choice("client_secret_basic", N_("Secret, in the header (client_secret_basic)")),
            Choice("client_secret_post", N_("Secret, in the body (client_secret_post)")),
            Choice("none", N_("None: it cannot keep a secret (public)")),
        ],
        default="client_secret_basic",
    )
    grant_types = ChoicesField(
        N_("Grant types"),
        choices=[Choice(name, name) for name in metadata.GRANT_TYPES],
        default=("authorization_code",),
    )
    redirect_uris = LinesField(
        N_("Redirect URIs"),
        description=N_("One per line. They are compared exactly."),
    )
    post_logout_redirect_uris = LinesField(
        N_("Redirect URIs after signing out"), description=_ONE_A_LINE
    )
    scope = WordsField(
        N_("Scopes"),
        description=N_("Separated by spaces: those of OpenID Connect and of its APIs."),
        default=("openid", "profile", "email"),
    )
    resources = ChoicesField(N_("APIs"))
    allowed_origins = LinesField(
        N_("Browser origins"),
        description=N_("One per line. Pages there may call the token endpoint."),
    )
    require_pkce = BooleanField(
        N_("Require PKCE"),
        default=True,
        description=N_("Leave on, unless the application cannot."),
    )
    skip_consent = BooleanField(
        N_("Do not ask people for consent"),
        description=N_("For applications of this organisation."),
    )
    id_token_signed_response_alg = SelectField(N_("Signature of ID tokens"))
    access_token_signed_response_alg = SelectField(N_("Signature of access tokens"))
    client_uri = StringField(N_("Website"))
    logo_uri = StringField(
        N_("Logo"),
        description=N_("The address of a PNG, JPEG, GIF or WebP; it is copied from there."),
    )
    policy_uri = StringField(N_("Privacy policy"))
    tos_uri = StringField(N_("Terms of service"))
    contacts = LinesField(N_("Contacts"), description=_ONE_A_LINE)


def opened(client: Registration | None = None) -> ClientForm:
    """Return the form, empty or with what ``client`` has registered."""
    form = ClientForm()
    choices = [Choice(name, name) for name in config.current().keys.algorithms]
    form.resources.choices = [Choice(api.identifier, api.name) for api in apis.all()]
    form.id_token_signed_response_alg.choices = choices
    form.access_token_signed_response_alg.choices = choices
    form.scope.description = gettext(
        "Separated by spaces: %(standard)s, and those of its APIs.",
        standard=" ".join(sorted(scopes.STANDARD)),
    )
    if client is not None and not form.is_submitted():
        fill(form, vars(client).items())
    return form


def written(form: ClientForm) -> dict[str, Any]:
    """Return what was written, by its registered names: lists as tuples, an empty line as none."""
    return {name: _value(field.data) for name, field in form._fields.items() if name in _NAMES}


_NAMES = frozenset(Registration.__dataclass_fields__)


def _value(data: Any) -> Any:
    if isinstance(data, list | tuple):
        return tuple(data)
    return data.strip() or None if isinstance(data, str) else data
