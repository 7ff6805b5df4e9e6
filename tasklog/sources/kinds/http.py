"""A program that answers JSON: a list of events, and where to go on.

An event is known again by its id, and where it has none by its whole content.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django import forms

from tasklog.notify.channels.base import AddressField, SecretField
from tasklog.notify.http import get, refused
from tasklog.notify.transport import TransportError
from tasklog.sealed import SealedForm
from tasklog.sources.kinds.base import Batch, Event

MOST_BYTES = 8 * 1024 * 1024
MOST_EVENTS = 20_000
KEPT = timedelta(days=7)
# Answers to a cursor that is not known any more: the list is read from its beginning.
EXPIRED = (400, 404, 410, 422)
_PATH = r"^[\w@-]{1,60}(\.[\w@-]{1,60}){0,5}$"
_NOTHING = object()


def _path(label: str, told: str) -> forms.RegexField:
    return forms.RegexField(
        _PATH, label=label, required=False, max_length=200, help_text=told,
        error_messages={"invalid": "Give names with dots between, such as data.items."},
    )  # fmt: skip


class HttpForm(SealedForm):
    """Where to, what to send along, and where things are in the answer."""

    secrets = ("header_value",)
    places = ("address",)
    address = AddressField(label="Address", help_text="https://…", widget=forms.URLInput)
    header = forms.RegexField(
        r"^[A-Za-z0-9-]{1,60}$", label="Header", required=False, help_text="Authorization",
        error_messages={"invalid": "Give a header's name, such as Authorization."},
    )  # fmt: skip
    header_value = SecretField(label="Its value", required=False)
    items = _path("Events in the answer", "data.items; empty: the answer is the list.")
    cursor = _path("Cursor in the answer", "next; empty: everything is read each time.")
    parameter = forms.RegexField(
        r"^[\w.-]{1,60}$", label="Cursor in the address", required=False, initial="cursor",
        error_messages={"invalid": "Give a parameter's name, such as cursor."},
    )  # fmt: skip
    event_id = _path("Id of an event", "id; empty: its whole content.")
    time = _path("Time of an event", "Empty: timestamp, time, ts …")

    def clean_header_value(self) -> str:
        value: str = self.cleaned_data["header_value"]
        if any(not char.isprintable() for char in value):
            raise forms.ValidationError("Give one line without control characters.")
        return value


def fetch(settings: dict[str, Any], cursor: dict[str, Any], now: datetime) -> Batch:
    """One answer; there is more while the cursor moves."""
    at = cursor.get("cursor")
    headers = {"Accept": "application/json"}
    if settings.get("header"):
        headers[settings["header"]] = settings.get("header_value", "")
    answer = get(_address(settings, at), headers=headers, most=MOST_BYTES)
    if at is not None and answer.status in EXPIRED:
        return Batch([], {}, more=True)
    if not 200 <= answer.status < 300:
        raise refused(answer)
    found = _parsed(answer.body)
    items = _items(settings, found)
    going = _within(found, settings["cursor"]) if settings.get("cursor") else _NOTHING
    known = going is not _NOTHING and going is not None and type(going) in (str, int)
    following = str(going) if known else at
    moved = known and following != at and bool(items)
    kept = {"cursor": following} if following is not None else {}
    return Batch([_event(settings, item) for item in items], kept, moved, now - KEPT)


def _address(settings: dict[str, Any], at: str | None) -> str:
    if at is None:
        return str(settings["address"])
    name = settings.get("parameter") or "cursor"
    parts = urlsplit(settings["address"])
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != name]
    return str(urlunsplit(parts._replace(query=urlencode([*query, (name, at)]))))


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        told = "too long" if len(body) >= MOST_BYTES else "no JSON"
        raise TransportError(f"Its answer is {told}.") from error


def _items(settings: dict[str, Any], found: Any) -> list[Any]:
    path = settings.get("items") or ""
    items = _within(found, path) if path else found
    if not isinstance(items, list):
        where = f"There is no list at “{path}” in its answer."
        raise TransportError(where if path else "Its answer is no list; say where the list is.")
    return items[:MOST_EVENTS]


def _within(found: Any, path: str) -> Any:
    for name in path.split("."):
        if not isinstance(found, dict) or name not in found:
            return _NOTHING
        found = found[name]
    return found


def _event(settings: dict[str, Any], item: Any) -> Event:
    if not isinstance(item, dict):
        text = item if isinstance(item, str) else json.dumps(item)
        return Event(_digest(text), None, text)
    whole = json.dumps(item, sort_keys=True)
    said = _within(item, settings["event_id"]) if settings.get("event_id") else _NOTHING
    if settings.get("time") and (at := _within(item, settings["time"])) is not _NOTHING:
        item = {"timestamp": at, **item}
    known = said is not _NOTHING and said is not None
    return Event(str(said) if known else _digest(whole), None, json.dumps(item))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()
