"""Fields of an application that an administrator sees first, under their registered names.

Specs:
    RFC 7591 section 2   the metadata, whose names the fields have
"""

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
    required,
)
from app.web.language import N_

_ONE_A_LINE = N_("One per line.")


class EverydayForm(Form):
    """What an administrator writes about every application."""

    client_name = StringField(N_("Name"), required())
    application_type = RadioField(
        N_("Kind"),
        choices=[
            Choice("web", N_("Web application, on a server or in the browser")),
            Choice("native", N_("App on a device")),
        ],
        default="web",
    )
    token_endpoint_auth_method = SelectField(N_("Authentication"), default="client_secret_basic")
    grant_types = ChoicesField(N_("Grant types"), default=("authorization_code",))
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
