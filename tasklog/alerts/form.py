"""The form of a rule: its condition's own fields among those that every rule has.  WEB."""

from __future__ import annotations

from typing import Any, NamedTuple

from django import forms

from tasklog.alerts.models import AT_ONCE, Condition, Rule
from tasklog.alerts.patterns import MOST_CHARACTERS, expression_of
from tasklog.alerts.scope import words
from tasklog.notify.models import Channel
from tasklog.search.regex import BadPattern

LEVELS = [(0, "any"), (20, "info and worse"), (30, "warning and worse"), (40, "error and worse")]
WEEK = 7 * 24 * 60


# What a condition is good for, in a sentence.
SENTENCES: dict[str, str] = {
    Condition.FAILED: "A run ends in failure, past its time limit, or lost with its worker.",
    Condition.ERROR_RATE: "One failure is nothing, one in five within a quarter of an hour is.",
    Condition.SLOW: "A run takes several times what its last good runs took.",
    Condition.SILENT: "What should run every hour or every night has not.",
    Condition.QUIET: "A run says nothing for far longer than its last good runs ever did.",
    Condition.PATTERN: "A line holds a text or fits a regular expression, at once.",
    Condition.QUEUE: "More tasks wait in a queue than its workers can take.",
    Condition.WORKER: "A worker is not heard of any more and has not said goodbye.",
    Condition.SOURCE: "An uploaded file or a connection brings errors, or any line, at once.",
}


class Number(NamedTuple):
    """One of a condition's numbers: what it is called, what it may be, and what it is at first."""

    name: str
    label: str
    least: float
    most: float
    first: float
    whole: bool = True


NUMBERS: dict[str, tuple[Number, ...]] = {
    Condition.ERROR_RATE: (
        Number("percent", "Percent that fail, at least", 1, 100, 20),
        Number("runs", "Of so many runs, at least", 1, 10_000, 10),
        Number("minutes", "In the last minutes", 1, 1440, 15),
    ),
    Condition.SLOW: (
        Number("factor", "Times the usual, at least", 1.1, 1000, 2, whole=False),
        Number("seconds", "And seconds, at least", 0, 86_400, 1, whole=False),
    ),
    Condition.SILENT: (Number("minutes", "No run for so many minutes", 1, 31 * 1440, 60),),
    Condition.QUIET: (
        Number("factor", "Times the usual silence, at least", 1.1, 1000, 2, whole=False),
        Number("seconds", "And seconds beyond it, at least", 1, 86_400, 60, whole=False),
    ),
    Condition.QUEUE: (Number("waiting", "More than so many wait", 0, 1_000_000, 100),),
}
ABOUT_TASKS = (
    Condition.FAILED, Condition.ERROR_RATE, Condition.SLOW, Condition.SILENT, Condition.QUIET,
    Condition.PATTERN,
)  # fmt: skip
ABOUT_QUEUES = (Condition.FAILED, Condition.QUIET, Condition.PATTERN, Condition.QUEUE)
ABOUT_SOURCES = (Condition.FAILED, Condition.PATTERN, Condition.SOURCE)
ABOUT_LINES = (Condition.PATTERN, Condition.SOURCE)
SCOPES = {
    "tasks": ABOUT_TASKS,
    "tags": ABOUT_TASKS,
    "queues": ABOUT_QUEUES,
    "sources": ABOUT_SOURCES,
}


class RuleForm(forms.Form):
    """A rule of one condition.  `rule` is the one that is changed, else a new one is made."""

    name = forms.CharField(max_length=100)
    tasks = forms.CharField(
        max_length=500, required=False,
        help_text="Names or patterns such as orders.*, with commas between. Empty: all tasks.",
    )  # fmt: skip
    tags = forms.CharField(
        max_length=500, required=False,
        help_text="Tasks with one of these tags, with commas between. Empty: with any or none.",
    )  # fmt: skip
    queues = forms.CharField(
        max_length=500, required=False, help_text="As with tasks. Empty: all queues."
    )
    sources = forms.CharField(
        max_length=500, required=False,
        help_text="Such as upload * or connection Shop, with commas between. Empty: all.",
    )  # fmt: skip
    pattern = forms.CharField(
        label="Text in the line", max_length=MOST_CHARACTERS, strip=False,
        help_text="Small and capital letters are the same.",
    )  # fmt: skip
    regex = forms.BooleanField(label="It is a regular expression", required=False)
    level = forms.TypedChoiceField(label="Level", choices=LEVELS, coerce=int, initial=0)
    channels = forms.ModelMultipleChoiceField(
        Channel.objects.all(), required=False, widget=forms.CheckboxSelectMultiple,
        help_text="Without a channel incidents are only shown here.",
    )  # fmt: skip
    cooldown_minutes = forms.IntegerField(
        label="Cool-down", min_value=1, max_value=WEEK, initial=5,
        help_text="Minutes between two of its messages; what it finds meanwhile is told together.",
    )  # fmt: skip
    calm_minutes = forms.IntegerField(
        label="Over after", min_value=1, max_value=WEEK, initial=60,
        help_text="Minutes without news until an incident is over.",
    )  # fmt: skip
    quiet_from = forms.TimeField(required=False, label="Quiet from", help_text="HH:MM, UTC")
    quiet_until = forms.TimeField(required=False, label="Quiet until", help_text="HH:MM, UTC")
    enabled = forms.BooleanField(label="In force", required=False, initial=True)

    def __init__(self, data: Any = None, *, condition: str, rule: Rule | None, **more: Any) -> None:
        self.condition, self.rule = condition, rule
        given = more.pop("initial", {})
        super().__init__(data, initial=_values(rule) | given if rule else given, **more)
        for number in self.numbers:
            self.fields[number.name] = _field(number)
        for name in _foreign(condition):
            del self.fields[name]
        if condition == Condition.SOURCE:
            self.fields["level"].initial = 40
        if condition == Condition.SILENT:
            told = "The tasks' full names, with commas between. Empty: all with the tags below."
            self.fields["tasks"].help_text = told

    @property
    def numbers(self) -> tuple[Number, ...]:
        return NUMBERS.get(self.condition, ())

    def scope(self) -> list[forms.BoundField]:
        """Where it looks."""
        return [self[name] for name in SCOPES if name in self.fields]

    def limits(self) -> list[forms.BoundField]:
        """What it looks for."""
        own = ("pattern", "level", "regex", *(number.name for number in self.numbers))
        return [self[name] for name in own if name in self.fields]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = Rule.objects.exclude(pk=(self.rule and self.rule.pk) or 0)
        if others.filter(name=name).exists():
            raise forms.ValidationError(f"There is a rule named “{name}” already.")
        return name

    def clean_tasks(self) -> str:
        tasks: str = self.cleaned_data["tasks"]
        wild = next((word for word in words(tasks) if set(word) & set("*?[")), "")
        if self.condition == Condition.SILENT and wild:
            raise forms.ValidationError(f"“{wild}” names no task: of a pattern none is missed.")
        return tasks

    def clean_tags(self) -> str:
        tags: str = self.cleaned_data["tags"]
        return tags.lower()

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if self.condition == Condition.PATTERN and "pattern" in data:
            try:
                expression_of(data)
            except BadPattern as error:
                told = f"{error} Wrong is: {error.part}" if error.part else str(error)
                self.add_error("pattern", told)
        if self.condition == Condition.SILENT and not any(
            data.get(n, "-") for n in ("tasks", "tags")
        ):
            self.add_error("tasks", "Name the tasks that are to be missed, or give a tag.")
        if (data.get("quiet_from") is None) != (data.get("quiet_until") is None):
            self.add_error("quiet_until", "Give both ends of the quiet hours, or none.")
        return data

    def given(self) -> Rule:
        """The rule as the form says, not saved.  Call it on a valid form."""
        rule, data = self.rule or Rule(condition=self.condition), self.cleaned_data
        own = [field.name for field in self.limits()]
        rule.limits = {name: data[name] for name in own}
        for name in set(data) - set(own) - {"channels"}:
            setattr(rule, name, data[name])
        return rule


def _field(number: Number) -> forms.Field:
    kind: Any = forms.IntegerField if number.whole else forms.FloatField
    field: forms.Field = kind(
        label=number.label, min_value=number.least, max_value=number.most, initial=number.first,
        help_text=f"{number.least:,g} to {number.most:,.16g}",
    )  # fmt: skip
    return field


def _foreign(condition: str) -> list[str]:
    """The fields that say nothing to this condition."""
    found = [name for name, conditions in SCOPES.items() if condition not in conditions]
    found += [] if condition in ABOUT_LINES else ["level"]
    found += [] if condition == Condition.PATTERN else ["pattern", "regex"]
    return found + ([] if condition in AT_ONCE else ["calm_minutes"])


def _values(rule: Rule) -> dict[str, Any]:
    names = ("name", *SCOPES, "cooldown_minutes", "calm_minutes", "enabled", "quiet_from",
             "quiet_until")  # fmt: skip
    own: dict[str, Any] = {name: getattr(rule, name) for name in names} | rule.limits
    return own | {"channels": list(rule.channels.values_list("pk", flat=True))}
