"""Settings that hold secrets, as programs get and send them: the last four of one at most.  WEB."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django import forms

from tasklog.api.formed import Given, at_first, form_of, typed
from tasklog.sealed import hint

SETTINGS = "settings."


def shown(fields: Mapping[str, forms.Field], secrets: Collection[str], kept: Given) -> Given:
    """The settings under the form's names; several of a thing are a text with commas."""
    plain = {name: _plain(field, kept.get(name, field.initial)) for name, field in fields.items()}
    return plain | {name: _hint(kept.get(name)) for name in secrets}


def _hint(secret: str | None) -> str:
    return hint(secret) if secret else ""


def _plain(field: forms.Field, value: Any) -> Any:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return form_of(field).types[0]() if value is None else value


def given(form: forms.BaseForm, secrets: Collection[str], kept: Given, asked: Given) -> Given:
    """What the bound form gets: a secret that is left out, or sent as it was shown, stays.

    Raises a 400 that names each field that is none, or of another type.
    """
    typed(form.fields, asked, SETTINGS)
    stays = {n for n in secrets if n not in asked or asked[n] == _hint(kept.get(n))}
    return {**at_first(form), **asked, **dict.fromkeys(stays, "")}
