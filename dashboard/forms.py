"""Forms of people: what is said at a field when its value cannot be used.  WEB."""

from __future__ import annotations

import json
from typing import Any

from django import forms

# Of a call by hand: a day ahead, and Celery's priorities on Redis.
LATEST, HIGHEST = 86_400, 9
LONGEST_JSON = 64 * 1024
_COUNTDOWN = f"Give whole seconds from 0 to {LATEST:,}."
_PRIORITY = f"Give a whole number from 0 to {HIGHEST}."


class JsonField(forms.CharField):
    """JSON of one kind (list or dict); says where it breaks."""

    def __init__(self, kind: type, **options: Any) -> None:
        self.kind = kind
        widget = forms.Textarea(attrs={"rows": 5, "spellcheck": "false", "class": "mono"})
        super().__init__(widget=widget, strip=True, max_length=LONGEST_JSON, **options)

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return self.kind()
        found = parsed_json(text)
        if not isinstance(found, self.kind):
            wanted = 'a list such as [1, "a"]' if self.kind is list else 'an object: {"name": 1}'
            raise forms.ValidationError(f"This is JSON, but not {wanted}.")
        return found

    def validate(self, value: Any) -> None:
        if self.required and not value:
            super().validate(None)

    def run_validators(self, value: Any) -> None:
        """The length was the text's."""


def parsed_json(text: str) -> Any:
    """The value.  Raises ValidationError that says where the text stops being JSON."""
    if len(text) > LONGEST_JSON:
        raise forms.ValidationError(f"Give at most {LONGEST_JSON // 1024} KiB.")
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        told = f"Not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        raise forms.ValidationError(told) from error
    except (RecursionError, ValueError) as error:
        told = "Not JSON: nested too deeply, or a number that JSON does not know."
        raise forms.ValidationError(told) from error


def _refuse(word: str) -> Any:
    raise ValueError(word)


def queue_field() -> forms.CharField:
    return forms.CharField(
        label="Queue",
        required=False,
        max_length=255,
        help_text="Empty: its usual one.",
    )


def countdown_field() -> forms.IntegerField:
    return forms.IntegerField(
        label="Wait (seconds)", required=False, min_value=0, max_value=LATEST,
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), _COUNTDOWN),
        help_text="Before it may start. Empty: none.",
    )  # fmt: skip


def priority_field() -> forms.IntegerField:
    return forms.IntegerField(
        label="Priority", required=False, min_value=0, max_value=HIGHEST,
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), _PRIORITY),
        help_text=f"0 to {HIGHEST}, as the broker counts; on Redis 0 goes first.",
    )  # fmt: skip


class EditForm(forms.Form):
    """Other arguments, another queue, another time."""

    args = JsonField(list, label="Arguments", required=False)
    kwargs = JsonField(dict, label="Keyword arguments", required=False)
    queue = queue_field()
    countdown = countdown_field()
