"""What every way out has: a form for its settings, and a function that sends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django import forms

from tasklog.notify.http import check_address
from tasklog.notify.message import Message
from tasklog.sealed import SealedForm


class Envelope(NamedTuple):
    """A message on its way.  `earlier`: what the other side called the first of its thread."""

    message: Message
    settings: dict[str, Any]
    earlier: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """`deliver` returns the other side's name for it, or nothing; raises `TransportError`."""

    form: type[SealedForm]
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


def plain(message: Message, *, most: int = 10_000) -> str:
    """The message as plain text."""
    parts = [message.title, message.text]
    parts += [f"{name}: {value}" for name, value in message.facts]
    parts += [f"{quote.number:>7}  {quote.text}" for quote in message.quotes]
    parts += [message.url]
    text = "\n".join(part for part in parts if part)
    return text if len(text) <= most else text[: most - 1] + "…"
