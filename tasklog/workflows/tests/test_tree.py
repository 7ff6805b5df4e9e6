"""How the runs of a workflow hang together."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tasklog.models import TaskRun
from tasklog.workflows.tests.conftest import NOON
from tasklog.workflows.tree import FAILED_SHOWN, OPENED, Tree


def drawn(**words: Any) -> list[str]:
    """The rows, indented by their depth."""
    tree = Tree(TaskRun.objects.order_by("created_at", "task_id"))
    said = []
    for row in tree.rows(**words):
        if row.more:
            said.append(f"{'  ' * row.depth}+{row.more}")
        elif row.bundle:
            said.append(f"{'  ' * row.depth}[{len(row.bundle.runs)}]")
        elif row.run:
            said.append(f"{'  ' * row.depth}{row.run.task_id}{'!' * row.callback}")
    return said


def test_a_chain_goes_down_step_by_step(say: Any) -> None:
    say("a")
    say("b", parent="a", root="a", at=1)
    say("c", parent="b", root="a", at=2)
    assert drawn() == ["a", "  b", "    c"]


def test_a_callback_stands_behind_its_group_not_below_who_ended_last(say: Any) -> None:
    for n in range(3):
        say(f"h{n}", group="g", at=n / 10)
    say("sum", parent="h1", root="h1", group="g", at=2)
    assert drawn() == ["[3]", "  h0", "  h1", "  h2", "sum!"]


def test_a_callback_that_was_known_beforehand_stands_behind_its_group_too(say: Any) -> None:
    say("a")
    sum_ = say("sum", parent="c", root="a", group="g", at=5)
    say("b", parent="a", root="a", group="g", at=1)
    say("c", parent="a", root="a", group="g", at=2)
    TaskRun.objects.filter(pk=sum_.pk).update(created_at=NOON + timedelta(seconds=0.5))
    assert drawn() == ["a", "  [2]", "    b", "    c", "  sum!"]


def test_a_chord_in_a_chain(say: Any) -> None:
    say("a")
    say("b", parent="a", root="a", group="g", at=1)
    say("c", parent="a", root="a", group="g", at=1)
    say("sum", parent="c", root="a", group="g", at=3)
    say("mail", parent="sum", root="a", at=4)
    assert drawn() == ["a", "  [2]", "    b", "    c", "  sum!", "    mail"]


def test_a_callback_that_lost_its_group_is_known_by_its_time(say: Any) -> None:
    """`group | sum | mail`: Celery gives the group to the last of the chain alone."""
    say("a", group="g")
    say("b", group="g")
    say("sum", parent="b", root="b", at=2)
    say("mail", parent="sum", root="b", group="g", at=3)
    assert drawn() == ["[2]", "  a", "  b", "sum!", "  mail"]


def test_what_a_member_starts_meanwhile_is_no_callback(say: Any) -> None:
    say("a", group="g", took=9)
    say("b", group="g", took=9)
    say("child", parent="b", root="b", at=2)
    assert drawn() == ["[2]", "  a", "  b", "    child"]


def test_a_chord_of_chains(say: Any) -> None:
    say("a")
    say("x", at=0.1)
    say("b", parent="a", root="a", group="g", at=1)
    say("y", parent="x", root="x", group="g", at=1)
    say("sum", parent="y", root="x", group="g", at=3)
    assert drawn() == ["a", "  b", "x", "  y", "sum!"]


def test_a_chord_in_the_header_of_a_chord(say: Any) -> None:
    say("a", group="outer")
    say("b", group="inner", at=0.1)
    say("c", group="inner", at=0.1)
    say("s", parent="c", root="c", group="outer", at=2)
    say("t", parent="s", root="c", group="outer", at=4)
    assert drawn() == ["a", "[2]", "  b", "  c", "s!", "t!"]


def test_runs_that_name_each_other_are_all_drawn_once(say: Any) -> None:
    """A task that was replaced runs again under its id, as the last of what stands in for it."""
    say("a", parent="b", root="a")
    say("b", parent="a", root="a", at=1)
    say("c", parent="b", root="a", at=2)
    say("self", parent="self", root="a", at=3)
    assert sorted(name.strip() for name in drawn()) == ["a", "b", "c", "self"]


def test_a_large_group_folds_with_its_failures_in_sight(say: Any) -> None:
    for n in range(300):
        state = "FAILURE" if n in (7, 9) else "SUCCESS"
        say(f"h{n:03}", name="shop.price", group="g", at=n / 1000, state=state)
    assert drawn() == ["[300]", "  h007", "  h009"]
    first, second = drawn(opened="g"), drawn(opened="g", start=OPENED)
    assert (len(first), first[-1]) == (OPENED + 2, "  +100")
    assert second[1:3] == ["  h200", "  h201"]
    assert len(second) == 101


def test_many_of_one_name_fold_without_being_a_group(say: Any) -> None:
    say("root")
    for n in range(60):
        say(f"c{n:02}", name="shop.mail", parent="root", root="root", at=1, state="FAILURE")
    assert len(drawn()) == 2 + FAILED_SHOWN
    assert len(drawn(opened="root:shop.mail")) == 62


def test_a_chain_of_two_thousand_is_drawn(say: Any) -> None:
    say("r0")
    TaskRun.objects.bulk_create(
        TaskRun(task_id=f"r{n}", parent_id=f"r{n - 1}", root_id="r0") for n in range(1, 2000)
    )
    assert len(drawn()) == 2000
