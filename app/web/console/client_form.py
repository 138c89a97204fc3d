"""The form of an application: what it offers, what was in it before, what was written.

Specs:
    RFC 7591 section 2   the metadata, whose names the fields have

A field that is not here keeps its value when an application is edited.
"""

from typing import Any

from app.clients import apis, scopes
from app.clients.client import Registration
from app.core import config
from app.web.console import client_security_form
from app.web.console.client_security_form import SecurityForm
from app.web.forms import Choice, fill
from app.web.language import gettext


class ClientForm(SecurityForm):
    """What an administrator may write about an application."""


def opened(client: Registration | None = None) -> ClientForm:
    """Return the form, empty or with what ``client`` has registered."""
    form = ClientForm()
    choices = [Choice(name, name) for name in config.current().keys.algorithms]
    form.resources.choices = [Choice(api.identifier, api.name) for api in apis.all()]
    form.id_token_signed_response_alg.choices = choices
    form.access_token_signed_response_alg.choices = choices
    client_security_form.offer(form, client)
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
