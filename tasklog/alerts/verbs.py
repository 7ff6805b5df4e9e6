"""What people do to rules, channels and incidents, each an Action with its word.  WEB."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from tasklog.alerts import incidents
from tasklog.alerts.form import RuleForm
from tasklog.alerts.models import Incident, Rule
from tasklog.control.actions import Action, Outcome, done, failed
from tasklog.keeping import keep
from tasklog.notify import deliver
from tasklog.notify.forms import SaveChannel
from tasklog.notify.models import Channel, Delivery
from tasklog.roles import Role


def _acknowledge(incident: Incident, *, by: str) -> Outcome:
    if incidents.acknowledge(incident, by):
        return done("It is yours: nobody is told of it any more.")
    return failed("It is not open any more; nothing was changed.")


def _resolve(incident: Incident, *, by: str) -> Outcome:
    if incidents.resolve(incident, by):
        return done("It is resolved. The next sign opens a new incident.")
    return failed("It was over already.")


def _save_rule(form: RuleForm, *, by: str) -> Outcome:
    rule = form.given()
    rule.created_by = rule.created_by or by
    rule.problem = ""
    with transaction.atomic():
        keep(rule)
        rule.channels.set(form.cleaned_data["channels"])
    return done("Saved. It is in force within seconds." if rule.enabled else "Saved.", rule)


def _delete_rule(rule: Rule) -> Outcome:
    rule.delete()
    return done(f"{rule.name} is deleted, and its incidents with it.")


def _switch_rule(rule: Rule, *, on: bool) -> Outcome:
    rule.enabled = on
    keep(rule, "enabled", "changed_at")
    return done(f"{rule.name} is in force again." if on else f"{rule.name} rests.")


def _test_rule(rule: Rule, *, by: str) -> Outcome:
    channels = list(rule.channels.filter(enabled=True))
    if not channels:
        return failed("It has no channel that is switched on, so nobody would hear of it.")
    return _tested(channels, by)


def _save_channel(saved: SaveChannel, *, by: str) -> Outcome:
    with transaction.atomic():
        channel = saved.save(by)
    return done(f"{channel.name} is saved. Press Test to see whether it works.", channel)


def _delete_channel(channel: Channel) -> Outcome:
    channel.delete()
    return done(f"{channel.name} is deleted, and the log of what it delivered.")


def _switch_channel(channel: Channel, *, on: bool) -> Outcome:
    channel.enabled = on
    keep(channel, "enabled")
    return done(f"{channel.name} is switched {'on' if on else 'off'}.")


def _test_channel(channel: Channel, *, by: str) -> Outcome:
    if not channel.enabled:
        return failed("Switch it on first.")
    return _tested([channel], by)


def _tested(channels: list[Channel], by: str) -> Outcome:
    deliver.send_test(channels, by)
    names = ", ".join(channel.name for channel in channels)
    return done(f"A test is on its way through {names}; the log says what becomes of it.")


def _try_again(delivery: Delivery) -> Outcome:
    if deliver.try_again(delivery):
        return done("It is on its way again.")
    return failed("It was not given up; nothing was changed.")


EDITOR = Role.ADMINISTRATOR
ACKNOWLEDGE = Action("incident", "Acknowledge", _acknowledge)
RESOLVE = Action("incident", "Resolve", _resolve)
SAVE_RULE = Action("rule", "Save", _save_rule, EDITOR)
DELETE_RULE = Action("rule", "Delete", _delete_rule, EDITOR, dangerous=True)
SWITCH_RULE = Action("rule", "Switch", _switch_rule, EDITOR)
TEST_RULE = Action("rule", "Test", _test_rule, EDITOR)
SAVE_CHANNEL = Action("channel", "Save", _save_channel, EDITOR)
DELETE_CHANNEL = Action("channel", "Delete", _delete_channel, EDITOR, dangerous=True)
SWITCH_CHANNEL = Action("channel", "Switch", _switch_channel, EDITOR)
TEST_CHANNEL = Action("channel", "Test", _test_channel, EDITOR)
TRY_AGAIN = Action("channel", "Try again", _try_again)

# By the word in the address: the action, and what it is told.
RULE_VERBS: dict[str, tuple[Action, dict[str, Any]]] = {
    "delete": (DELETE_RULE, {}),
    "enable": (SWITCH_RULE, {"on": True}),
    "disable": (SWITCH_RULE, {"on": False}),
    "test": (TEST_RULE, {"by": ""}),
}
CHANNEL_VERBS: dict[str, tuple[Action, dict[str, Any]]] = {
    "delete": (DELETE_CHANNEL, {}),
    "enable": (SWITCH_CHANNEL, {"on": True}),
    "disable": (SWITCH_CHANNEL, {"on": False}),
    "test": (TEST_CHANNEL, {"by": ""}),
}
INCIDENT_VERBS: dict[str, tuple[Action, dict[str, Any]]] = {
    "acknowledge": (ACKNOWLEDGE, {"by": ""}),
    "resolve": (RESOLVE, {"by": ""}),
}
