"""`launch/`: which tasks may be started, what each asks for, and starting one.  WEB."""

from __future__ import annotations

import json
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from tasklog.api.acting import answer
from tasklog.api.deeds import ControlView
from tasklog.api.orders import LaunchOrder
from tasklog.api.parsing import ordered
from tasklog.control import launch
from tasklog.control.sending import Call

KINDS = (*dict.fromkeys(launch.KINDS.values()), "choice", "any")


class ParameterSerializer(serializers.Serializer[launch.Parameter]):
    """One argument; `rest` is args or kwargs where it takes all that has no name."""

    name = serializers.CharField()
    kind = serializers.ChoiceField(KINDS)
    required = serializers.BooleanField()  # type: ignore[assignment]
    default = serializers.JSONField(allow_null=True)
    may_be_none = serializers.BooleanField()
    choices = serializers.ListField(child=serializers.JSONField())
    rest = serializers.CharField()


class LaunchableSerializer(serializers.Serializer[Any]):
    """A task that may be started, in its author's words."""

    name = serializers.CharField()
    description = serializers.CharField()
    parameters = ParameterSerializer(many=True)


class Launchables(serializers.Serializer[Any]):
    """By name; none where CELERY_TASKLOG_LAUNCH names none."""

    results = LaunchableSerializer(many=True)


class Launched(serializers.Serializer[Any]):
    """The new run."""

    result = serializers.CharField()
    message = serializers.CharField()
    task_id = serializers.CharField()
    task_name = serializers.CharField()


class Launch(ControlView):
    """The tasks that CELERY_TASKLOG_LAUNCH names, with what each asks for."""

    body = {"POST": LaunchOrder}
    answer = {"GET": Launchables, "POST": Launched}

    def get(self, request: Request) -> Response:
        return Response({"results": [_task(name) for name in launch.every()]})

    def post(self, request: Request) -> Response:
        """Starts one of them."""
        asked = ordered(LaunchOrder, request)
        name = asked.pop("task")
        if not launch.may_launch(name):
            told = f"{name[:100]} may not be started here; CELERY_TASKLOG_LAUNCH says what may."
            raise ValidationError({"task": told})
        call = Call(name, **asked)
        if wrong := launch.problems(launch.task_of(name), call.args, call.kwargs):
            raise ValidationError(wrong)
        outcome = self.perform(launch.LAUNCH, call, f"{name} {call.task_id}", by="")
        return answer(outcome, lambda made: {"task_id": made, "task_name": name})


def _task(name: str) -> dict[str, Any]:
    task = launch.task_of(name)
    return {
        "name": name,
        "description": launch.description(task),
        "parameters": [_parameter(one) for one in launch.parameters(task)],
    }


def _parameter(one: launch.Parameter) -> dict[str, Any]:
    return {
        "name": one.name,
        "kind": one.kind,
        "required": one.required,
        "default": _plain(one.default),
        "may_be_none": one.may_be_none,
        "choices": [_plain(choice) for choice in one.choices],
        "rest": one.rest,
    }


def _plain(value: Any) -> Any:
    """As it is where JSON has it, else in words."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return str(value)
    return value
