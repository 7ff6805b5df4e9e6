"""A pattern's inputs as a form of the launcher: the API's own fields, filled in by hand.  WEB."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework.exceptions import ValidationError

from demo.fields import Choice, Number, Text, Whole, YesNo
from demo.patterns import ALL, Pattern


@dataclass(frozen=True, slots=True)
class Field:
    """One input as the page draws it."""

    id: str
    name: str
    label: str
    widget: str  # number, checkbox, select, textarea or text
    value: str
    choices: tuple[tuple[str, str], ...] = ()
    least: str = ""
    most: str = ""
    longest: str = ""
    help_text: str = ""
    error: str = ""

    @property
    def checked(self) -> bool:
        return self.value == "on"


class PatternForm:
    """`posted` is what a person sent; without it the fields hold their usual values."""

    def __init__(self, pattern: Pattern, posted: Mapping[str, str] | None = None) -> None:
        self.pattern, self._posted = pattern, posted
        self.errors: dict[str, str] = {}
        self.told = ""

    @property
    def is_open(self) -> bool:
        """What was filled in wrongly stays open."""
        return bool(self.errors or self.told)

    def cleaned(self) -> dict[str, Any] | None:
        """The inputs; None where something is wrong, which then stands at its field."""
        posted = self._posted or {}
        fields: dict[str, Any] = dict(self.pattern.inputs().fields)
        data = {
            name: field.from_form(posted.get(name, ""))
            for name, field in fields.items()
            if name in posted or isinstance(field, YesNo)
        }
        given = self.pattern.inputs(data=data)
        try:
            given.is_valid(raise_exception=True)
        except ValidationError:
            self.errors = {name: " ".join(map(str, told)) for name, told in given.errors.items()}
            return None
        return dict(given.validated_data)

    @property
    def fields(self) -> list[Field]:
        return [self._field(name, field) for name, field in self.pattern.inputs().fields.items()]

    def _field(self, name: str, field: Any) -> Field:
        bounds = {}
        if isinstance(field, (Whole, Number)):
            bounds = {"least": f"{field.min_value}", "most": f"{field.max_value}"}
        choices = tuple(field.choices.items()) if isinstance(field, Choice) else ()
        return Field(
            f"{self.pattern.word}-{name}", name, str(field.label), _widget(field),
            self._value(name, field), choices, **bounds,
            longest=str(field.max_length) if isinstance(field, Text) else "",
            help_text=str(field.help_text or ""), error=self.errors.get(name, ""),
        )  # fmt: skip

    def _value(self, name: str, field: Any) -> str:
        if self._posted is not None:
            return self._posted.get(name, "")
        usual = field.initial if field.required else field.default
        if isinstance(field, YesNo):
            return "on" if usual else ""
        return "" if usual is None else str(usual)


def _widget(field: Any) -> str:
    if isinstance(field, (Whole, Number)):
        return "number"
    if isinstance(field, YesNo):
        return "checkbox"
    if isinstance(field, Choice):
        return "select"
    return "textarea" if isinstance(field, Text) and field.lines else "text"


def every_form(instead: PatternForm | None = None) -> list[PatternForm]:
    """The launcher's shelf; `instead` is the one that was just sent."""
    return [
        instead if instead and instead.pattern is pattern else PatternForm(pattern)
        for pattern in ALL
    ]
