"""What goes out about runs and lines, and what may come in as a parameter.  WEB."""

from __future__ import annotations

import logging
import math
from datetime import UTC, datetime
from typing import Any, TypedDict

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from tasklog.line import LEVELS, STREAMS, Line, level_name
from tasklog.models import TaskRun
from tasklog.states import State

LONGEST = 500
# Every number of a line stays exact in JavaScript.
LAST_NUMBER = 2**53 - 1


class LineJson(TypedDict):
    """A line as programs get it; `id` is its number within the run and the cursor to go on from."""

    id: int
    timestamp: str
    stream: str
    message: str
    level: str
    logger: str
    attempt: int
    seq: int


def line_json(line: Line) -> LineJson:
    at = datetime.fromtimestamp(line.at // 1_000_000, UTC).replace(microsecond=line.at % 1_000_000)
    return {
        "id": line.number,
        "timestamp": at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "stream": line.stream,
        "message": line.message,
        "level": level_name(line.level),
        "logger": line.logger,
        "attempt": line.attempt,
        "seq": line.seq,
    }


class RunSerializer(serializers.Serializer[TaskRun]):
    """A run in a list.  `duration` in seconds, `progress` 0–100, `status` Celery's word or
    TIMEOUT or LOST.
    """

    task_id = serializers.CharField()
    task_name = serializers.CharField(source="name")
    status = serializers.ChoiceField(State.choices, source="state")
    cause = serializers.CharField()
    reason = serializers.CharField()
    queue = serializers.CharField()
    worker = serializers.CharField()
    progress = serializers.SerializerMethodField()
    progress_message = serializers.CharField()
    created_at = serializers.DateTimeField()
    queued_at = serializers.DateTimeField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(source="finished_at", allow_null=True)
    duration = serializers.SerializerMethodField()
    attempts = serializers.SerializerMethodField()
    line_count = serializers.IntegerField()
    warning_count = serializers.IntegerField()
    error_count = serializers.IntegerField()
    dropped_count = serializers.IntegerField()
    parent_id = serializers.CharField()
    root_id = serializers.CharField()
    group_id = serializers.CharField()
    rerun_of = serializers.CharField()
    triggered_by = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    request_id = serializers.CharField()

    def get_progress(self, run: TaskRun) -> float | None:
        return run.progress if run.progress is not None and math.isfinite(run.progress) else None

    def get_duration(self, run: TaskRun) -> float | None:
        return None if run.duration is None else round(run.duration.total_seconds(), 6)

    def get_attempts(self, run: TaskRun) -> int:
        """Counted by the view for the whole page at once."""
        found: int = self.context["attempts"].get(run.task_id, 0)
        return found


class RunDetailSerializer(RunSerializer):
    """One run with what it was called with and how it ended."""

    args = serializers.CharField()
    kwargs = serializers.CharField()
    result = serializers.CharField()
    exception = serializers.CharField()
    traceback = serializers.CharField()


class LineSerializer(serializers.Serializer[Any]):
    """A line; `id` is its number within the run and the cursor to go on from."""

    id = serializers.IntegerField()
    timestamp = serializers.DateTimeField()
    stream = serializers.ChoiceField(STREAMS)
    message = serializers.CharField(allow_blank=True)
    level = serializers.CharField(allow_blank=True)
    logger = serializers.CharField(allow_blank=True)
    attempt = serializers.IntegerField()
    seq = serializers.IntegerField()


class QuoteSerializer(serializers.Serializer[Any]):
    """A line as it was told to people; `id` is its number within its run."""

    id = serializers.IntegerField(source="number")
    message = serializers.CharField(source="text")
    level = serializers.SerializerMethodField()

    def get_level(self, quote: Any) -> str:
        return level_name(quote.level)


class RunWithLogs(RunDetailSerializer):
    """One run as `tasks/<id>/` answers it."""

    logs = LineSerializer(many=True, allow_null=True)
    log_count = serializers.IntegerField()


class RunPage(serializers.Serializer[Any]):
    """A page of runs."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = RunSerializer(many=True)


class LinePage(serializers.Serializer[Any]):
    """A window of lines."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = LineSerializer(many=True)


def whole(low: int, high: int, **options: Any) -> serializers.IntegerField:
    """A number whose every refusal says what is allowed."""
    told = f"Give a whole number from {low} to {high}."
    words = ("invalid", "max_value", "min_value", "max_string_length", "null")
    return serializers.IntegerField(
        min_value=low, max_value=high, required=False,
        error_messages=dict.fromkeys(words, told), **options,
    )  # fmt: skip


def text(**options: Any) -> serializers.CharField:
    return serializers.CharField(max_length=LONGEST, required=False, allow_blank=True, **options)


def word(words: tuple[str, ...], **options: Any) -> serializers.ChoiceField:
    told = f"Give one of {', '.join(words)}."
    messages: Any = dict.fromkeys(("invalid_choice", "required", "null"), told)
    return serializers.ChoiceField(choices=words, error_messages=messages, **options)


def switch(**options: Any) -> serializers.BooleanField:
    messages: Any = dict.fromkeys(("invalid", "null"), "Give true or false.")
    return serializers.BooleanField(error_messages=messages, **options)


def moment() -> serializers.DateTimeField:
    told = "Give a moment such as 2026-01-31T12:00:00Z."
    words = ("invalid", "date", "make_aware", "overflow")
    return serializers.DateTimeField(
        required=False, default_timezone=UTC, error_messages=dict.fromkeys(words, told)
    )


@extend_schema_field(str)
class WordsField(serializers.Field[list[str], str, Any, Any]):
    """Some of a few words, with commas between."""

    def __init__(self, words: tuple[str, ...], **options: Any) -> None:
        super().__init__(required=False, **options)
        self.words = {word.lower(): word for word in words}

    def to_internal_value(self, data: str) -> list[str]:
        given = [word.strip().lower() for word in str(data).split(",") if word.strip()]
        if not set(given) <= set(self.words):
            raise serializers.ValidationError(
                f"Give one or more of {', '.join(self.words.values())}, with commas between."
            )
        return [self.words[word] for word in given]

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field(str)
class LevelField(serializers.Field[int, str, Any, Any]):
    """A lowest level, by name or number."""

    def to_internal_value(self, data: str) -> int:
        word = str(data).strip().upper()
        if word in LEVELS.values():
            return logging.getLevelNamesMapping()[word]
        if word.isascii() and word.isdecimal() and len(word) <= 2 and int(word) <= logging.CRITICAL:
            return int(word)
        raise serializers.ValidationError(
            f"Give one of {', '.join(LEVELS.values())}, or a number from 0 to 50."
        )

    def to_representation(self, value: Any) -> Any:
        return value


class RunsQuery(serializers.Serializer[Any]):
    """The parameters of the list of runs."""

    status = WordsField(tuple(State.values))
    name = text()
    queue = text()
    worker = text()
    signature = text(help_text="A kind of failure, as `task-names/` tells it.")
    tag = text(help_text="A tag of its task.")
    user = text(help_text="Who started it.")
    schedule = text(help_text="Its schedule's name.")
    request = text(help_text="The id of the web request that sent it.")
    q = text()
    since = moment()
    until = moment()
    limit = whole(1, 200, default=50)
    cursor = text(default="")


class LinesQuery(serializers.Serializer[Any]):
    """The parameters of a run's lines."""

    after = whole(0, LAST_NUMBER, default=0)
    before = whole(1, LAST_NUMBER)
    limit = whole(1, 1000, default=1000)
    level = LevelField(required=False)
    stream = WordsField(STREAMS)
    q = text(default="", trim_whitespace=False)
