"""What the forms of all pages share: their class, lists in a text box, errors from below.

The token against forgery was checked before a view builds its form (:mod:`app.web.csrf`).
"""

from collections.abc import Iterable
from typing import Any

from flask import request
from flask_wtf import FlaskForm  # type: ignore[import-untyped]
from wtforms import (  # type: ignore[import-untyped]
    BooleanField,
    EmailField,
    HiddenField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    validators,
    widgets,
)
from wtforms import SelectChoice as Choice

from app.core.errors import ConflictError, InvalidInputError
from app.web.language import N_, said

__all__ = [
    "BooleanField",
    "Choice",
    "ChoicesField",
    "EmailField",
    "Form",
    "HiddenField",
    "LinesField",
    "PasswordField",
    "RadioField",
    "SelectField",
    "StringField",
    "TextAreaField",
    "WordsField",
    "fill",
    "point_out",
    "required",
    "same_as",
]


class Form(FlaskForm):  # type: ignore[misc]
    """A form of ours."""

    def is_accepted(self) -> bool:
        """Tell whether the form was sent and every field holds what it may."""
        return request.method == "POST" and bool(self.validate())


class LinesField(TextAreaField):  # type: ignore[misc]
    """A text box with one value a line; ``data`` is the tuple of those that are not blank."""

    def _value(self) -> str:
        return "\n".join(self.data or ())

    def process_formdata(self, valuelist: list[str]) -> None:
        """Split what was typed."""
        lines = "\n".join(valuelist).splitlines()
        self.data = tuple(line.strip() for line in lines if line.strip())


class WordsField(StringField):  # type: ignore[misc]
    """A line of words separated by spaces; ``data`` is their tuple."""

    def _value(self) -> str:
        return " ".join(self.data or ())

    def process_formdata(self, valuelist: list[str]) -> None:
        """Split what was typed."""
        self.data = tuple(" ".join(valuelist).split())


class ChoicesField(SelectMultipleField):  # type: ignore[misc]
    """Any number of choices, as check boxes."""

    widget = widgets.ListWidget(prefix_label=False)
    option_widget = widgets.CheckboxInput()


def required(message: Any = None) -> list[Any]:
    """Return the validators of a field that must be filled in."""
    return [validators.InputRequired(message or N_("Please fill this in."))]


def same_as(field: str) -> list[Any]:
    """Return the validators of the second typing of a password."""
    differ = N_("The two passwords differ.")
    return [*required(), validators.EqualTo(field, differ)]


def point_out(form: Form, error: InvalidInputError | ConflictError) -> str | None:
    """Show ``error`` at its field of ``form``; return it as a message if no field is to blame."""
    field = getattr(error, "field", None)
    text = said(error.public)
    # ``in`` asks for the field by name, and attribute access would also find methods of the form.
    if not field or field not in form:
        return text
    form[field].errors = (*form[field].errors, text)
    return None


def fill(form: Form, values: Iterable[tuple[str, Any]]) -> None:
    """Write ``values`` into the fields of ``form`` that have their names, before it is edited."""
    for name, value in values:
        if name in form and name != form.meta.csrf_field_name:
            form[name].data = value
