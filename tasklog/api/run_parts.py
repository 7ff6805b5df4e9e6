"""`tasks/<id>/find/`, `…/attempts/`, `…/comparison/`: what the tabs of a run tell.  WEB."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from tasklog.api.serializers import (
    LAST_NUMBER,
    LevelField,
    LineSerializer,
    RunSerializer,
    WordsField,
    line_json,
    switch,
    text,
    whole,
    word,
)
from tasklog.api.views import ApiView, attempts_of, checked
from tasklog.archive.find import Found, find
from tasklog.archive.merged import Strand
from tasklog.archive.only import Only
from tasklog.line import STREAMS
from tasklog.models import TaskAttempt, TaskRun
from tasklog.roles import sees_all
from tasklog.states import Cause, State


class FindQuery(serializers.Serializer[Any]):
    """What is looked for, from where and in which direction."""

    q = text(default="", trim_whitespace=False)
    level = LevelField(required=False)
    stream = WordsField(STREAMS)
    logger = text(default="")
    attempt = whole(1, 2**31 - 1)
    start = whole(0, LAST_NUMBER, default=0)
    direction = word(("next", "previous"), default="next")
    count = switch(default=True)


class FoundSerializer(serializers.Serializer[Any]):
    """The next match and which of how many it is.

    `numbers` are the first 1,000 matches, all of them if `exact`.  With `reached` there was no time
    to look further than that line: ask again with it as `start`.
    """

    number = serializers.IntegerField(allow_null=True)
    ordinal = serializers.IntegerField(allow_null=True)
    total = serializers.IntegerField()
    exact = serializers.BooleanField()
    wrapped = serializers.BooleanField()
    reached = serializers.IntegerField(allow_null=True)
    numbers = serializers.ListField(child=serializers.IntegerField())


class Find(ApiView):
    """The next line that matches, like an editor; `level=ERROR` walks from error to error."""

    scope = "logs:read"
    query, answer = FindQuery, FoundSerializer

    def get(self, request: Request, task_id: str) -> Response:
        asked = checked(FindQuery, request)
        run = self.run_or_404(task_id)
        only = Only(
            asked.get("level"), asked.get("stream") or None, asked["q"], asked.get("attempt"),
            asked["logger"],
        )  # fmt: skip
        back = asked["direction"] == "previous"
        start = max(min(asked["start"], run.line_count + 1) - back, 0)
        found = find(
            [Strand(run.pk, 0, 0, run.line_count, 0, 0)], only, {run.pk: start},
            newest=back, counting=asked["count"],
        )  # fmt: skip
        return Response(_told(found, back=back))


def _told(found: Found, *, back: bool) -> dict[str, Any]:
    """A place says what lies behind; a program is told the line itself."""
    reached = None if found.reached is None else max(found.reached.values()) + back
    return {
        "number": found.spot and found.spot.number,
        "ordinal": found.ordinal,
        "total": found.total,
        "exact": found.exact,
        "wrapped": found.wrapped,
        "reached": reached,
        "numbers": [spot.number for spot in found.spots],
    }


class AttemptSerializer(serializers.Serializer[TaskAttempt]):
    """One start of a run.  `emitted` lines is null until it has ended; `lag_…` and `capture_us` in
    milliseconds and microseconds; `scene` is what was known around a death.
    """

    number = serializers.IntegerField()
    worker = serializers.CharField()
    pid = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    status = serializers.ChoiceField((*State.values, ""), source="outcome")
    cause = serializers.ChoiceField((*Cause.values, ""))
    reason = serializers.CharField()
    exception = serializers.CharField()
    redelivered = serializers.BooleanField()
    emitted = serializers.IntegerField(allow_null=True)
    stored = serializers.IntegerField()
    dropped = serializers.IntegerField()
    lag_p50_ms = serializers.FloatField(allow_null=True)
    lag_p95_ms = serializers.FloatField(allow_null=True)
    capture_us = serializers.IntegerField(allow_null=True)


class Attempts(serializers.Serializer[Any]):
    """The attempts of a run, in their order."""

    results = AttemptSerializer(many=True)


class AttemptList(ApiView):
    """Every start of a run and how it ended."""

    scope = "tasks:read"
    answer = Attempts

    def get(self, request: Request, task_id: str) -> Response:
        rows = TaskAttempt.objects.filter(task=self.run_or_404(task_id)).order_by("number")
        return Response({"results": [AttemptSerializer(row).data for row in rows]})


class KindSerializer(serializers.Serializer[Any]):
    """One kind of line: how often here and there, and its first line."""

    template = serializers.CharField()
    count = serializers.IntegerField()
    other = serializers.IntegerField()
    first = serializers.SerializerMethodField()

    @extend_schema_field(LineSerializer)
    def get_first(self, kind: Any) -> dict[str, Any]:
        return dict(line_json(kind.first))


class SuspectSerializer(serializers.Serializer[Any]):
    """A kind of line that may tell why the run ended badly, and why it is suspected."""

    kind = KindSerializer()
    score = serializers.IntegerField()
    reasons = serializers.ListField(child=serializers.CharField())


class ComparisonSerializer(serializers.Serializer[Any]):
    """This run beside the last good one of its task; `good` null: there is none.

    `cut`: of a longer log only the first 20,000 lines were read.
    """

    good = RunSerializer(allow_null=True)
    only_here = KindSerializer(many=True)
    only_there = KindSerializer(many=True)
    changed = KindSerializer(many=True)
    suspects = SuspectSerializer(many=True)
    same = serializers.IntegerField()
    cut = serializers.BooleanField()


class Comparison(ApiView):
    """Which kinds of lines only this run has, beside the last good one of the same task."""

    scope = "logs:read"
    answer = ComparisonSerializer

    def get(self, request: Request, task_id: str) -> Response:
        from tasklog.insights.figures import Difference, compared
        from tasklog.insights.suspects import patterns_of, suspects

        run = self.run_or_404(task_id)
        good, found = compared(run, TaskRun.objects.visible_to(request.user))
        found = found or Difference((), (), (), 0, False)
        known = patterns_of(run, found) if sees_all(request.user) else None
        kinds = ("only_here", "only_there", "changed")
        return Response(
            {
                "good": RunSerializer(good, context=attempts_of([good])).data if good else None,
                **{name: _kinds(getattr(found, name)) for name in kinds},
                "suspects": [SuspectSerializer(one).data for one in suspects(run, found, known)],
                "same": found.same,
                "cut": found.cut,
            }
        )


def _kinds(kinds: Any) -> list[Any]:
    return [KindSerializer(kind).data for kind in kinds]
