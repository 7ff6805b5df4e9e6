"""`POST /demo/api/trigger-demo/`: any demo or pattern, by its word.  WEB."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from demo.api.starting import Started, answer_of, away
from demo.catalogue import DEMOS, MAX_DURATION, MIN_DURATION, USUAL_DURATION
from demo.forms import from_json
from demo.launch import BrokerAway, launch
from demo.patterns import PATTERNS
from tasklog.api.views import ApiView
from tasklog.audit.trail import record


class TriggerBody(serializers.Serializer[Any]):
    """What is asked for; `duration` is for demos, `arguments` for patterns."""

    task_type = serializers.ChoiceField([*DEMOS, *PATTERNS])
    duration = serializers.IntegerField(
        min_value=MIN_DURATION, max_value=MAX_DURATION, default=USUAL_DURATION
    )
    arguments = serializers.DictField(required=False)


class TriggerAnswer(Started):
    """With the words that it was asked by."""

    task_type = serializers.CharField()
    duration = serializers.IntegerField(required=False)
    message = serializers.CharField()


class Trigger(ApiView):
    """Starts a demo task: `{"task_type", "duration"}`; what is allowed stands in its 400."""

    scope, tag = "control", "Patterns"
    body, answer = TriggerBody, TriggerAnswer

    def post(self, request: Request) -> Response:
        if not isinstance(request.data, dict):
            raise ParseError('Send a JSON object such as {"task_type": "long", "duration": 60}.')
        word = request.data.get("task_type")
        if isinstance(word, str) and word in PATTERNS:
            return answer_of(request, PATTERNS[word], _arguments(request.data), task_type=word)
        return self._demo(request)

    def _demo(self, request: Request) -> Response:
        form = from_json(request.data)
        if not form.is_valid():
            raise ValidationError(form.problems())
        _only(request.data, "task_type", "duration")
        demo, duration = form.demo, form.cleaned_data["duration"]
        plan = demo.plan(duration)
        try:
            launch(plan, request.user.get_username())
        except BrokerAway as error:
            return away(error)
        record("launch", request=request._request, target=f"{demo.task.name} {plan.task_id}")
        told = f"{demo.title} started. {demo.sentence}"
        return Response(
            {"task_id": plan.task_id, "task_type": demo.type, "duration": duration, "message": told}
        )


def _arguments(body: dict[str, Any]) -> Any:
    """A pattern's own inputs; a duration would mean nothing to it."""
    _only(body, "task_type", "arguments")
    return body.get("arguments", {})


def _only(body: Any, *allowed: str) -> None:
    if unknown := [str(name) for name in body if name not in allowed]:
        told = f"There is no such field here. Allowed: {', '.join(allowed)}."
        raise ValidationError({name[:100]: [told] for name in unknown[:10]})
