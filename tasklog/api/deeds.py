"""What changes something: by an Action, as on the pages, and written down like there.  WEB."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404
from rest_framework import serializers
from rest_framework.response import Response

from tasklog.api.errors import shape
from tasklog.api.views import ApiView
from tasklog.control.actions import Action, Outcome, perform
from tasklog.control.link import BrokerAway

Verbs = Mapping[str, tuple[Action, dict[str, Any]]]
NOT_DONE = {"409": "It did not happen; the sentence says why."}


class Deed(serializers.Serializer[Any]):
    """What became of it; `result` is `unknown` where it may still happen."""

    result = serializers.ChoiceField(["done", "unknown"])
    message = serializers.CharField()


class DeedView(ApiView):
    """Base of what a program does.

    A key of a person's may no more than that person; nobody's may what its scopes say.
    """

    @property
    def acting(self) -> Any:
        """The request as an Action asks it who may."""
        request: Any = self.request._request
        if self.key is not None and self.key.user is None:
            request.tasklog_key = self.key
        return request

    def perform(self, action: Action, target: Any, named: str, **given: Any) -> Outcome:
        """Does it; an argument `by` becomes who asks."""
        if "by" in given:
            given["by"] = self.request.user.get_username()
        return perform(action, self.acting, target, named=named[:300], **given)

    def do(self, verbs: Verbs, verb: str, target: Any, named: str) -> Response:
        """Does the verb to the target and tells what became of it."""
        if verb not in verbs:
            raise Http404(f"There is no verb {verb}. There are: {', '.join(verbs)}.")
        action, given = verbs[verb]
        return told(self.perform(action, target, f"{verb} {named}", **given))


class ControlView(DeedView):
    """Base of what asks workers: a key needs the scope `control`, a person the operator's role."""

    scope = "control"
    codes = {"202": "No worker answered within a second: it may still happen.", **NOT_DONE}


def told(outcome: Outcome) -> Response:
    """200 for what was done; 409 for what was not, 503 without a broker."""
    if outcome.result != "failed":
        return Response({"result": outcome.result, "message": outcome.told})
    if isinstance(outcome.made, BrokerAway):
        return Response(shape("unavailable", outcome.told), 503, headers={"Retry-After": "5"})
    return Response(shape("not_done", outcome.told), 409)
