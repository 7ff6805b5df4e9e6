"""The forms of the pages, filled from JSON: one set of rules, whoever asks.  WEB.

What a request leaves out stays what it is, or begins as the page's form does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from django import forms
from drf_spectacular.drainage import set_override
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

Given = dict[str, Any]


class Form(NamedTuple):
    """How a form's field is written in JSON."""

    types: tuple[type, ...]
    schema: dict[str, Any]
    told: str


class FormField(serializers.Field[Given, Given, Any, Any]):
    """A JSON object with the fields of one of several forms; which, is told by a kind beside it."""

    def __init__(self, kinds: Mapping[str, Mapping[str, forms.Field]], **options: Any) -> None:
        super().__init__(**options)
        set_override(self, "field", schema_of(kinds))

    def to_internal_value(self, data: Any) -> Given:
        if not isinstance(data, dict):
            raise serializers.ValidationError("Give a JSON object.")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


def schema_of(kinds: Mapping[str, Mapping[str, forms.Field]], **more: Any) -> dict[str, Any]:
    """The object as the document shows it."""
    objects = [_object(kind, fields) for kind, fields in kinds.items()]
    return {"type": "object", "anyOf": objects, **more}


def typed(fields: Mapping[str, forms.Field], given: Given, prefix: str) -> Given:
    """`given`, if the fields have these names and types.  Raises a 400 that names each wrong."""
    wrong = {}
    for name, value in given.items():
        if name not in fields:
            wrong[prefix + name] = f"There is no such field here. {_known(fields)}"
        elif not fits(fields[name], value):
            wrong[prefix + name] = form_of(fields[name]).told
    if wrong:
        raise ValidationError(wrong)
    return given


def at_first(form: forms.BaseForm) -> Given:
    """What stands in the fields before anybody has touched them."""
    return {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}


def check(*forms_: forms.BaseForm, prefix: str = "", own: Collection[str] = ()) -> None:
    """Raises a 400 with the forms' own words; `prefix` stands before the names in `own`."""
    wrong = {
        (prefix if name in own else "") + name.replace("__all__", "body"): " ".join(map(str, texts))
        for form in forms_
        for name, texts in form.errors.items()
    }
    if wrong:
        raise ValidationError(wrong)


def form_of(field: forms.Field) -> Form:
    """How this field is written."""
    if isinstance(field, forms.BooleanField):
        return Form((bool,), {"type": "boolean"}, "Give true or false.")
    if isinstance(field, forms.ChoiceField):
        return _choice([value for value, _ in field.choices])  # type: ignore[misc,union-attr]
    if isinstance(field, forms.IntegerField):  # Django's FloatField is one too
        return _number(field, whole=not isinstance(field, forms.FloatField))
    return Form((str,), {"type": "string"}, "Give a text that can be stored.")


def fits(field: forms.Field, value: Any) -> bool:
    """Is it of the field's type?  Half a surrogate pair is no text that can be stored or sent."""
    types, schema, _ = form_of(field)
    if type(value) not in types or value not in schema.get("enum", [value]):
        return False
    return not isinstance(value, str) or value.isascii() or _whole(value)


def _choice(words: list[Any]) -> Form:
    told = f"Give one of {', '.join(map(str, words))}."
    kind = type(words[0])
    return Form((kind,), {"type": "integer" if kind is int else "string", "enum": words}, told)


def _number(field: forms.IntegerField, *, whole: bool) -> Form:
    low, high = field.min_value, field.max_value
    told = f"Give a {'whole ' * whole}number from {low} to {high}."
    schema = {"type": "integer" if whole else "number", "minimum": low, "maximum": high}
    return Form((int,) if whole else (int, float), schema, told)


def _whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _known(fields: Mapping[str, forms.Field]) -> str:
    return f"There are: {', '.join(fields)}." if fields else "There are none."


def _object(kind: str, fields: Mapping[str, forms.Field]) -> dict[str, Any]:
    return {
        "type": "object",
        "title": kind,
        "additionalProperties": False,
        "properties": {name: _property(field) for name, field in fields.items()},
    }


def _property(field: forms.Field) -> dict[str, Any]:
    told = f"{field.label or ''}. {field.help_text}".strip(". ")
    return {**form_of(field).schema, **({"description": told} if told else {})}
