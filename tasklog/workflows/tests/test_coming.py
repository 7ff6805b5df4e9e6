"""Steps that have no run: still to come, never to run, or gone on with by a retry."""

from __future__ import annotations

from typing import Any

from django.test import Client

from tasklog.models import TaskRun
from tasklog.workflows.summary import Summary
from tasklog.workflows.tree import Tree

REST = {"then": [["b", "shop.b"], ["c", "shop.c"]], "steps": 2}


def runs() -> list[TaskRun]:
    return list(TaskRun.objects.order_by("created_at", "task_id"))


def rows() -> list[str]:
    said = []
    for row in Tree(runs()).rows():
        if row.coming:
            said.append(f"{'  ' * row.depth}({row.coming.name}, {row.coming.state_label})")
        elif row.bundle:
            said.append(f"[{len(row.bundle.runs)}]")
        elif row.run:
            said.append(f"{'  ' * row.depth}{row.run.task_id}")
    return said


def test_while_a_chain_runs_its_next_steps_are_to_come(say: Any) -> None:
    say("a", took=None, envelope=REST)
    assert rows() == ["a", "  (shop.b, To come)", "  (shop.c, To come)"]
    summary = Summary(runs())
    assert (summary.to_come, summary.unreached, summary.state) == (2, 0, "STARTED")


def test_when_a_step_fails_the_later_ones_will_not_run_and_all_places_say_so(
    say: Any, admin_client: Client
) -> None:
    say("a", envelope=REST)
    say("b", parent="a", root="a", at=1, state="FAILURE",
        envelope={"then": [["c", "shop.c"]], "steps": 1})  # fmt: skip
    assert rows() == ["a", "  b", "    (shop.c, Will not run)"]
    page = admin_client.get("/workflows/a/").text
    assert "1 step will not run: an earlier step failed" in page
    assert "an earlier step failed: shop.b b" in page
    assert "will not run" in admin_client.get("/workflows/").text
    assert "1 will not run" in admin_client.get("/workflows/a/?tab=log").text
    assert "Did not follow" in admin_client.get("/runs/b/").text
    told = admin_client.get("/tasklog/api/workflows/a/").json()
    assert (told["status"], told["unreached"], told["to_come"]) == ("FAILURE", 1, [])
    assert told["will_not_run"] == [
        {"task_id": "c", "task_name": "shop.c", "count": 1, "behind": "b", "callback": False}
    ]


def test_a_retry_that_goes_on_makes_it_good(say: Any) -> None:
    say("a", state="FAILURE", envelope=REST)
    say("x", root="a", at=5, rerun_of="a", took=None, envelope={"then": [["y", "shop.b"]]})
    assert rows() == ["a", "  x", "    (shop.b, To come)"]
    assert Summary(runs()).unreached == 0
    TaskRun.objects.filter(pk="x").update(state="SUCCESS")
    say("y", parent="x", root="a", at=7)
    summary = Summary(runs())
    assert rows() == ["a", "  x", "    y"]
    assert (summary.state_label, summary.failed) == ("Ended well after a retry", [])


def test_a_retry_alone_leaves_the_rest_unreached(say: Any) -> None:
    say("a", state="FAILURE", envelope=REST)
    say("x", root="a", at=5, rerun_of="a")
    summary = Summary(runs())
    assert (summary.state, summary.failed, summary.unreached) == ("FAILURE", [], 2)


def test_a_chords_callback_will_not_run_when_a_member_failed(say: Any) -> None:
    waits = {"chord": [["sum", "shop.sum"]]}
    say("h1", group="g", envelope=waits)
    say("h2", group="g", at=0.1, state="FAILURE", envelope=waits)
    assert rows() == ["[2]", "  h1", "  h2", "(shop.sum, Will not run)"]
    say("x", root="h2", at=9, rerun_of="h2")
    assert rows()[-1] == "(shop.sum, Will not run)"


def test_a_long_chain_says_how_many_more(say: Any) -> None:
    named = [[f"s{n}", f"shop.s{n}"] for n in range(20)] + [["end", "shop.end"]]
    say("a", state="LOST", envelope={"then": named, "steps": 99})
    assert Summary(runs()).unreached == 99
    assert rows()[-2:] == ["  (78 more steps, Will not run)", "  (shop.end, Will not run)"]
