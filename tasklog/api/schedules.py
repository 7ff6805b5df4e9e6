"""`schedules/`, `schedules/<id>/`, `POST schedules/<id>/<verb>/`.  WEB."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from tasklog.api.deeds import NOT_DONE, Deed, DeedView
from tasklog.api.errors import shape
from tasklog.api.models import ALL
from tasklog.api.parsing import ordered
from tasklog.api.schedule_edit import ScheduleChange, ScheduleOrder, form_of, parsed
from tasklog.api.serializers import RunSerializer, whole
from tasklog.api.views import attempts_of, checked
from tasklog.control.schedules.form import FIELDS_OF
from tasklog.control.schedules.listing import KINDS, Schedule, describe, find, page_of
from tasklog.control.schedules.verbs import PROGRAMS, SAVE, VERBS
from tasklog.control.second_look import second_look


class SchedulesQuery(serializers.Serializer[Any]):
    """The parameters of the list."""

    page = whole(1, 10_000, default=1)


class ScheduleSerializer(serializers.Serializer[Any]):
    """A schedule; moments in UTC, the last run's id where one may see it."""

    id = serializers.IntegerField(source="task.pk")
    name = serializers.CharField(source="task.name")
    task = serializers.CharField(source="task.task")
    enabled = serializers.BooleanField(source="task.enabled")
    kind = serializers.ChoiceField((*KINDS, ""))
    when = serializers.CharField()
    next = serializers.ListField(child=serializers.DateTimeField())
    missed = serializers.ListField(child=serializers.DateTimeField())
    skipping = serializers.BooleanField()
    last_task_id = serializers.SerializerMethodField()
    last_status = serializers.SerializerMethodField()

    def get_last_task_id(self, one: Schedule) -> str | None:
        return one.runs[0].pk if one.runs else None

    def get_last_status(self, one: Schedule) -> str | None:
        return one.runs[0].state if one.runs else None


class SchedulePage(serializers.Serializer[Any]):
    """50 schedules; `next` is the following page's number."""

    next = serializers.IntegerField(allow_null=True)
    results = ScheduleSerializer(many=True)


class ScheduleDetailSerializer(ScheduleSerializer):
    """One schedule with what it sends; `times` holds the fields of its kind."""

    times = serializers.SerializerMethodField()
    args = serializers.SerializerMethodField()
    kwargs = serializers.SerializerMethodField()
    queue = serializers.SerializerMethodField()
    expire_seconds = serializers.IntegerField(source="task.expire_seconds", allow_null=True)
    one_off = serializers.BooleanField(source="task.one_off")
    description = serializers.CharField(source="task.description")
    trouble = serializers.CharField()
    runs = serializers.SerializerMethodField()

    def get_times(self, one: Schedule) -> dict[str, Any]:
        times = getattr(one.task, one.kind, None)
        return {name: _plain(getattr(times, name)) for name in FIELDS_OF.get(one.kind, ())}

    @extend_schema_field({"description": "A list; text where the row holds no JSON."})
    def get_args(self, one: Schedule) -> Any:
        return parsed(one.task.args, [])

    @extend_schema_field({"description": "An object; text where the row holds no JSON."})
    def get_kwargs(self, one: Schedule) -> Any:
        return parsed(one.task.kwargs, {})

    def get_queue(self, one: Schedule) -> str:
        return one.task.queue or ""

    @extend_schema_field(RunSerializer(many=True))
    def get_runs(self, one: Schedule) -> list[dict[str, Any]]:
        told = attempts_of(one.runs)
        return [dict(RunSerializer(run, context=told).data) for run in one.runs]


class Done(serializers.Serializer[Any]):
    """What became of it; `task_id` is the run that was started."""

    result = serializers.CharField()
    message = serializers.CharField()
    task_id = serializers.CharField(allow_null=True)
    schedule = ScheduleSerializer()


class ScheduleView(DeedView):
    """Base: keys with `control` look and act; making, changing and deleting takes `all`."""

    def task_or_404(self, schedule_id: str) -> Any:
        task = find(schedule_id)
        if task is None:
            raise Http404(f"There is no schedule with the id {schedule_id[:100]}.")
        return task

    def detail(self, task: Any, status_: int = 200) -> Response:
        described = describe(task, self.request.user)
        return Response(ScheduleDetailSerializer(described).data, status_)

    def save(self, word: str, given: dict[str, Any], row: Any = None) -> Any:
        form = form_of(given, row)
        made = self.perform(SAVE, form, f"{word} {form.cleaned_data['name']}").made
        return find(str(made.pk))


class ScheduleList(ScheduleView):
    """Schedules, those switched on first, 50 a page; `next` is the following page's number."""

    scope = {"GET": "control", "POST": ALL}
    statuses = {"POST": status.HTTP_201_CREATED}
    query = {"GET": SchedulesQuery}
    body = {"POST": ScheduleOrder}
    answer = {"GET": SchedulePage, "POST": ScheduleDetailSerializer}

    def get(self, request: Request) -> Response:
        number: int = checked(SchedulesQuery, request)["page"]
        found, more = page_of(request.user, number)
        following = number + 1 if more else None
        results = [ScheduleSerializer(one).data for one in found]
        return Response({"next": following, "results": results})

    @second_look
    def post(self, request: Request) -> Response:
        """Makes a schedule; what is left out begins as in the form of the page."""
        made = self.save("make", ordered(ScheduleOrder, request))
        return self.detail(made, status.HTTP_201_CREATED)


class ScheduleDetail(ScheduleView):
    """One schedule: when it runs, what it sends, how its last runs went."""

    scope = {"GET": "control", "PATCH": ALL, "DELETE": ALL}
    body = {"PATCH": ScheduleChange}
    answer = {
        "GET": ScheduleDetailSerializer, "PATCH": ScheduleDetailSerializer, "DELETE": Deed
    }  # fmt: skip

    def get(self, request: Request, schedule_id: str) -> Response:
        return self.detail(self.task_or_404(schedule_id))

    @second_look
    def patch(self, request: Request, schedule_id: str) -> Response:
        """Changes what the body names."""
        task = self.task_or_404(schedule_id)
        return self.detail(self.save("edit", ordered(ScheduleChange, request), task))

    def delete(self, request: Request, schedule_id: str) -> Response:
        """Deletes it; its runs and their logs stay."""
        task = self.task_or_404(schedule_id)
        outcome = self.perform(VERBS["delete"], task, f"delete {task.name}")
        return Response({"result": outcome.result, "message": outcome.told})


class ScheduleVerb(ScheduleView):
    """Switches it on or off, runs it now, leaves its next run out, or does not after all."""

    http_method_names = ["post"]
    scope = "control"
    answer, codes = Done, NOT_DONE
    verbs = PROGRAMS

    def post(self, request: Request, schedule_id: str, verb: str) -> Response:
        task = self.task_or_404(schedule_id)
        if verb not in PROGRAMS:
            raise Http404(f"A schedule knows no {verb[:100]}. There are: {', '.join(PROGRAMS)}.")
        who = {"by": ""} if verb in ("run", "skip") else {}
        outcome = self.perform(VERBS[verb], task, f"{verb} {task.name}", **who)
        if not outcome.done:
            return Response(shape("not_done", outcome.told), 409)
        body = {"result": outcome.result, "message": outcome.told, "task_id": outcome.made}
        described = describe(task, request.user)
        return Response(body | {"schedule": ScheduleSerializer(described).data})


def _plain(value: Any) -> Any:
    """As JSON has it; a zone and a decimal are no numbers of its own."""
    return value if isinstance(value, (int, str)) or value is None else _spelled(value)


def _spelled(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
