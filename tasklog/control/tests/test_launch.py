"""Which tasks may be started by hand, and what their signatures ask for."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

import pytest
from celery import shared_task
from django.contrib.auth.models import User

from tasklog.control.launch import call_of, launchable, may_launch, parameters, problems
from tasklog.roles import Role


@shared_task(name="control.every_kind")
def every_kind(
    name: str,
    count: int = 3,
    share: float = 0.5,
    loud: bool = False,
    day: date | None = None,
    at: datetime | None = None,
    tags: list[str] | None = None,
    mode: Literal["fast", "slow"] = "fast",
    anything=None,
    *more: int,
    **named: str,
) -> None:
    """Takes all there is."""


def test_the_signature_says_what_a_form_asks() -> None:
    found = {one.name: (one.kind, one.required, one.may_be_none) for one in parameters(every_kind)}
    assert found == {
        "name": ("text", True, False), "count": ("whole", False, False),
        "share": ("number", False, False), "loud": ("flag", False, False),
        "day": ("day", False, True), "at": ("moment", False, True),
        "tags": ("list", False, True), "mode": ("choice", False, False),
        "anything": ("any", False, True), "more": ("list", False, False),
        "named": ("object", False, False),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kwargs", "wrong"),
    [
        ({}, "args"),
        ({"name": 5}, "name"),
        ({"name": "a", "count": True}, "count"),
        ({"name": "a", "count": None}, "count"),
        ({"name": "a", "mode": "medium"}, "mode"),
        ({"name": "a", "tags": "x"}, "tags"),
    ],
)
def test_a_call_that_does_not_fit_is_said_at_its_argument(kwargs: Any, wrong: str) -> None:
    assert list(problems(every_kind, [], kwargs)) == [wrong]


def test_a_call_that_fits_has_no_problems() -> None:
    assert problems(every_kind, ["a", 1], {"day": None, "other": "x"}) == {}


def test_arguments_go_by_name_unless_more_follow() -> None:
    by = {one.name: one for one in parameters(every_kind)}
    call = call_of("t", [(by["name"], "a"), (by["count"], 2), (by["named"], {"x": "y"})])
    assert (call.args, call.kwargs) == ([], {"name": "a", "count": 2, "x": "y"})
    call = call_of("t", [(by["name"], "a"), (by["more"], [7, 8])])
    assert (call.args, call.kwargs) == (["a", 7, 8], {})


@pytest.mark.django_db
def test_only_what_is_named_may_be_started(settings: Any) -> None:
    user = User.objects.create_user("ada")
    settings.CELERY_TASKLOG_DEFAULT_ROLE = "operator"
    settings.CELERY_TASKLOG_LAUNCH = []
    assert launchable(user) == []
    assert not may_launch("control.every_kind")
    settings.CELERY_TASKLOG_LAUNCH = ["control.every_*", "celery.*"]
    assert launchable(user) == ["control.every_kind"]
    assert not may_launch("control.every_thing")
    settings.CELERY_TASKLOG_DEFAULT_ROLE = Role.VIEWER.name.lower()
    assert launchable(user) == []
