"""What may be asked for when something is to be done: the bodies of POST.  WEB."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from tasklog.api.serializers import LONGEST, switch, whole, word
from tasklog.control.bulk import ACTIONS, MOST
from tasklog.control.runs import SIGNALS

DAY = 86_400
HIGHEST = 9


class JsonField(serializers.Field[Any, Any, Any, Any]):
    """A JSON list or object, as it is."""

    def __init__(self, kind: type, **options: Any) -> None:
        if "default" not in options:
            options["required"] = False
        super().__init__(**options)
        self.kind = kind

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, self.kind):
            wanted = "list" if self.kind is list else "object"
            raise serializers.ValidationError(f"Give a JSON {wanted}.")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


def _text(**options: Any) -> serializers.CharField:
    told = f"Give a text of at most {LONGEST} characters."
    words = ("invalid", "max_length", "blank", "null", "required")
    return serializers.CharField(
        max_length=LONGEST, error_messages=dict.fromkeys(words, told), **options
    )


class RetryOrder(serializers.Serializer[Any]):
    """All of it may be left out."""

    args = JsonField(list)
    kwargs = JsonField(dict)
    queue = _text(required=False, allow_blank=True)
    countdown = whole(0, DAY)


class SignalOrder(serializers.Serializer[Any]):
    """How a task is ended."""

    signal = word(SIGNALS, required=False)


class BulkOrder(serializers.Serializer[Any]):
    """Which runs, and what."""

    action = word(tuple(ACTIONS))
    task_ids = serializers.ListField(
        child=_text(), min_length=1, max_length=MOST,
        error_messages=dict.fromkeys(
            ("required", "null", "not_a_list", "empty", "min_length", "max_length"),
            f"Give a list of 1 to {MOST:,} task ids.",
        ),
    )  # fmt: skip
    dry_run = switch(default=False)


class LaunchOrder(serializers.Serializer[Any]):
    """Which task, with what, where to and when."""

    task = _text()
    args = JsonField(list, default=list)
    kwargs = JsonField(dict, default=dict)
    queue = _text(required=False, allow_blank=True)
    countdown = whole(0, DAY)
    priority = whole(0, HIGHEST)
