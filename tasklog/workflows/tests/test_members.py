"""Which runs belong together."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from tasklog.workflows.members import belongs, workflow_of
from tasklog.workflows.recent import recent_workflows
from tasklog.workflows.summary import Summary, branch_names

ANYBODY = AnonymousUser()


def ids(known: str) -> list[str]:
    workflow = workflow_of(known, ANYBODY)
    return [run.task_id for run in workflow.runs] if workflow else []


def test_a_chain_is_found_from_each_of_its_runs(say: Any) -> None:
    say("a")
    say("b", parent="a", root="a", at=1)
    say("c", parent="b", root="a", at=2)
    say("other")
    for known in "abc":
        assert ids(known) == ["a", "b", "c"]


def test_a_chord_sent_from_outside_is_one_workflow_though_each_is_its_own_root(say: Any) -> None:
    for n in range(3):
        say(f"h{n}", group="g", at=n)
    say("sum", parent="h2", root="h2", group="g", at=5)
    say("mail", parent="sum", root="h2", at=6)
    for known in ("h0", "h2", "sum", "mail", "g"):
        assert ids(known) == ["h0", "h1", "h2", "sum", "mail"]


def test_the_root_may_be_gone(say: Any) -> None:
    say("b", parent="a", root="a")
    assert ids("a") == ["b"]


def test_nobody_s_id_is_no_workflow(say: Any) -> None:
    assert workflow_of("nobody", ANYBODY) is None
    assert workflow_of("no\0body", ANYBODY) is None


def test_hidden_runs_are_counted_and_their_ids_lead_nowhere(say: Any, settings: Any) -> None:
    say("a", triggered_by="ann")
    say("b", parent="a", root="a", triggered_by="bob")
    settings.CELERY_TASKLOG_VISIBILITY = lambda user, runs: runs.filter(triggered_by="ann")
    found = workflow_of("a", ANYBODY)
    assert found is not None
    assert ([run.task_id for run in found.runs], found.hidden) == (["a"], 1)
    assert workflow_of("b", ANYBODY) is None


def test_only_a_run_with_company_has_a_workflow(say: Any) -> None:
    alone, root = say("alone"), say("root")
    child = say("child", parent="root", root="root")
    assert [belongs(run) for run in (alone, root, child)] == [False, True, True]


def test_the_newest_workflows_are_listed_and_runs_alone_are_not(say: Any, monkeypatch: Any) -> None:
    for n in range(4):
        say(f"r{n}", at=n * 10)
        say(f"c{n}", parent=f"r{n}", root=f"r{n}", at=n * 10 + 1)
        say(f"alone{n}", at=n * 10 + 2)
    monkeypatch.setattr("tasklog.workflows.recent.PAGE", 3)
    first = recent_workflows(ANYBODY)
    assert [one.key for one in first.workflows] == ["r3", "r2", "r1"]
    second = recent_workflows(ANYBODY, first.older)
    assert [one.key for one in second.workflows] == ["r0"]
    assert second.older is None


def test_a_search_that_went_too_far_says_where_to_go_on(say: Any, monkeypatch: Any) -> None:
    say("r")
    say("c", parent="r", root="r")
    for n in range(8):
        say(f"alone{n}", at=10 + n)
    monkeypatch.setattr("tasklog.workflows.recent.REACH", 4)
    found = recent_workflows(ANYBODY)
    assert (found.workflows, found.searched) == ([], 4)
    keys = []
    while found.older:
        found = recent_workflows(ANYBODY, found.older)
        keys += [one.key for one in found.workflows]
    assert keys == ["r"]


@pytest.mark.parametrize(
    ("second", "state"),
    [
        ({"state": "SUCCESS"}, "SUCCESS"),
        ({"state": "FAILURE"}, "FAILURE"),
        ({"state": "STARTED", "took": None}, "STARTED"),
    ],
)
def test_a_workflow_is_over_when_all_of_it_is(say: Any, second: Any, state: str) -> None:
    runs = [say("a"), say("b", at=1, **second)]
    assert Summary(runs).state == state
    assert Summary(runs).over is (state != "STARTED")


def test_branches_of_one_name_are_numbered(say: Any) -> None:
    runs = [say("a", name="shop.price"), say("b", name="shop.price"), say("c", name="shop.sum")]
    assert branch_names(runs) == {"a": "price #1", "b": "price #2", "c": "sum"}
