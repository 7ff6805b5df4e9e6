"""When a retry cannot bring along what was sent, it says so."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tasklog import sealing
from tasklog.control import again, consequences
from tasklog.control.runs import why_no_retry
from tasklog.models import RunPayload, TaskRun

pytestmark = pytest.mark.django_db


def broken(**envelope: Any) -> TaskRun:
    return TaskRun.objects.create(
        task_id="one", name="shop.pay", state="FAILURE", payload="exact", args="[]", kwargs="{}",
        queue="default", envelope=envelope,
    )  # fmt: skip


def sealed(run: TaskRun, **values: Any) -> None:
    RunPayload.objects.create(task=run, envelope=sealing.seal(json.dumps(values)))


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        ("too big", "64 KiB"),
        ("no json", "JSON cannot say"),
        ("off", "was off"),
        ("sealed", "deleted"),
    ],
)
def test_without_its_callback_a_retry_is_refused_with_the_reason(kept: str, why: str) -> None:
    run = broken(link=["shop.thanks"], kept=kept)
    told = why_no_retry(run)
    assert "its callback cannot be had" in told
    assert why in told
    assert not why_no_retry(run, edited=True)


def test_a_chain_that_is_not_kept_is_retried_alone(admin_client: Client) -> None:
    run = broken(then=[["two", "shop.ship"]], steps=1, kept="too big")
    assert not why_no_retry(run)
    assert "64 KiB" in again.why_no_rest(run)
    page = admin_client.get("/runs/one/retry/").text
    assert "The rest of its chain cannot be had" in page
    assert 'name="rest"' not in page


def test_the_rest_gets_ids_of_its_own_and_leaves_its_group() -> None:
    step = {
        "task": "shop.ship",
        "options": {"task_id": "two", "group_id": "g", "chord": {"task": "x"}},
    }
    run = broken(then=[["two", "shop.ship"]], kept="sealed")
    sealed(run, chain=[step, {"task": "shop.mail", "options": {"task_id": "three", "queue": "q"}}])
    last, following = again.options_of(run, rest=True)["chain"]
    assert set(last["options"]) == {"task_id"}
    assert following["options"]["queue"] == "q"
    assert {last["options"]["task_id"], following["options"]["task_id"]}.isdisjoint(
        {"two", "three"}
    )


def test_a_chord_within_the_rest_stays_whole() -> None:
    inner = {
        "task": "celery.chord", "subtask_type": "chord", "options": {"task_id": "b"},
        "kwargs": {
            "header": {"task": "celery.group", "options": {"task_id": "g"}, "kwargs": {"tasks": [
                {"task": "shop.count", "options": {"group_id": "g", "task_id": "h"}}]}},
            "body": {"task": "shop.sum", "options": {"task_id": "b", "chord": {"task": "outer"}}},
        },
    }  # fmt: skip
    run = broken(then=[["b", "shop.sum"]], kept="sealed")
    sealed(run, chain=[inner])
    fresh = again.options_of(run, rest=True)["chain"][0]["kwargs"]
    member = fresh["header"]["kwargs"]["tasks"][0]["options"]
    assert member["group_id"] == fresh["header"]["options"]["task_id"] != "g"
    assert set(fresh["body"]["options"]) == {"task_id"}


def test_a_moment_that_has_passed_is_not_kept_and_it_is_said() -> None:
    past = (timezone.now() - timedelta(hours=1)).replace(microsecond=0)
    run = broken(until=past.isoformat())
    assert "expires" not in again.options_of(run)
    assert "has passed and is not kept" in " ".join(consequences.sentences(run))
    run.envelope = {"until": (past + timedelta(hours=2)).isoformat()}
    assert again.options_of(run)["expires"] == past + timedelta(hours=2)


def test_a_wait_is_added_to_the_expiry() -> None:
    assert again.options_of(broken(after=60.0), countdown=600)["expires"] == 660.0


def test_a_run_that_succeeded_has_no_rest_to_go_on_with() -> None:
    run = broken(then=[["two", "shop.ship"]], steps=1, kept="sealed")
    run.state = "SUCCESS"
    assert again.why_no_rest(run)
    assert "(shop.ship) has been sent and is not sent again" in " ".join(
        consequences.sentences(run)
    )


def test_programs_ask_for_the_rest_by_name(admin_client: Client) -> None:
    broken()
    answer = admin_client.post(
        "/tasklog/api/tasks/one/retry/", {"rest": True}, content_type="application/json"
    )
    assert (answer.status_code, "No chain was broken" in answer.text) == (409, True)
    answer = admin_client.post(
        "/tasklog/api/tasks/one/retry/", {"rest": "yes please"}, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["fields"]) == (400, {"rest": "Give true or false."})
