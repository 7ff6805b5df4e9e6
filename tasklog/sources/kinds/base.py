"""What every kind of connection has: a form for its settings, and a function that fetches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from django import forms


class Event(NamedTuple):
    """What came: one line or several.  `id` "" for one that cannot come twice."""

    id: str
    at: int | None
    text: str


class Batch(NamedTuple):
    """A page of events, and where to go on once they are stored."""

    events: list[Event]
    cursor: dict[str, Any]
    more: bool = False
    # Ids that were seen before this moment will not come again.
    forget: datetime | None = None


# Given settings, cursor and now; raises `TransportError`.
Fetch = Callable[[dict[str, Any], dict[str, Any], datetime], Batch]


@dataclass(frozen=True, slots=True)
class Kind:
    form: type[SourceForm]
    fetch: Fetch


class SourceForm(forms.Form):
    """The settings of one kind.  `kept` are those of a connection that is changed."""

    secrets: ClassVar[tuple[str, ...]] = ()

    def __init__(self, data: Any = None, *, kept: dict[str, Any] | None = None) -> None:
        self.kept = kept or {}
        shown = {name: value for name, value in self.kept.items() if name not in self.secrets}
        super().__init__(data, initial=shown)
        for name in self.secrets:
            if self.kept.get(name):
                self.fields[name].required = False
                self.fields[name].help_text = "Kept as it is when left empty."

    @property
    def settings(self) -> dict[str, Any]:
        """As `fetch` takes them; a secret that was left empty stays what it was."""
        found = dict(self.cleaned_data)
        for name in self.secrets:
            found[name] = found.get(name) or self.kept.get(name, "")
        return found
