"""Workers and queues for programs: their lists, a verb on a worker, purging a queue.  WEB."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from tasklog.api.models import ApiKey
from tasklog.api.views import ApiView
from tasklog.control.actions import Action, Outcome, perform
from tasklog.control.arguments import from_json
from tasklog.control.queues import PURGE, Queue, queue_list
from tasklog.control.verbs import VERBS
from tasklog.control.workers import Worker, find_worker, roster

# Done is done; what failed says why; what got no answer may still happen.
STATUSES = {"done": 200, "failed": 409, "unknown": 202}


class WorkerList(ApiView):
    """Every worker of the last day, with what it answers within a second."""

    scope = "tasks:read"

    def get(self, request: Request) -> Response:
        found = roster(asking=True)
        workers = [_worker(worker) for worker in found.workers]
        return Response({"problem": found.problem, "results": workers})


class QueueList(ApiView):
    """Every queue that is known; null where nobody could tell."""

    scope = "tasks:read"

    def get(self, request: Request) -> Response:
        found = queue_list(request.user, roster(asking=True))
        return Response({"problem": found.problem, "results": list(map(_queue, found.queues))})


class ControlView(ApiView):
    """Base of what changes something: only for who may, and written down."""

    scope = "control"
    codes = {
        "202": "No worker answered within a second: it may still happen.",
        "409": "It did not happen; the sentence says why.",
    }

    def act(self, action: Action, target: str, *, named: str = "", **arguments: Any) -> Response:
        """Does it and tells what became of it."""
        request = self.request._request
        key = self.request.auth if isinstance(self.request.auth, ApiKey) else None
        # A key of a person's may no more than that person; nobody's may what its scopes say.
        if key is not None and key.user is None:
            request.tasklog_key = key  # type: ignore[attr-defined]
        outcome = perform(action, request, target, named=named, **arguments)
        return Response(_told(outcome), STATUSES[outcome.result])


class WorkerAct(ControlView):
    """One verb on one worker."""

    def post(self, request: Request, name: str, verb: str) -> Response:
        if verb not in VERBS:
            raise Http404(f"There is no verb {verb}. There are {', '.join(VERBS)}.")
        worker = None if "\0" in name else find_worker(name, asking=False)[0]
        if worker is None:
            raise Http404(f"There is no worker named {name}.")
        form = from_json(VERBS[verb].arguments, _object(request))
        if not form.is_valid():
            raise ValidationError(form.problems())
        told = VERBS[verb].named(name, form.given)
        return self.act(VERBS[verb].action, name, named=told, **form.given)


class QueuePurge(ControlView):
    """Throws away what waits in one queue; `made` is how many messages went."""

    def post(self, request: Request, name: str) -> Response:
        queue = next((one for one in queue_list(request.user).queues if one.name == name), None)
        if queue is None:
            raise Http404(f"There is no queue named {name}.")
        return self.act(PURGE, name, named=f"{name}, {queue.depth or 0} waiting")


def _object(request: Request) -> dict[str, Any]:
    if not isinstance(request.data, dict):
        raise ParseError('Send a JSON object such as {"size": 4}.')
    return dict(request.data)


def _told(outcome: Outcome) -> dict[str, Any]:
    made = outcome.made if isinstance(outcome.made, int) else None
    return {"result": outcome.result, "told": outcome.told, "made": made}


def _worker(worker: Worker) -> dict[str, Any]:
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


def _queue(queue: Queue) -> dict[str, Any]:
    return {
        "name": queue.name,
        "depth": queue.depth,
        "consumers": queue.consumers,
        "workers": list(queue.workers),
        "oldest_waits_since": queue.oldest,
        "ended_per_minute": queue.per_minute,
    }
