"""`GET audit/`: the trail for administrators and their programs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from tasklog.audit.models import AuditEntry
from tasklog.roles import Role, group_name

URL = "/tasklog/api/audit/"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
Program = Callable[..., Client]


@pytest.fixture
def trail(db: None) -> None:
    for n, (user, action, result) in enumerate(
        [("ada", "retry", "done"), ("bob", "access", "refused"), ("ada", "purge", "failed")]
    ):
        AuditEntry.objects.create(
            user=user, action=action, result=result, target=f"orders.import run-{n}",
            address="192.0.2.7", at=NOON + timedelta(hours=n),
        )  # fmt: skip


def actions(answer: Any) -> list[str]:
    return [one["action"] for one in answer.json()["results"] if one["action"] != "make key"]


def test_an_entry_says_who_did_what(program: Program, trail: None) -> None:
    told = program("all").get(URL, {"action": "retry"}).json()
    [entry] = told["results"]
    assert entry | {"id": 0} == {
        "id": 0, "at": "2026-11-21T12:00:00Z", "user": "ada", "address": "192.0.2.7",
        "action": "retry", "target": "orders.import run-0", "result": "done", "count": 1,
        "task_id": "run-0",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["purge", "access", "retry"]),
        ("user=ada", ["purge", "retry"]),
        ("q=RUN-1", ["access"]),
        ("q=192.0.2", ["purge", "access", "retry"]),
        ("result=refused", ["access"]),
        ("since=2026-11-21T13:00:00Z&until=2026-11-21T13:00:00Z", ["access"]),
        ("action=&result=", ["purge", "access", "retry"]),
    ],
)
def test_filters(program: Program, trail: None, query: str, expected: list[str]) -> None:
    assert actions(program("all").get(f"{URL}?{query}")) == expected


def test_pages_follow_each_other(program: Program, trail: None) -> None:
    client, url, found = program("all"), f"{URL}?limit=1", []
    while url:
        answer = client.get(url)
        found += actions(answer)
        url = (answer.json()["next"] or "").partition("testserver")[2]
    assert found == ["purge", "access", "retry"]


@pytest.mark.parametrize("query", ["action=fly", "result=x", "since=x", "cursor=x", "limit=0"])
def test_what_makes_no_sense_is_a_400(program: Program, db: None, query: str) -> None:
    answer = program("all").get(f"{URL}?{query}")
    assert (answer.status_code, set(answer.json()["fields"])) == (400, {query.partition("=")[0]})


@pytest.mark.parametrize(("role", "status"), [(Role.OPERATOR, 403), (Role.ADMINISTRATOR, 200)])
def test_it_is_for_administrators_alone(
    role: Role, status: int, person: Client, user: User, settings: Any
) -> None:
    settings.CELERY_TASKLOG_DEFAULT_ROLE = ""
    user.groups.add(Group.objects.get(name=group_name(role)))
    assert person.get(URL).status_code == status


def test_a_key_without_all_may_not_read_it(program: Program, trail: None) -> None:
    assert program("control", "metrics", "logs:read").get(URL).status_code == 403
