"""What every connection is asked, whatever its kind.  WEB."""

from __future__ import annotations

from django import forms

from tasklog.sources.models import Connection


class NameForm(forms.ModelForm):  # type: ignore[type-arg]
    """What every connection has."""

    class Meta:
        model = Connection
        fields = ("name", "interval")
        labels = {"interval": "Seconds between two polls"}
        help_texts = {"interval": ""}

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not name.isprintable():
            raise forms.ValidationError("Give one line without control characters.")
        if Connection.objects.exclude(pk=self.instance.pk).filter(name=name).exists():
            raise forms.ValidationError(f"There is a connection named “{name}” already.")
        return name

    def clean_interval(self) -> int:
        interval: int = self.cleaned_data["interval"]
        if not 5 <= interval <= 86_400:
            raise forms.ValidationError("Give a whole number from 5 to 86,400.")
        return interval
