"""Tags: how they are read and kept, and everything that asks for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tasklog import memo, tags
from tasklog.alerts import conditions
from tasklog.alerts.models import Rule
from tasklog.alerts.preview import preview
from tasklog.insights.grouped import grouped
from tasklog.insights.hours import Figures
from tasklog.models import TaskRun, TaskTag

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """No test meets the tags that another one left in this process."""
    memo.forget("tags")
    yield
    memo.forget("tags")


def test_words_are_read_in_any_case_and_once() -> None:
    assert tags.read(" Billing, nightly,billing ,, ") == ["billing", "nightly"]
    assert tags.read("") == []


@pytest.mark.parametrize("text", ["two words", "a/b", "x" * 41, "<b>", "a\0"])
def test_what_is_no_tag_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is no tag"):
        tags.read(f"good, {text}")


def test_a_task_has_twenty_at_most() -> None:
    with pytest.raises(ValueError, match="at most 20 tags; these are 21"):
        tags.read(",".join(f"t{n}" for n in range(21)))


def test_tags_replace_those_before() -> None:
    tags.write("orders.import", ["billing", "nightly"])
    tags.write("mail.send", ["nightly"])
    tags.write("orders.import", ["nightly", "slow"])
    assert tags.of("orders.import") == ("nightly", "slow")
    assert tags.tasks_with("nightly") == ["mail.send", "orders.import"]
    assert tags.by_task() == {"mail.send": ("nightly",), "orders.import": ("nightly", "slow")}
    tags.write("orders.import", [])
    assert tags.of("orders.import") == ()
    assert TaskTag.objects.count() == 1


def test_a_rule_of_a_tag_is_about_its_tasks_alone() -> None:
    tags.write("orders.import", ["billing"])
    tags.write("orders.pack", ["store"])
    rule = Rule.objects.create(name="r", condition="failed", tags="billing, pay*")
    runs = {name: _failed(name) for name in ("orders.import", "orders.pack", "mail.send")}
    found = {name for name, run in runs.items() if list(conditions.failed(rule, run))}
    assert found == {"orders.import"}
    tags.write("mail.send", ["payment"])
    assert list(conditions.failed(rule, runs["mail.send"]))
    assert preview(rule, None).count == 2


def test_a_silent_rule_of_a_tag_misses_each_of_its_tasks() -> None:
    rule = Rule(name="r", condition="silent", tags="nightly", limits={"minutes": 30})
    rule.changed_at = _failed("orders.import").created_at.replace(year=2020)
    tags.write("orders.import", ["nightly"])
    tags.write("orders.pack", ["nightly"])
    tags.write("mail.send", ["hourly"])
    assert [finding.about for finding in conditions.silent(rule)] == ["orders.pack"]
    rule.tasks = "orders.import, mail.send"
    assert list(conditions.silent(rule)) == []


def test_files_and_connections_are_each_one_project() -> None:
    names = ("orders.import", "upload:proxy.log", "upload:a.csv", "source:Shop", "add")
    found = grouped("project", {name: Figures(name, ended=1) for name in names})
    told = {name: one.ended for name, one in found.items()}
    assert told == {"orders": 1, "upload": 2, "source": 1, "add": 1}


def test_figures_of_a_task_with_two_tags_count_for_both() -> None:
    tags.write("orders.import", ["billing", "nightly"])
    tags.write("mail.send", ["nightly"])
    told = {
        name: Figures(name, ended=n)
        for n, name in enumerate(("a", "mail.send", "orders.import"), 1)
    }
    found = grouped("tag", told)
    assert {name: one.ended for name, one in found.items()} == {"billing": 3, "nightly": 5}


def _failed(name: str) -> TaskRun:
    run = TaskRun.objects.create(task_id=name, name=name)
    run.mark_failure("boom")
    return run
