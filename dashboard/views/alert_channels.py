"""Channels: their list, one with its log of deliveries, its form, and its buttons.  WEB."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboard.access import administrators, operators, signed_in
from dashboard.deeds import act, do
from dashboard.htmx import etag_of, living
from tasklog.addresses import number_of
from tasklog.alerts.models import Rule
from tasklog.alerts.verbs import CHANNEL_VERBS, SAVE_CHANNEL, TRY_AGAIN
from tasklog.control.second_look import second_look
from tasklog.notify.forms import SaveChannel
from tasklog.notify.models import SENTENCES, Channel, Delivery, Kind
from tasklog.roles import sees_all

PAGE, FORM = "dashboard/alerts/channel.html", "dashboard/alerts/channel_form.html"
LIST = "dashboard/alerts/channels.html"
DELIVERIES, DEAD = 50, 50


@require_safe
@signed_in
def page(request: HttpRequest) -> HttpResponse:
    """All channels, and what could not be delivered; for htmx the part that lives."""
    channels = list(Channel.objects.all()[:500])
    dead = _log(Delivery.objects.filter(state=Delivery.State.FAILED))[:DEAD]
    context: dict[str, Any] = {
        "channels": channels,
        "dead": dead,
        "etag": etag_of([_facts(one) for one in channels], [one.pk for one in dead]),
        **_rights(request),
    }
    return living(request, LIST, context)


@require_safe
@signed_in
def channel(request: HttpRequest, channel_id: str) -> HttpResponse:
    """One channel and its newest deliveries; for htmx the part that lives."""
    found = _or_404(channel_id)
    sent = _log(found.deliveries.all())[:DELIVERIES]
    log = [(one.pk, one.state, one.tries, one.error) for one in sent]
    context: dict[str, Any] = {
        "channel": found,
        "rules": list(Rule.objects.filter(channels=found)[:50]),
        "sent": sent,
        "etag": etag_of(_facts(found), log),
        **_rights(request),
    }
    return living(request, PAGE, context)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators
def new(request: HttpRequest) -> HttpResponse:
    """First the kind, then its form."""
    kind = request.GET.get("kind", "")
    if kind not in Kind:
        choices = [(value, label, SENTENCES[value]) for value, label in Kind.choices]
        return render(request, FORM, {"choices": choices})
    return _edit(request, kind, None)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators
def edit(request: HttpRequest, channel_id: str) -> HttpResponse:
    """The form as the channel stands; its secrets are not in it."""
    found = _or_404(channel_id)
    return _edit(request, found.kind, found)


@require_POST
@administrators
def verb(request: HttpRequest, channel_id: str, verb: str) -> HttpResponse:
    """Enable, disable, test, delete."""
    found = _or_404(channel_id)
    do(request, CHANNEL_VERBS, verb, found, found.name)
    if verb == "delete":
        return redirect("dashboard:alert_channels")
    return redirect("dashboard:alert_channel", channel_id)


@require_POST
@operators
def again(request: HttpRequest, delivery_id: str) -> HttpResponse:
    """A delivery that was given up has its tries once more."""
    found = Delivery.objects.select_related("channel").filter(pk=number_of(delivery_id)).first()
    if found is None:
        raise Http404(f"There is no delivery {delivery_id}.")
    act(request, TRY_AGAIN, found, f"try again {found.pk} by {found.channel}")
    return redirect("dashboard:alert_channel", found.channel_id)


@second_look
def _edit(request: HttpRequest, kind: str, found: Channel | None) -> HttpResponse:
    sent = request.method == "POST"
    form = SaveChannel(kind, request.POST if sent else None, found)
    if sent and form.is_valid():
        word, name = "edit" if found else "make", form.name.cleaned_data["name"]
        outcome = act(request, SAVE_CHANNEL, form, f"{word} {name}", by="")
        return redirect("dashboard:alert_channel", outcome.made.pk)
    context = {
        "form": form,
        "channel": found,
        "kind": Kind(kind),
        "kinds": [] if found else Kind.choices,
    }
    return render(request, FORM, context, status=422 if sent else 200)


def _rights(request: HttpRequest) -> dict[str, bool]:
    return {
        "may_edit": SAVE_CHANNEL.allowed(request.user),
        "may_act": TRY_AGAIN.allowed(request.user),
        "titles": sees_all(request.user),
    }


def _log(deliveries: Any) -> Any:
    return deliveries.select_related("channel").order_by("-pk")


def _facts(found: Channel) -> tuple[object, ...]:
    return found.pk, found.name, found.enabled, found.last_at, found.last_error


def _or_404(channel_id: str) -> Channel:
    found = Channel.objects.filter(pk=number_of(channel_id)).first()
    if found is None:
        raise Http404(f"There is no channel {channel_id}.")
    return found
