"""`alerts/rules/`: rules that watch, made, changed, tried and ended.  WEB."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from tasklog.alerts import preview as room
from tasklog.alerts.form import ABOUT_LINES, WEEK, RuleForm
from tasklog.alerts.incidents import OPEN
from tasklog.alerts.models import Condition, Incident, Rule
from tasklog.alerts.verbs import DELETE_RULE, RULE_VERBS, SAVE_RULE
from tasklog.api.deeds import NOT_DONE, Deed, DeedView, told
from tasklog.api.formed import FormField, Given, at_first, check, typed
from tasklog.api.paging import PageQuery, page, paged, row_or_404
from tasklog.api.parsing import ordered
from tasklog.api.serializers import LAST_NUMBER, switch, whole, word
from tasklog.api.views import checked
from tasklog.control.second_look import second_look
from tasklog.roles import Role

ADMINISTRATOR = Role.ADMINISTRATOR
VERBS = {verb: how for verb, how in RULE_VERBS.items() if verb != "delete"}
LIMITS = "limits."


def own_fields(form: RuleForm) -> dict[str, Any]:
    """The condition's own fields, which stand under `limits`."""
    return {field.name: field.field for field in form.limits()}


def _limits(**options: Any) -> FormField:
    kinds = {kind: own_fields(RuleForm(condition=kind, rule=None)) for kind in Condition.values}
    return FormField(kinds, help_text="The condition's own numbers and texts.", **options)


def _patterns(what: str) -> serializers.CharField:
    told = f"Names or patterns of {what} with commas between; empty for all."
    return serializers.CharField(
        max_length=500, allow_blank=True, required=False, help_text=told,
        error_messages=dict.fromkeys(("invalid", "max_length", "null"), told),
    )  # fmt: skip


def _clock() -> serializers.RegexField:
    told = "Give a time of day in UTC such as 22:00, or null."
    return serializers.RegexField(
        r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$",
        required=False, allow_null=True, help_text=told,
        error_messages=dict.fromkeys(("invalid", "blank"), told),
    )  # fmt: skip


class ChannelIds(serializers.ListField):
    """Numbers of channels."""

    child = serializers.IntegerField(min_value=1, max_value=LAST_NUMBER)

    def to_internal_value(self, data: Any) -> list[int]:
        if not isinstance(data, list) or len(data) > 100 or not all(map(_is_id, data)):
            raise ValidationError("Give a list of at most 100 ids of channels.")
        return data


def _is_id(value: Any) -> bool:
    return type(value) is int and 0 < value <= LAST_NUMBER


class RuleChange(serializers.Serializer[Any]):
    """What may be changed; what is left out stays as it is."""

    strict = True
    name = serializers.CharField(max_length=100)
    tasks = _patterns("tasks")
    tags = _patterns("tags")
    queues = _patterns("queues")
    sources = _patterns("sources")
    limits = _limits(required=False)
    channels = ChannelIds(required=False)
    enabled = switch(required=False)
    cooldown_minutes = whole(1, WEEK)
    calm_minutes = whole(1, WEEK)
    quiet_from = _clock()
    quiet_until = _clock()


class RuleOrder(RuleChange):
    """A rule to be made; what is left out begins as on the page."""

    condition = word(tuple(Condition.values))


class PreviewOrder(RuleOrder):
    """A rule that is only tried."""

    name = serializers.CharField(max_length=100, required=False)


class RuleSerializer(serializers.Serializer[Rule]):
    """A rule; `open` is how many of its incidents are not over."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    condition = serializers.ChoiceField(Condition.choices)
    tasks = serializers.CharField()
    tags = serializers.CharField()
    queues = serializers.CharField()
    sources = serializers.CharField()
    limits = _limits()
    channels = serializers.SerializerMethodField()
    enabled = serializers.BooleanField()
    cooldown_minutes = serializers.IntegerField()
    calm_minutes = serializers.IntegerField()
    quiet_from = serializers.CharField(allow_null=True)
    quiet_until = serializers.CharField(allow_null=True)
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()
    told_at = serializers.DateTimeField(allow_null=True)
    problem = serializers.CharField()
    open = serializers.IntegerField()

    def get_channels(self, rule: Rule) -> list[int]:
        return [channel.pk for channel in rule.channels.all()]


class SampleSerializer(serializers.Serializer[Any]):
    """One of the times it would have fired; `line` is 0 where no line is meant."""

    told = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)
    task_id = serializers.CharField(source="run_id")
    line = serializers.IntegerField()


class PreviewSerializer(serializers.Serializer[Any]):
    """`count` findings in `looked` runs or lines back to `since`, and the newest of them."""

    count = serializers.IntegerField()
    looked = serializers.IntegerField()
    of = serializers.CharField()
    since = serializers.DateTimeField(allow_null=True)
    samples = SampleSerializer(many=True)


class RulesQuery(PageQuery):
    """The parameters of the list of rules."""

    condition = word(tuple(Condition.values), required=False)
    enabled = switch(required=False, allow_null=True, default=None)


class RuleView(DeedView):
    """Base of what is about rules."""

    scope = "alerts"

    def saved(self, form: RuleForm, verb: str) -> dict[str, Any]:
        named = f"{verb} {form.cleaned_data['name']}"
        made = self.perform(SAVE_RULE, form, named, by="").made
        return as_json(row_or_404(_rules(), str(made.pk), "rule"))

    def previewed(self, rule: Rule) -> Response:
        """What hits lines tells of them, so it asks for `logs:read` as well."""
        if rule.condition in ABOUT_LINES and not self.may("logs:read"):
            raise PermissionDenied("A look at past lines needs the scope logs:read.")
        return Response(PreviewSerializer(room.preview(rule, self.request.user)).data)


class RuleList(RuleView):
    """Rules, the newest first."""

    least = {"POST": ADMINISTRATOR}
    statuses = {"POST": 201}
    query = {"GET": RulesQuery}
    body = {"POST": RuleOrder}
    answer = {"GET": page(RuleSerializer), "POST": RuleSerializer}

    def get(self, request: Request) -> Response:
        """Rules, the newest first."""
        asked = checked(RulesQuery, request)
        rows = _rules()
        if "condition" in asked:
            rows = rows.filter(condition=asked["condition"])
        if asked["enabled"] is not None:
            rows = rows.filter(enabled=asked["enabled"])
        return paged(request, rows, asked, as_json)

    @second_look
    def post(self, request: Request) -> Response:
        """Makes a rule; it is in force within seconds."""
        asked = ordered(RuleOrder, request)
        form = filled(asked, asked.pop("condition"), None)
        return Response(self.saved(form, "make"), 201)


class RuleDetail(RuleView):
    """One rule."""

    least = {"PATCH": ADMINISTRATOR, "DELETE": ADMINISTRATOR}
    body = {"PATCH": RuleChange}
    answer = {"GET": RuleSerializer, "PATCH": RuleSerializer, "DELETE": Deed}

    def get(self, request: Request, rule_id: str) -> Response:
        return Response(as_json(row_or_404(_rules(), rule_id, "rule")))

    @second_look
    def patch(self, request: Request, rule_id: str) -> Response:
        """Changes what is given; a rule keeps its condition."""
        rule = row_or_404(Rule.objects.all(), rule_id, "rule")
        form = filled(ordered(RuleChange, request, partial=True), rule.condition, rule)
        return Response(self.saved(form, "edit"))

    def delete(self, request: Request, rule_id: str) -> Response:
        """Deletes it, and its incidents with it."""
        rule = row_or_404(Rule.objects.all(), rule_id, "rule")
        return told(self.perform(DELETE_RULE, rule, f"delete {rule.name}"))


class RuleVerb(RuleView):
    """Switches a rule on or off, or sends a test through its channels."""

    least = {"POST": ADMINISTRATOR}
    verbs = VERBS
    answer = Deed
    codes = NOT_DONE

    def post(self, request: Request, rule_id: str, verb: str) -> Response:
        rule = row_or_404(Rule.objects.all(), rule_id, "rule")
        return self.do(VERBS, verb, rule, rule.name)


class RulePreview(RuleView):
    """How often a rule would have found something, as far as you may see the runs.

    For a pattern, and for lines of a source, a key needs `logs:read` as well.
    """

    answer = PreviewSerializer

    def get(self, request: Request, rule_id: str) -> Response:
        return self.previewed(row_or_404(Rule.objects.all(), rule_id, "rule"))


class Preview(RuleView):
    """The same for a rule that is not made yet; nothing is kept."""

    least = {"POST": ADMINISTRATOR}
    body, answer = PreviewOrder, PreviewSerializer

    def post(self, request: Request) -> Response:
        asked = ordered(PreviewOrder, request)
        return self.previewed(filled(asked, asked.pop("condition"), None, named=False).given())


def filled(asked: Given, condition: str, rule: Rule | None, *, named: bool = True) -> RuleForm:
    """The page's form with what was asked, valid.  Raises a 400 that names each wrong field."""
    blank = RuleForm(condition=condition, rule=rule)
    own = own_fields(blank)
    limits = typed(own, asked.pop("limits", {}), LIMITS)
    given = {name: value for name, value in asked.items() if value or name in blank.fields}
    if foreign := set(given) - set(blank.fields):
        says = f"It says nothing to the condition {condition}."
        raise ValidationError(dict.fromkeys(sorted(foreign), says))
    form = RuleForm(at_first(blank) | given | limits, condition=condition, rule=rule)
    form.fields["name"].required = named
    check(form, prefix=LIMITS, own=own)
    return form


def _rules() -> Any:
    """With how many incidents are open.  Not a join: of those that are over there are many."""
    opened = Incident.objects.filter(rule=OuterRef("pk"), state__in=OPEN).order_by().values("rule")
    counted = Coalesce(Subquery(opened.annotate(n=Count("pk")).values("n")), 0)
    return Rule.objects.annotate(open=counted).prefetch_related("channels")


def as_json(rule: Rule) -> dict[str, Any]:
    return dict(RuleSerializer(rule).data)
