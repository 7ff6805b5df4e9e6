"""The body of a schedule that is made or changed: by the rules of the page's form.  WEB."""

from __future__ import annotations

import json
from typing import Any

from django_celery_beat.models import PERIOD_CHOICES, SOLAR_SCHEDULES
from rest_framework import serializers

from tasklog.api.formed import at_first, check
from tasklog.api.orders import JsonField
from tasklog.api.serializers import moment, switch, text, whole, word
from tasklog.control.schedules.form import KINDS, LONGEST, ScheduleForm

_JSON = {"args": list, "kwargs": dict}


class ScheduleChange(serializers.Serializer[Any]):
    """What is left out stays as it is, or begins as the form of the page does.

    Of the fields of the four kinds only those of the chosen one count.
    """

    strict = True
    name = text()
    task = text()
    enabled = switch(required=False)
    kind = word(tuple(KINDS), required=False)
    every = whole(1, 10**6)
    period = word(tuple(word_ for word_, _ in PERIOD_CHOICES), required=False)
    minute = text()
    hour = text()
    day_of_month = text()
    month_of_year = text()
    day_of_week = text()
    timezone = text(help_text="Of a crontab, such as Europe/Berlin.")
    clocked_time = moment()
    event = word(tuple(word_ for word_, _ in SOLAR_SCHEDULES), required=False)
    latitude = serializers.FloatField(required=False, min_value=-90, max_value=90)
    longitude = serializers.FloatField(required=False, min_value=-180, max_value=180)
    args = JsonField(list)
    kwargs = JsonField(dict)
    queue = text(help_text="Empty: the task's own.")
    expire_seconds = whole(1, 2**31 - 1, allow_null=True)
    one_off = switch(required=False)
    description = text()


class ScheduleOrder(ScheduleChange):
    """A schedule to be made."""

    name = serializers.CharField(max_length=200)
    task = serializers.CharField(max_length=200)


def form_of(given: dict[str, Any], row: Any = None) -> ScheduleForm:
    """The page's form with these values; raises a 400 with the form's own words."""
    written = {name: json.dumps(value) if name in _JSON else value for name, value in given.items()}
    form = ScheduleForm({**at_first(ScheduleForm(task=row)), **written}, task=row)
    form.is_valid()
    check(form)
    return form


def parsed(text: str, empty: Any) -> Any:
    """The JSON in a row; a row that beat could not read is given as its text."""
    try:
        return json.loads(text) if text.strip() else empty
    except (ValueError, RecursionError):
        return text[:LONGEST]
