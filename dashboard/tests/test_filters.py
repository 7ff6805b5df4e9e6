"""What the address and the search box mean."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone

from dashboard.filters import RunFilter, understand
from tasklog import tags
from tasklog.models import TaskRun


def asked(query: str) -> RunFilter:
    return RunFilter.read(QueryDict(query))


def test_the_address_of_a_filter_leads_back_to_it_from_the_newest_run() -> None:
    filter_ = asked("state=failed&task=orders.import&before=1.x&nonsense=1")
    assert filter_.url(queue="high") == "?state=failed&task=orders.import&queue=high"


def test_a_position_is_no_filter() -> None:
    assert not asked("before=1.x").narrow
    assert asked("q=disk").narrow


def test_a_chip_means_all_its_states() -> None:
    assert understand(asked("state=failed")).states == ("FAILURE", "TIMEOUT", "LOST")


def test_celerys_own_names_are_understood_in_any_case() -> None:
    assert understand(asked("q=state:Failure")).states == ("FAILURE",)


def test_terms_of_the_search_box_are_the_filters_of_the_bar() -> None:
    question = understand(asked("q=worker:celery@w1 task:orders.import queue:high"))
    assert set(question.equal) == {
        ("worker", "celery@w1"), ("name", "orders.import"), ("queue", "high"),
    }  # fmt: skip


def test_quotes_keep_words_together() -> None:
    question = understand(asked('q="disk full"'))
    assert ("name__icontains", "disk full") in question.rest.children


@pytest.mark.django_db
def test_a_tag_means_all_its_tasks() -> None:
    for name in ("orders.import", "mail.send", "billing"):
        TaskRun.objects.create(task_id=name, name=name)
    tags.write("orders.import", ["nightly"])
    tags.write("mail.send", ["nightly"])
    found = TaskRun.objects.filter(understand(asked("q=tag:Nightly")).rest)
    assert {run.pk for run in found} == {"orders.import", "mail.send"}
    assert not TaskRun.objects.filter(understand(asked("q=tag:none")).rest).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("most", [1000, 1])  # names are listed, or there are too many
def test_a_star_makes_a_pattern(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasklog.search.names.MOST", most)
    for name in ("orders.import", "orders.export", "old.orders", "billing"):
        TaskRun.objects.create(task_id=name, name=name)
    found = TaskRun.objects.filter(understand(asked("q=task:orders.*")).rest)
    assert {run.pk for run in found} == {"orders.import", "orders.export"}
    assert not TaskRun.objects.filter(understand(asked("q=task:*none*")).rest).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("most", [1000, 0])
def test_many_stars_cost_no_more_than_one(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasklog.search.names.MOST", most)
    TaskRun.objects.create(task_id="x", name="a" * 250)
    question = understand(asked(f"q=task:{'a*' * 200}b"))
    began = time.perf_counter()
    list(TaskRun.objects.filter(question.rest))
    assert time.perf_counter() - began < 20  # hours, if each star tried every place


def test_a_word_with_a_colon_that_is_no_term_is_text() -> None:
    question = understand(asked("q=http://shop/42"))
    assert ("args__icontains", "http://shop/42") in question.rest.children


def test_an_unknown_state_is_said_and_the_known_ones_are_named() -> None:
    (problem,) = understand(asked("state=frobnicated")).problems
    assert "frobnicated" in problem
    assert "running, waiting" in problem


def test_an_unknown_time_span_is_said() -> None:
    assert "24h" in understand(asked("since=yesterday")).problems[0]


def test_two_states_that_exclude_each_other_find_nothing() -> None:
    assert understand(asked("state=failed&q=state:success")).rest == Q(pk__in=[])


def test_since_is_a_moment_in_the_past() -> None:
    since = understand(asked("since=1h")).since
    assert since is not None
    assert abs(timezone.now() - since - timedelta(hours=1)) < timedelta(seconds=5)
