"""Workers and queues for programs: lists and details, a verb on a worker, purging a queue.  WEB."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.http import Http404
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from tasklog.api.control_json import (
    HandSerializer,
    QueuePage,
    QueueWithDepths,
    SpanQuery,
    WorkerPage,
    WorkerWithTasks,
    own_json,
    queue_json,
    worker_json,
)
from tasklog.api.deeds import ControlView
from tasklog.api.serializers import RunSerializer
from tasklog.api.views import ApiView, attempts_of, checked
from tasklog.control.actions import Outcome
from tasklog.control.arguments import from_json
from tasklog.control.hands import hands_of
from tasklog.control.history import history
from tasklog.control.purging import PURGE
from tasklog.control.queues import queue_list
from tasklog.control.verbs import VERBS
from tasklog.control.waiting import names_in, waiting_in
from tasklog.control.workers import find_worker, roster
from tasklog.roles import Role

# Done is done; what failed says why; what got no answer may still happen.
STATUSES = {"done": 200, "failed": 409, "unknown": 202}


class WorkerList(ApiView):
    """Every worker of the last day, with what it answers within a second."""

    scope = "tasks:read"
    answer = WorkerPage

    def get(self, request: Request) -> Response:
        found = roster(asking=True)
        workers = [worker_json(worker) for worker in found.workers]
        return Response({"problem": found.problem, "results": workers})


class WorkerDetail(ApiView):
    """One worker with the tasks in its hands, as far as you may see them."""

    scope = "tasks:read"
    answer = WorkerWithTasks

    def get(self, request: Request, name: str) -> Response:
        worker, problem = (None, "") if "\0" in name else find_worker(name, asking=True)
        if worker is None:
            raise Http404(f"There is no worker named {name}.")
        answer = worker.answer
        hands = hands_of(request.user, answer) if answer else []
        return Response(
            {
                **worker_json(worker),
                "problem": problem,
                **own_json(answer, operator=self.may("control") and self.holds(Role.OPERATOR)),
                "tasks": {hand.kind: HandSerializer(hand).data for hand in hands} or None,
            }
        )


class QueueList(ApiView):
    """Every queue that is known; null where nobody could tell."""

    scope = "tasks:read"
    answer = QueuePage

    def get(self, request: Request) -> Response:
        found = queue_list(request.user, roster(asking=True))
        return Response({"problem": found.problem, "results": list(map(queue_json, found.queues))})


class QueueDetail(ApiView):
    """One queue: how deep it was over a time, and what waits in it."""

    scope = "tasks:read"
    query, answer = SpanQuery, QueueWithDepths

    def get(self, request: Request, name: str) -> Response:
        span = checked(SpanQuery, request)["span"]
        found = queue_list(request.user, roster(asking=True))
        queue = next((one for one in found.queues if one.name == name), None)
        if queue is None:
            raise Http404(f"There is no queue named {name}.")
        runs = waiting_in(request.user, name)
        told, names = attempts_of(runs), names_in(request.user, name)
        return Response(
            {
                **queue_json(queue),
                "problem": found.problem,
                "depths": [
                    {"at": datetime.fromtimestamp(at, UTC), "depth": depth}
                    for at, depth in history(name, span)
                ],
                "names": None if names is None else dict(names),
                "waiting": [RunSerializer(run, context=told).data for run in runs],
            }
        )


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
        return _answer(self.perform(VERBS[verb].action, name, told, **form.given))


class QueuePurge(ControlView):
    """Throws away what waits in one queue; `made` is how many messages went."""

    def post(self, request: Request, name: str) -> Response:
        queue = next((one for one in queue_list(request.user).queues if one.name == name), None)
        if queue is None:
            raise Http404(f"There is no queue named {name}.")
        return _answer(self.perform(PURGE, name, f"{name}, {queue.depth or 0} waiting"))


def _object(request: Request) -> dict[str, Any]:
    if not isinstance(request.data, dict):
        raise ParseError('Send a JSON object such as {"size": 4}.')
    return dict(request.data)


def _answer(outcome: Outcome) -> Response:
    """What became of it."""
    made = outcome.made if isinstance(outcome.made, int) else None
    told = {"result": outcome.result, "told": outcome.told, "made": made}
    return Response(told, STATUSES[outcome.result])
