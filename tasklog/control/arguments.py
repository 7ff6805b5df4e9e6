"""What a verb wants to know, as a form: pages draw it, the API checks its JSON with it.  WEB."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

MOST_PROCESSES = 1000
MOST_SECONDS = 30 * 86_400
_RATE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?(/[smh])?")
_NAME = re.compile(r"[^\s\x00-\x1f\x7f]{1,200}")


class Arguments(forms.Form):
    """Nothing at all."""

    @property
    def given(self) -> dict[str, Any]:
        """As the effect takes them."""
        return dict(self.cleaned_data)

    def problems(self) -> dict[str, list[str]]:
        """The messages by field, for the API."""
        return {
            "body" if name == "__all__" else name: [str(text) for text in texts]
            for name, texts in self.errors.items()
        }


def whole(label: str, least: int, most: int, *, required: bool = True) -> forms.IntegerField:
    told = f"Give a whole number from {least:,} to {most:,}."
    words = dict.fromkeys(("required", "invalid", "min_value", "max_value"), told)
    field = forms.IntegerField(
        label=label, min_value=least, max_value=most, required=required, error_messages=words
    )
    field.widget.attrs["inputmode"] = "numeric"
    return field


def word(label: str, told: str, longest: int = 200) -> forms.CharField:
    words = {"required": told, "max_length": told, "null_characters_not_allowed": told}
    return forms.CharField(label=label, max_length=longest, error_messages=words)


class Size(Arguments):
    """Asking for a size, not for one more: sent twice it does nothing the second time."""

    size = whole("Processes", 1, MOST_PROCESSES)


class Range(Arguments):
    most = whole("At most", 1, MOST_PROCESSES)
    least = whole("At least", 0, MOST_PROCESSES)

    def clean(self) -> dict[str, Any]:
        found = self.cleaned_data
        if found.get("least", 0) > found.get("most", MOST_PROCESSES):
            self.add_error("least", f"Give at most {found['most']}, the number above it.")
        return found


class QueueName(Arguments):
    queue = word("Queue", "Which queue? A name without spaces, of at most 200 characters.")

    def clean_queue(self) -> str:
        name: str = self.cleaned_data["queue"]
        if not _NAME.fullmatch(name):
            raise ValidationError(
                "Give a name without spaces or control characters, of at most 200 characters."
            )
        return name


class TaskName(Arguments):
    task = word("Task", "Which task? Its name, such as demo.quick.", 255)


class Rate(TaskName):
    rate = forms.CharField(
        label="Rate", required=False, max_length=30, help_text="10/s, 100/m, 5/h; empty: no limit",
        error_messages={"max_length": "Give a rate such as 10/s, 100/m or 5/h, or nothing."},
    )  # fmt: skip

    def clean_rate(self) -> str:
        rate: str = self.cleaned_data["rate"]
        if rate and not _RATE.fullmatch(rate):
            raise ValidationError("Give a rate such as 10/s, 100/m or 5/h, or nothing.")
        return rate


class Limits(TaskName):
    soft = whole("Soft limit, seconds", 1, MOST_SECONDS, required=False)
    hard = whole("Hard limit, seconds", 1, MOST_SECONDS, required=False)

    def clean(self) -> dict[str, Any]:
        soft, hard = self.cleaned_data.get("soft"), self.cleaned_data.get("hard")
        if soft and hard and soft > hard:
            self.add_error("soft", f"Give at most {hard}: the hard limit would come first.")
        return self.cleaned_data


def from_json(kind: type[Arguments], body: dict[str, Any]) -> Arguments:
    """Filled from a JSON object; a number must be a number and a word a word."""
    data: dict[str, Any] = {}
    for name, field in kind.base_fields.items():
        value = body.get(name)
        numeric = isinstance(field, forms.IntegerField)
        fits = value is None or type(value) is (int if numeric else str)
        data[name] = value if fits else ("no number" if numeric else "\x00")
    return kind(data)
