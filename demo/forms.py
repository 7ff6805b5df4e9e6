"""What may be asked for: one of the demo's types, for so many seconds."""

from __future__ import annotations

from typing import Any

from django import forms

from demo.catalogue import DEMOS, MAX_DURATION, MIN_DURATION, SHELVES, USUAL_DURATION, Demo
from demo.patterns import PATTERNS

ALLOWED_TYPES = ", ".join([*DEMOS, *PATTERNS])
BAD_DURATION = f"A whole number of seconds from {MIN_DURATION} to {MAX_DURATION}."


class LaunchForm(forms.Form):
    """The launcher; the API asks it too."""

    task_type = forms.ChoiceField(
        label="Task",
        choices=[(shelf.title, [(d.type, d.title) for d in shelf.demos]) for shelf in SHELVES],
        initial="long",
        error_messages={
            "invalid_choice": f"“%(value)s” is no demo task. Allowed: {ALLOWED_TYPES}.",
            "required": f"Which task? Allowed: {ALLOWED_TYPES}.",
        },
    )
    duration = forms.IntegerField(
        label="Seconds",
        min_value=MIN_DURATION,
        max_value=MAX_DURATION,
        initial=USUAL_DURATION,
        required=False,
        help_text=f"{MIN_DURATION} to {MAX_DURATION}, for the long one",
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), BAD_DURATION),
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )

    def clean_duration(self) -> int:
        """The usual duration where none was given."""
        given: int | None = self.cleaned_data["duration"]
        return USUAL_DURATION if given is None else given

    @property
    def demo(self) -> Demo:
        return DEMOS[self.cleaned_data["task_type"]]

    def problems(self) -> dict[str, list[str]]:
        """The messages by field, for the API."""
        return {name: [str(text) for text in texts] for name, texts in self.errors.items()}


def from_json(body: Any) -> LaunchForm:
    """The form filled from a JSON object; numbers must be numbers and words words."""
    data = {name: body.get(name) for name in ("task_type", "duration")}
    if "duration" in body and type(data["duration"]) is not int:
        data["duration"] = "not a number"
    if data["task_type"] is not None and not isinstance(data["task_type"], str):
        data["task_type"] = repr(data["task_type"])
    return LaunchForm(data)
