"""`POST /api/revoke-task/<id>/`: asks the workers not to run it, or to stop it.  WEB."""

from __future__ import annotations

from functools import partial
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from demo.api.starting import away, links_of
from demo.fields import YesNo
from demo.inputs import Inputs
from demo.launch import BrokerAway
from tasklog.api.deeds import ControlView
from tasklog.api.errors import shape
from tasklog.control.actions import Action, Outcome, done, failed, unknown
from tasklog.control.runs import ask_workers

NOTHING_ASKED = "Nothing was revoked"


class RevokeBody(Inputs):
    """`terminate`: a task that runs already is ended by a signal."""

    terminate = YesNo(default=False)


class RevokeAnswer(serializers.Serializer[Any]):
    """`result`: done where every worker has answered, otherwise unknown; the run's status tells
    what came of it.
    """

    task_id = serializers.CharField()
    terminate = serializers.BooleanField()
    result = serializers.ChoiceField(("done", "unknown"))
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
        outcome = self.perform(
            TERMINATE if terminate else REVOKE, run.pk, f"{run.name} {run.pk}", by=""
        )
        if outcome.result == "failed":
            return away(outcome.made)
        links = links_of(run.pk)
        return Response(
            {
                "task_id": run.pk, "terminate": terminate, "result": outcome.result,
                "message": outcome.told, "links": links,
            }
        )  # fmt: skip


def _ask(task_id: str, *, by: str, terminate: bool) -> Outcome:
    try:
        said, silent = ask_workers(task_id, by=by, terminate=terminate)
    except BrokerAway:
        return failed(NOTHING_ASKED, BrokerAway(NOTHING_ASKED))
    if not said or silent:
        who = ", ".join(silent) or "any worker"
        return unknown(f"Unknown: the command was sent, without an answer of {who}. Ask again.")
    return done(f"{len(said)} of {len(said)} workers know; the status tells what came of it.")


REVOKE = Action("revoke", "Revoke", partial(_ask, terminate=False))
TERMINATE = Action("terminate", "Terminate", partial(_ask, terminate=True), dangerous=True)
