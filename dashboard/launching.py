"""A form made of a task's signature: one field for each parameter.  WEB."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django import forms

from dashboard.forms import (
    JsonField,
    countdown_field,
    parsed_json,
    priority_field,
    queue_field,
)
from tasklog.control.launch import WORDS, Parameter

# Options of the call stand beside the task's own parameters, whatever those are called.
OPTIONS: dict[str, Callable[[], forms.Field]] = {
    "option-queue": queue_field, "option-countdown": countdown_field,
    "option-priority": priority_field,
}  # fmt: skip
_TEXT = {"class": "mono", "spellcheck": "false"}
_MOMENTS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"]


class LaunchForm(forms.Form):
    """`values()` are the parameters with what was given; one left empty keeps its default."""

    def __init__(self, parameters: list[Parameter], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.parameters = parameters
        for one in parameters:
            self.fields[f"arg-{one.name}"] = _field(one)
        for name, make in OPTIONS.items():
            self.fields[name] = make()

    def values(self) -> list[tuple[Parameter, Any]]:
        """What goes into the call; the task's own default is left to the task."""
        # Where more arguments follow by place, the ones in front must not be left out.
        by_place = any(self._value(one) for one in self.parameters if one.rest == "args")
        given = []
        for one in self.parameters:
            value = self._value(one)
            if value not in (None, "") or one.required:
                given.append((one, _typed(one, value)))
            elif by_place and not one.rest:
                given.append((one, one.default))
        return given

    def _value(self, one: Parameter) -> Any:
        return self.cleaned_data[f"arg-{one.name}"]

    def option(self, name: str) -> Any:
        return self.cleaned_data[f"option-{name}"]

    def refuse(self, problems: dict[str, str]) -> None:
        """What the signature says against the call, at its field."""
        for name, told in problems.items():
            field = f"arg-{name}"
            self.add_error(field if field in self.fields else None, told)

    @property
    def own(self) -> list[forms.BoundField]:
        """The task's parameters, as the page draws them."""
        return [self[f"arg-{one.name}"] for one in self.parameters]

    @property
    def others(self) -> list[forms.BoundField]:
        return [self[name] for name in OPTIONS]


class AnyField(forms.CharField):
    """JSON where it is JSON, otherwise the text as it stands."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            return parsed_json(text) if text else text
        except forms.ValidationError:
            return text


def _field(one: Parameter) -> forms.Field:
    named: dict[str, Any] = {"label": one.name, "required": one.required, "help_text": _help(one)}
    if one.kind == "choice":
        choices = [(json.dumps(value, default=str), str(value)) for value in one.choices]
        blank = [] if one.required else [("", f"as the task has it: {one.default}")]
        return forms.ChoiceField(choices=[*blank, *choices], **named)
    if one.kind == "flag":
        return _flag(one, named)
    if one.kind in ("list", "object"):
        return JsonField(list if one.kind == "list" else dict, **named | {"required": False})
    if one.kind in ("whole", "number", "day", "moment"):
        return _measured(one.kind, named)
    kind = forms.CharField if one.kind == "text" else AnyField
    return kind(max_length=10_000, strip=False, widget=forms.TextInput(attrs=_TEXT), **named)


def _flag(one: Parameter, named: dict[str, Any]) -> forms.Field:
    words = [("true", "true"), ("false", "false")]
    blank = [] if one.required else [("", f"as the task has it: {json.dumps(one.default)}")]
    return forms.ChoiceField(choices=[*blank, *words], **named)


def _measured(kind: str, named: dict[str, Any]) -> forms.Field:
    told = {"invalid": f"Give {WORDS[kind]}."}
    if kind == "whole":
        return forms.IntegerField(error_messages=told, **named)
    if kind == "number":
        return forms.FloatField(error_messages=told, **named)
    if kind == "day":
        widget = forms.DateInput(attrs={"type": "date"})
        return forms.DateField(error_messages=told, widget=widget, **named)
    moment = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"})
    return forms.DateTimeField(error_messages=told, widget=moment, input_formats=_MOMENTS, **named)


def _typed(one: Parameter, value: Any) -> Any:
    if one.kind == "flag":
        return value == "true"
    if one.kind == "choice":
        return {json.dumps(choice, default=str): choice for choice in one.choices}[value]
    return value


def _help(one: Parameter) -> str:
    if one.rest:
        return f"More, as {WORDS[one.kind]}."
    kind = WORDS.get(
        one.kind, "JSON, or text as it stands" if one.kind == "any" else "one of these"
    )
    if one.kind == "moment":
        kind += ", UTC"
    told = kind[0].upper() + kind[1:]
    return told + ("." if one.required else f". Empty: {_said(one.default)}.")


def _said(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:59] + "…"
