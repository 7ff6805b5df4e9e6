"""Settings with secrets in them: sealed in their row, never shown again by their form.  BOTH."""

from __future__ import annotations

import json
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django import forms
from django.db import models

from tasklog.sealing import Unreadable, seal, unseal


class SealedSettings(models.Model):
    """A row whose `settings` are one sealed column."""

    sealed = models.TextField(blank=True, default="", help_text="The settings, sealed.")

    class Meta:
        abstract = True

    @property
    def settings(self) -> dict[str, Any]:
        """Raises `Unreadable` where the key has changed."""
        return dict(json.loads(unseal(self.sealed))) if self.sealed else {}

    @settings.setter
    def settings(self, values: dict[str, Any]) -> None:
        self.sealed = seal(json.dumps(values))

    @property
    def readable(self) -> bool:
        """False where its settings were sealed under a key that is gone: enter them again."""
        try:
            return self.settings is not None
        except Unreadable:
            return False


class SealedForm(forms.Form):
    """The settings of one kind.  `kept` are those of a row that is changed."""

    secrets: ClassVar[tuple[str, ...]] = ()
    # Fields with the addresses that the secrets are sent to.
    places: ClassVar[tuple[str, ...]] = ()

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

    def clean(self) -> dict[str, Any]:
        """Who may not read a secret must not have it sent to a server of his own."""
        given: dict[str, Any] = super().clean() or {}
        if any(_server(given.get(name)) != _server(self.kept.get(name)) for name in self.places):
            for name in self.secrets:
                if self.kept.get(name) and not given.get(name) and name not in self.errors:
                    self.add_error(name, "Enter it again: the address is another server's now.")
        return given

    def settings(self) -> dict[str, Any]:
        """What is to be kept; call it on a valid form."""
        given = dict(self.cleaned_data)
        for name in self.secrets:
            given[name] = given.get(name) or self.kept.get(name, "")
        return given


def _server(address: Any) -> tuple[str, str]:
    parts = urlsplit(address or "")
    return parts.scheme, parts.netloc


def _shown(value: Any) -> Any:
    """Several of a thing stand in one field, with commas between."""
    return ", ".join(value) if isinstance(value, list) else value


def hint(secret: str) -> str:
    """The last four of a long secret, of a short one nothing: enough to know it again."""
    return f"…{secret[-4:]}" if len(secret) >= 12 else "…"
