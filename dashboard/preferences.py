"""How lines look, for each person: kept here, so that it follows them to another browser."""

from __future__ import annotations

from typing import Any

from dashboard.models import Preference

# Nothing else can be kept.
ALLOWED = {
    "time": ("absolute", "relative", "none"),
    "wrap": ("on", "off"),
    "groups": ("on", "off"),
}


class NotAllowed(ValueError):
    """A name or a value there is not; its text says which there are."""


def preferences_of(user: Any) -> dict[str, str]:
    """What this person has chosen; what they never touched is left out."""
    kept = Preference.objects.filter(user_id=user.pk).values_list("name", "value")
    return {name: value for name, value in kept if value in ALLOWED.get(name, ())}


def prefer(user: Any, name: str, value: str) -> None:
    """Keeps the choice.  Raises NotAllowed."""
    if name not in ALLOWED:
        raise NotAllowed(f"No preference is called “{name}”. There are: {', '.join(ALLOWED)}.")
    if value not in ALLOWED[name]:
        told = f"“{value}” is no value of {name}. There are: {', '.join(ALLOWED[name])}."
        raise NotAllowed(told)
    Preference.objects.update_or_create(user_id=user.pk, name=name, defaults={"value": value})
