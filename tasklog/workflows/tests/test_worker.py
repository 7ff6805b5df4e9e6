"""Chains, groups and chords of real workers: one tree and one log, each line once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from conftest import wait_for
from tasklog.models import TaskAttempt, TaskRun
from tasklog.states import FINISHED
from tasklog.workflows.members import Workflow, workflow_of
from tasklog.workflows.summary import Summary
from tasklog.workflows.tree import Tree

TASKS = "tasklog.workflows.tests.flow_tasks"


@pytest.fixture
def send(stack: Any) -> Callable[..., None]:
    """Sends canvases from a process that runs no task, and waits until so many runs are over."""
    stack.worker("threads", 4, "-I", TASKS)

    def send(*kinds: str, runs: int) -> None:
        process = stack.spawn("-m", TASKS, *kinds)
        assert process.wait(60) == 0, stack.output(process)
        wait_for(lambda: _over() >= runs, 60, lambda: f"{_over()} runs are over")

    return send


def _over() -> int:
    if TaskAttempt.objects.filter(finished_at=None).exists():
        return 0
    return TaskRun.objects.filter(state__in=FINISHED, name__startswith="flow.").count()


def workflow_with(name: str) -> Workflow:
    workflow = workflow_of(TaskRun.objects.filter(name=name).latest("created_at").pk, User())
    assert workflow is not None
    return workflow


def tree_of(workflow: Workflow) -> list[str]:
    """The names, indented by their depth."""
    tree = Tree(workflow.runs)
    return [
        f"{'  ' * depth}{run.name[5:]}{'!' * (run.task_id in tree.callbacks)}"
        for run, depth in tree.in_order()
    ]


def test_a_chord_of_fifty_is_one_tree_with_one_log(
    send: Any, client: Client, admin_user: User
) -> None:
    send("chord", runs=51)
    workflow = workflow_with("flow.total")
    assert tree_of(workflow) == [*["price"] * 50, "total!"]
    client.force_login(admin_user)
    page = client.get(f"/workflows/{workflow.runs[7].pk}/?tab=log").content.decode()
    lines = Counter(re.findall(r"price \d+ step \d|total of", page))
    assert lines == Counter(
        ["total of", *(f"price {n} step {k}" for n in range(50) for k in (1, 2, 3))]
    )


def test_what_celery_says_of_chains_chords_errbacks_and_replaced_tasks(send: Any) -> None:
    send("nested", runs=6)
    assert tree_of(workflow_with("flow.again")) == [
        "price", "  again", "    price", "    price", "    total!", "      mail",
    ]  # fmt: skip
    send("failing", runs=8)
    failed = workflow_with("flow.bad")
    assert sorted(tree_of(failed)) == ["bad", "price"]
    summary = Summary(failed.runs)
    assert (summary.state, [run.why for run in summary.failed]) == (
        "FAILURE", ["ValueError: no price for 2"],
    )  # fmt: skip
    assert [(step.name, step.never) for step in summary.coming] == [("flow.total", True)]
    send("linked", runs=10)
    assert tree_of(workflow_with("flow.told")) == ["bad", "  told"]
    send("replaced", runs=14)
    replaced = TaskRun.objects.get(name="flow.mail", parent_id__in=_ids("flow.price"), retries=0)
    found = workflow_of(replaced.pk, User())
    assert found is not None
    assert tree_of(found) == ["price", "  mail", "    price", "    total"]


def _ids(name: str) -> list[str]:
    return list(TaskRun.objects.filter(name=name).values_list("pk", flat=True))
