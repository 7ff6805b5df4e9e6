"""`POST /api/revoke-task/<id>/`: asks the workers not to run it, or to stop it.  WEB."""

from __future__ import annotations

from functools import partial
from typing import Any

from kombu.exceptions import OperationalError
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from demo.api.starting import away, links_of
from demo.fields import YesNo
from demo.inputs import Inputs
from demo.launch import BrokerAway, broker, reach
from tasklog.api.acting import ControlView
from tasklog.api.errors import shape
from tasklog.capture.revoking import revoke
from tasklog.control.actions import Action, Outcome, done, failed

NOTHING_ASKED = "Nothing was revoked"


class RevokeBody(Inputs):
    """`terminate`: a task that runs already is ended by a signal."""

    terminate = YesNo(default=False)


class RevokeAnswer(serializers.Serializer[Any]):
    """Workers were asked; the run's status tells what came of it."""

    task_id = serializers.CharField()
    terminate = serializers.BooleanField()
    message = serializers.CharField()
    links = serializers.DictField(child=serializers.CharField())


class Revoke(ControlView):
    """Revokes a task that has not ended; without `terminate` one that runs goes on."""

    tag = "Patterns"
    body, answer = RevokeBody, RevokeAnswer
    codes = {"409": "It has ended already."}

    def post(self, request: Request, task_id: str) -> Response:
        run = self.run_or_404(task_id)
        given = RevokeBody(data=request.data)
        given.is_valid(raise_exception=True)
        if run.finished:
            told = f"This task has ended already: {run.state_label.lower()}."
            return Response(shape("conflict", told), 409)
        terminate = given.validated_data["terminate"]
        outcome = self.perform(TERMINATE if terminate else REVOKE, run.pk, f"{run.name} {run.pk}")
        if not outcome.done:
            return away(outcome.made)
        links = links_of(run.pk)
        return Response(
            {"task_id": run.pk, "terminate": terminate, "message": outcome.told, "links": links}
        )


def _ask(task_id: str, *, by: str, terminate: bool) -> Outcome:
    try:
        with broker(NOTHING_ASKED) as producer:
            reach(producer)
            revoke(task_id, by=by, terminate=terminate)
    except (BrokerAway, OperationalError):
        return failed(NOTHING_ASKED, BrokerAway(NOTHING_ASKED))
    return done("The workers were asked; the status tells what came of it.")


REVOKE = Action("revoke", "Revoke", partial(_ask, terminate=False))
TERMINATE = Action("terminate", "Terminate", partial(_ask, terminate=True), dangerous=True)
