"""One rule: its page, its form with a look at the past, and what its buttons do.  WEB."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboard.access import administrators, signed_in
from dashboard.deeds import act, do
from tasklog.addresses import number_of
from tasklog.alerts.form import NUMBERS, SCOPES, SENTENCES, RuleForm
from tasklog.alerts.models import Condition, Rule
from tasklog.alerts.patterns import MOST_CHARACTERS
from tasklog.alerts.preview import preview
from tasklog.alerts.reading import visible
from tasklog.alerts.verbs import RULE_VERBS, SAVE_RULE
from tasklog.control.second_look import second_look

# What the address of a new rule may fill in, and how long it may be.
_OFFERED = {"pattern": MOST_CHARACTERS} | dict.fromkeys(SCOPES, 500)
FORM, PAGE = "dashboard/alerts/form.html", "dashboard/alerts/rule.html"
INCIDENTS = 20


@require_safe
@signed_in
def page(request: HttpRequest, rule_id: str) -> HttpResponse:
    """What it watches, whom it tells, what it found; with `preview` how it would have been."""
    rule = _or_404(rule_id)
    asked = "preview" in request.GET
    context = {
        "rule": rule,
        "limits": _said(rule),
        "scope": [(name, getattr(rule, name)) for name in SCOPES if rule.condition in SCOPES[name]],
        "channels": rule.channels.all(),
        "found": visible(request.user).filter(rule=rule).order_by("-pk")[:INCIDENTS],
        "preview": preview(rule, request.user) if asked else None,
        "may_edit": SAVE_RULE.allowed(request.user),
    }
    return render(request, PAGE, context)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators
def new(request: HttpRequest) -> HttpResponse:
    """First the condition, then its form; `pattern` and what is its scope fill it in."""
    condition = request.GET.get("condition", "")
    if condition not in Condition:
        choices = [(value, label, SENTENCES[value]) for value, label in Condition.choices]
        return render(request, FORM, {"choices": choices})
    offered = {
        name: request.GET[name].replace("\0", "")[:most]
        for name, most in _OFFERED.items()
        if name in request.GET
    }
    return _edit(request, condition, None, offered)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators
def edit(request: HttpRequest, rule_id: str) -> HttpResponse:
    """The form as the rule stands."""
    rule = _or_404(rule_id)
    return _edit(request, rule.condition, rule, {})


@require_POST
@administrators
def verb(request: HttpRequest, rule_id: str, verb: str) -> HttpResponse:
    """Enable, disable, test, delete; then back to where the button stood."""
    rule = _or_404(rule_id)
    do(request, RULE_VERBS, verb, rule, rule.name)
    if verb == "delete" or request.POST.get("then") == "list":
        return redirect("dashboard:alerts")
    return redirect("dashboard:alert_rule", rule_id)


@second_look
def _edit(
    request: HttpRequest, condition: str, rule: Rule | None, offered: dict[str, Any]
) -> HttpResponse:
    sent = request.method == "POST"
    form = RuleForm(request.POST if sent else None, condition=condition, rule=rule, initial=offered)
    looking = "preview" in request.POST
    form.fields["name"].required = not looking
    valid = sent and form.is_valid()
    if valid and not looking:
        word = "edit" if rule else "make"
        outcome = act(request, SAVE_RULE, form, f"{word} {form.cleaned_data['name']}", by="")
        return redirect("dashboard:alert_rule", outcome.made.pk)
    context = {
        "form": form,
        "rule": rule,
        "condition": Condition(condition),
        "conditions": [] if rule else Condition.choices,
        "preview": preview(form.given(), request.user) if valid else None,
    }
    return render(request, FORM, context, status=422 if sent and not valid else 200)


def _said(rule: Rule) -> list[tuple[str, Any]]:
    """Its own numbers with their names."""
    numbers = NUMBERS.get(rule.condition, ())
    return [(number.label, rule.number(number.name, number.first)) for number in numbers]


def _or_404(rule_id: str) -> Rule:
    rule = Rule.objects.filter(pk=number_of(rule_id)).first()
    if rule is None:
        raise Http404(f"There is no rule {rule_id}.")
    return rule
