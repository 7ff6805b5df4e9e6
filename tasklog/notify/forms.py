"""A channel's name beside the form of its kind.  WEB."""

from __future__ import annotations

from typing import Any

from django import forms

from tasklog.keeping import keep
from tasklog.notify.channels import WAYS
from tasklog.notify.models import Channel


class NameForm(forms.Form):
    """What every channel has."""

    name = forms.CharField(max_length=100)
    enabled = forms.BooleanField(label="Switched on", required=False, initial=True)

    def __init__(self, data: Any, *, channel: Channel | None) -> None:
        self.channel = channel
        known = {"name": channel.name, "enabled": channel.enabled} if channel else None
        super().__init__(data, initial=known)

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = Channel.objects.exclude(pk=(self.channel and self.channel.pk) or 0)
        if others.filter(name=name).exists():
            raise forms.ValidationError(f"There is a channel named “{name}” already.")
        return name


class SaveChannel:
    """Both forms together; `channel` is the one that is changed, else a new one is made."""

    def __init__(self, kind: str, data: Any, channel: Channel | None) -> None:
        self.channel = channel or Channel(kind=kind)
        kept = self.channel.settings if channel and channel.readable else {}
        self.name = NameForm(data, channel=channel)
        self.own = WAYS[kind].form(data, kept=kept, prefix="of")

    def is_valid(self) -> bool:
        return self.name.is_valid() & self.own.is_valid()

    def save(self, by: str) -> Channel:
        """Call it when both are valid."""
        channel, said = self.channel, self.name.cleaned_data
        channel.name, channel.enabled = said["name"], said["enabled"]
        channel.settings = self.own.settings()
        channel.created_by = channel.created_by or by
        channel.last_error = ""
        keep(channel)
        return channel
