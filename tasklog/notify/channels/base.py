"""What every way out has: a form for its settings, and a function that sends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from django import forms

from tasklog.notify.http import check_address
from tasklog.notify.message import Message


class Envelope(NamedTuple):
    """A message on its way.  `earlier`: what the other side called the first of its thread."""

    message: Message
    settings: dict[str, Any]
    earlier: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """`deliver` returns the other side's name for it, or nothing; raises `TransportError`."""

    form: type[ChannelForm]
    deliver: Callable[[Envelope], str]


class SecretField(forms.CharField):
    """Never shown again: left empty it stays what it was."""

    widget = forms.PasswordInput

    def __init__(self, **options: Any) -> None:
        super().__init__(**({"max_length": 500, "strip": True} | options))


class AddressField(forms.CharField):
    """An https address we would send to."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**({"max_length": 500, "strip": True} | options))

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        if not text:
            return text
        try:
            return check_address(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error


class ChannelForm(forms.Form):
    """The settings of one kind.  `kept` are those of a channel that is changed."""

    secrets: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self, data: Any = None, *, kept: dict[str, Any] | None = None, **options: Any
    ) -> None:
        self.kept = kept or {}
        shown = {name: _shown(value) for name, value in self.kept.items()}
        for name in self.secrets:
            shown.pop(name, None)
        super().__init__(data, initial=shown, **options)
        for name in self.secrets:
            if self.kept.get(name):
                self.fields[name].required = False
                self.fields[name].help_text = f"Ends in {hint(self.kept[name])}; empty keeps it."

    def settings(self) -> dict[str, Any]:
        """What is to be kept; call it on a valid form."""
        given = dict(self.cleaned_data)
        for name in self.secrets:
            given[name] = given.get(name) or self.kept.get(name, "")
        return given


def _shown(value: Any) -> Any:
    """Several of a thing stand in one field, with commas between."""
    return ", ".join(value) if isinstance(value, list) else value


def hint(secret: str) -> str:
    """The last four of a long secret, of a short one nothing: enough to know it again."""
    return f"…{secret[-4:]}" if len(secret) >= 12 else "…"


def plain(message: Message, *, most: int = 10_000) -> str:
    """The message as plain text."""
    parts = [message.title, message.text]
    parts += [f"{name}: {value}" for name, value in message.facts]
    parts += [f"{quote.number:>7}  {quote.text}" for quote in message.quotes]
    parts += [message.url]
    text = "\n".join(part for part in parts if part)
    return text if len(text) <= most else text[: most - 1] + "…"
