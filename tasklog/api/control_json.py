"""Workers and queues as programs get them.  WEB."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from tasklog.api.serializers import RunSerializer, word
from tasklog.control.answers import Answer
from tasklog.control.configuration import configuration_of
from tasklog.control.history import SPANS
from tasklog.control.queues import Queue
from tasklog.control.workers import STATES, Worker


class WorkerSerializer(serializers.Serializer[Any]):
    """A worker; null is what it would have said had it answered."""

    name = serializers.CharField()
    state = serializers.ChoiceField(STATES)
    answered = serializers.BooleanField()
    host = serializers.CharField()
    pid = serializers.IntegerField()
    pool = serializers.CharField()
    concurrency = serializers.IntegerField(allow_null=True)
    memory_bytes = serializers.IntegerField(allow_null=True)
    versions = serializers.DictField()
    seen_at = serializers.DateTimeField()
    queues = serializers.ListField(child=serializers.CharField(), allow_null=True)
    counts = serializers.DictField(child=serializers.IntegerField(), allow_null=True)


class WorkerPage(serializers.Serializer[Any]):
    """All of them; `problem` is a sentence when the broker is away."""

    problem = serializers.CharField()
    results = WorkerSerializer(many=True)


class HeldSerializer(serializers.Serializer[Any]):
    """A task in its hands; `at` is since when it runs or when it is due."""

    task_id = serializers.CharField(source="id")
    task_name = serializers.CharField(source="name")
    at = serializers.DateTimeField(allow_null=True)


class HandSerializer(serializers.Serializer[Any]):
    """How many there are, and the first 50; `hidden` are not listed, or not for you."""

    count = serializers.IntegerField()
    hidden = serializers.IntegerField()
    results = HeldSerializer(many=True, source="tasks")


class WorkerWithTasks(WorkerSerializer):
    """One worker; `tasks` by active, reserved, scheduled and revoked.

    `stats` are Celery's own, its broker's address aside; `configuration` masks secrets.
    """

    problem = serializers.CharField()
    registered = serializers.ListField(child=serializers.CharField(), allow_null=True)
    tasks = serializers.DictField(child=HandSerializer(), allow_null=True)
    stats = serializers.DictField(allow_null=True)
    configuration = serializers.DictField(child=serializers.CharField(), allow_null=True)


class QueueSerializer(serializers.Serializer[Any]):
    """A queue; null where nobody could tell."""

    name = serializers.CharField()
    depth = serializers.IntegerField(allow_null=True)
    consumers = serializers.IntegerField(allow_null=True)
    workers = serializers.ListField(child=serializers.CharField())
    oldest_waits_since = serializers.DateTimeField(allow_null=True)
    ended_per_minute = serializers.FloatField()


class QueuePage(serializers.Serializer[Any]):
    """All of them; `problem` is a sentence when the broker is away."""

    problem = serializers.CharField()
    results = QueueSerializer(many=True)


class SpanQuery(serializers.Serializer[Any]):
    """The time that is looked at."""

    span = word(tuple(SPANS), default="1h")


class Point(serializers.Serializer[Any]):
    """The deepest within one step; null where nobody looked."""

    at = serializers.DateTimeField()
    depth = serializers.IntegerField(allow_null=True)


class QueueWithDepths(QueueSerializer):
    """One queue: at most 240 `depths`, oldest first; `names` of tasks among its newest messages
    (null: only a Redis can be looked into), and the oldest runs that wait.
    """

    problem = serializers.CharField()
    depths = Point(many=True)
    names = serializers.DictField(child=serializers.IntegerField(), allow_null=True)
    waiting = RunSerializer(many=True)


def worker_json(worker: Worker) -> dict[str, Any]:
    row, answer = worker.row, worker.answer
    return {
        "name": worker.name,
        "state": worker.state,
        "answered": answer is not None,
        "host": row.host,
        "pid": row.pid,
        "pool": row.pool,
        "concurrency": answer.size if answer and answer.size is not None else row.concurrency,
        "memory_bytes": row.rss_bytes,
        "versions": row.versions,
        "seen_at": row.seen_at,
        "queues": list(answer.queues) if answer else None,
        "counts": dict(answer.counts) if answer else None,
    }


def own_json(answer: Answer | None, *, operator: bool) -> dict[str, Any]:
    """What one worker alone is asked for; its configuration is for those who run it."""
    if answer is None:
        return {"registered": None, "stats": None, "configuration": None}
    stats = {name: value for name, value in answer.stats.items() if name != "broker"}
    return {
        "registered": list(answer.registered),
        "stats": stats,
        "configuration": configuration_of(answer) if operator else None,
    }


def queue_json(queue: Queue) -> dict[str, Any]:
    return {
        "name": queue.name,
        "depth": queue.depth,
        "consumers": queue.consumers,
        "workers": list(queue.workers),
        "oldest_waits_since": queue.oldest,
        "ended_per_minute": queue.per_minute,
    }
