"""Making and changing a schedule; every refusal stands at its field and says what is allowed."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any
from zoneinfo import available_timezones

from celery.schedules import ParseException, crontab
from django import forms
from django_celery_beat.models import (
    PERIOD_CHOICES,
    SOLAR_SCHEDULES,
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from tasklog.control.schedules.listing import has_ephem
from tasklog.control.schedules.sending import known_tasks
from tasklog.keeping import keep
from tasklog.models import TaskRun

KINDS = {"interval": "Every …", "crontab": "Crontab", "clocked": "Once", "solar": "By the sun"}
FIELDS_OF = {
    "interval": ("every", "period"),
    "crontab": ("minute", "hour", "day_of_month", "month_of_year", "day_of_week", "timezone"),
    "clocked": ("clocked_time",),
    "solar": ("event", "latitude", "longitude"),
}
MODELS = {
    "interval": IntervalSchedule, "crontab": CrontabSchedule, "clocked": ClockedSchedule,
    "solar": SolarSchedule,
}  # fmt: skip
CRON_HELP = {
    "minute": "0–59, such as 0,30 or */15", "hour": "0–23, such as 8-18", "day_of_month": "1–31",
    "month_of_year": "1–12", "day_of_week": "0–6 from Sunday, or mon-fri",
}  # fmt: skip
LONGEST = 10_000


def _cron(name: str) -> forms.CharField:
    label = name.replace("_", " ").capitalize()
    return forms.CharField(
        label=label, required=False, initial="*", max_length=64, help_text=CRON_HELP[name]
    )


class ScheduleForm(forms.Form):
    """A schedule in one form; of the four kinds only the fields of the chosen one count."""

    name = forms.CharField(max_length=200)
    task = forms.CharField(max_length=200, widget=forms.TextInput(attrs={"list": "tasks"}))
    enabled = forms.BooleanField(required=False, initial=True, label="Switched on")
    kind = forms.ChoiceField(
        choices=list(KINDS.items()), initial="interval", widget=forms.RadioSelect, label="When"
    )
    every = forms.IntegerField(required=False, min_value=1, max_value=10**6, initial=5)
    period = forms.ChoiceField(required=False, choices=PERIOD_CHOICES, initial="minutes")
    minute, hour = _cron("minute"), _cron("hour")
    day_of_month, month_of_year = _cron("day_of_month"), _cron("month_of_year")
    day_of_week = _cron("day_of_week")
    timezone = forms.CharField(
        required=False, initial="UTC", max_length=63, help_text="Such as Europe/Berlin"
    )
    clocked_time = forms.DateTimeField(
        required=False, label="At", help_text="UTC, such as 2027-01-31 08:30:00"
    )
    event = forms.ChoiceField(required=False, choices=SOLAR_SCHEDULES)
    latitude = forms.DecimalField(required=False, min_value=-90, max_value=90, decimal_places=6)
    longitude = forms.DecimalField(required=False, min_value=-180, max_value=180, decimal_places=6)
    args = forms.CharField(
        required=False, initial="[]", max_length=LONGEST, label="Arguments",
        help_text='A JSON list, such as [1, "eu"]',
    )  # fmt: skip
    kwargs = forms.CharField(
        required=False, initial="{}", max_length=LONGEST, label="Keyword arguments",
        help_text='A JSON object, such as {"feed": "acme"}',
    )  # fmt: skip
    queue = forms.CharField(required=False, max_length=200, help_text="Empty: the task's own")
    expire_seconds = forms.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, label="Expires after",
        help_text="Seconds it may wait for a worker",
    )  # fmt: skip
    one_off = forms.BooleanField(required=False, label="Run a single time")
    description = forms.CharField(required=False, max_length=500)

    def __init__(self, *args: Any, task: Any = None, **more: Any) -> None:
        self.row = task
        more["initial"] = (_initial(task) if task else {}) | more.get("initial", {})
        super().__init__(*args, **more)

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = PeriodicTask.objects.exclude(pk=self.row.pk if self.row else None)
        if others.filter(name=name).exists():
            raise forms.ValidationError(f"There is a schedule “{name}” already.")
        return name

    def clean_task(self) -> str:
        name: str = self.cleaned_data["task"]
        if not is_known(name):
            raise forms.ValidationError(f"No task “{name}” is known here, and none of it has run.")
        return name

    def clean_args(self) -> str:
        return self._json("args", list, "[]", 'Give a JSON list such as [1, "eu"].')

    def clean_kwargs(self) -> str:
        return self._json("kwargs", dict, "{}", 'Give a JSON object such as {"feed": "acme"}.')

    def clean_timezone(self) -> str:
        zone: str = self.cleaned_data["timezone"] or "UTC"
        if zone not in available_timezones():
            raise forms.ValidationError(
                f"“{zone}” is no time zone. Give one such as Europe/Berlin."
            )
        return zone

    def clean(self) -> dict[str, Any]:
        kind = self.cleaned_data.get("kind", "")
        for name in FIELDS_OF.get(kind, ()):
            if name not in self.errors and self.cleaned_data.get(name) in (None, ""):
                self.add_error(name, "This is needed.")
        # What the other kinds hold counts for nothing, so it cannot be wrong either.
        for other in set(KINDS) - {kind}:
            for name in FIELDS_OF[other]:
                self.errors.pop(name, None)
        if kind == "crontab":
            self._check_crontab()
        if kind == "solar" and not has_ephem():
            self.add_error("kind", "By the sun needs the package ephem, which is not installed.")
        return self.cleaned_data

    def save(self) -> Any:
        """Writes it; beat notices within seconds.  Others may share the row of its times."""
        given = self.cleaned_data
        row = self.row or PeriodicTask()
        for name in ("name", "task", "enabled", "args", "kwargs", "expire_seconds", "description"):
            setattr(row, name, given[name])
        row.queue = given["queue"] or None
        row.one_off = given["one_off"] or given["kind"] == "clocked"
        if row.expire_seconds is not None:
            row.expires = None
        for kind in KINDS:
            setattr(row, kind, self._times() if kind == given["kind"] else None)
        keep(row)
        return row

    def _times(self) -> Any:
        kind = self.cleaned_data["kind"]
        spec = {name: self.cleaned_data[name] for name in FIELDS_OF[kind]}
        rows = MODELS[kind].objects
        return rows.filter(**spec).first() or rows.create(**spec)

    def _json(self, name: str, form: type, empty: str, told: str) -> str:
        text = self.cleaned_data[name].strip() or empty
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(f"{told} ({error})") from error
        if not isinstance(value, form):
            raise forms.ValidationError(told)
        return text

    def _check_crontab(self) -> None:
        for name in FIELDS_OF["crontab"][:-1]:
            text = self.cleaned_data.get(name)
            try:
                if text and name not in self.errors:
                    crontab(**{name: text})
            except (ParseException, ValueError) as error:
                self.add_error(name, f"“{text}” is not understood: {error}. {CRON_HELP[name]}.")


def is_known(name: str) -> bool:
    """Registered in this process, or seen to run: a task of workers with code of their own."""
    return name in known_tasks() or TaskRun.objects.filter(name=name).exists()


def task_names() -> list[str]:
    """Offered in the form."""
    return sorted(name for name in known_tasks() if not name.startswith("celery."))


def _initial(task: Any) -> dict[str, Any]:
    plain = ("name", "task", "enabled", "args", "kwargs", "queue", "one_off", "description")
    values = {name: getattr(task, name) for name in (*plain, "expire_seconds")}
    for kind, names in FIELDS_OF.items():
        if times := getattr(task, kind):
            values |= {"kind": kind} | {name: getattr(times, name) for name in names}
    if "timezone" in values:
        values["timezone"] = str(values["timezone"])
    if "clocked_time" in values:
        values["clocked_time"] = values["clocked_time"].astimezone(UTC)
    return values
