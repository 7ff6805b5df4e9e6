"""The pages of the tasks and the numbers behind them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.utils import timezone

from tasklog import tags, task_numbers
from tasklog.audit.models import AuditEntry
from tasklog.models import TaskRun
from tasklog.recount import recount

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Make = Callable[..., TaskRun]


@pytest.fixture
def history(make_run: Make) -> None:
    """Ten good runs of 4 s, two bad ones, and one of somebody else's task."""
    now = timezone.now()
    for n in range(10):
        at = now - timedelta(minutes=n)
        _ended(make_run, f"good{n}", at, "SUCCESS", triggered_by="ada")
    for n in range(2):
        said = {"exception": f"ValueError: no price for {n}", "retries": 2}
        _ended(make_run, f"bad{n}", now - timedelta(seconds=n), "FAILURE", **said)
    _ended(make_run, "other", now, "SUCCESS", name="<b>secret")
    recount()


def _ended(make_run: Make, task_id: str, at: Any, state: str, **values: Any) -> None:
    begun = at - timedelta(seconds=4)
    make_run(task_id, created_at=begun, started_at=begun, finished_at=at, state=state, **values)


def test_a_task_is_told_in_numbers(browser_of_ada: Client, ada: User, history: None) -> None:
    found = task_numbers.tasks_within(ada, task_numbers.WINDOWS["7d"])["orders.import"]
    assert (found.runs, found.bad, found.retries) == (12, 2, 4)
    assert found.success == pytest.approx(83.3, abs=0.1)
    assert found.p50 == pytest.approx(4, rel=0.11)
    assert sum(found.throughput) == 12
    html = browser_of_ada.get("/tasks/?window=7d").content.decode()
    assert 'href="/tasks/orders.import/?window=7d"' in html
    assert "83.3 %" in html
    assert "no price for ‹n›" in html


def test_the_page_of_a_task_groups_its_failures(browser_of_ada: Client, history: None) -> None:
    html = browser_of_ada.get("/tasks/orders.import/?window=30d").content.decode()
    assert html.count('id="failure-') == 1
    signature = TaskRun.objects.get(pk="bad0").signature
    kind = f"?task=orders.import&amp;q=signature%3A{signature}"
    assert f'href="/{kind}"' in html
    assert f'href="/bulk/retry/{kind}"' in html
    assert 'href="/runs/bad0/">Newest' in html
    assert html.count('class="hit"') == 12
    assert "bad1: Failed, 4.0 s" in html


def test_who_may_not_retry_is_not_offered_to(
    browser_of_ada: Client, history: None, settings: Any
) -> None:
    settings.CELERY_TASKLOG_DEFAULT_ROLE = "viewer"
    assert "Retry all" not in browser_of_ada.get("/tasks/orders.import/?window=30d").text


def test_the_runs_of_a_signature_can_be_listed(browser_of_ada: Client, history: None) -> None:
    signature = TaskRun.objects.get(pk="bad0").signature
    html = browser_of_ada.get(f"/?q=signature:{signature}").content.decode()
    assert 'id="run-bad0"' in html
    assert 'id="run-bad1"' in html
    assert "run-good" not in html


def test_the_list_is_searched_and_ordered(browser_of_ada: Client, history: None) -> None:
    html = browser_of_ada.get("/tasks/?q=ORDERS&window=7d").content.decode()
    assert "orders.import" in html
    assert "secret" not in html
    html = browser_of_ada.get("/tasks/?sort=runs&window=7d").content.decode()
    assert html.index("orders.import") < html.index("&lt;b&gt;secret")
    assert "No such task" in browser_of_ada.get("/tasks/?q=zzz").content.decode()


def test_who_sees_some_runs_sees_the_numbers_of_those(
    browser_of_ada: Client, ada: User, history: None, settings: Any
) -> None:
    settings.CELERY_TASKLOG_VISIBILITY = "tasklog.roles.own_runs"
    found = task_numbers.tasks_within(ada, task_numbers.WINDOWS["7d"])
    assert set(found) == {"orders.import"}
    assert (found["orders.import"].runs, found["orders.import"].bad) == (10, 0)
    assert task_numbers.failures_of(ada, "orders.import") == []
    assert browser_of_ada.get("/tasks/<b>secret/").status_code == 404
    assert browser_of_ada.get("/tasks/orders.import/").status_code == 200


def test_a_task_whose_runs_are_deleted_keeps_its_page(
    browser_of_ada: Client, history: None
) -> None:
    TaskRun.objects.all().delete()
    html = browser_of_ada.get("/tasks/orders.import/?window=7d").content.decode()
    assert "83.3 %" in html
    assert "Newest" not in html


@pytest.mark.parametrize(
    "path",
    [
        "/tasks/?page=zzz",
        "/tasks/?page=99999",
        "/tasks/?q=%00",
        "/tasks/?window=x",
        "/tasks/?sort=x",
    ],
)
def test_nonsense_in_the_address_is_harmless(browser_of_ada: Client, path: str) -> None:
    assert browser_of_ada.get(path).status_code == 200


def test_a_name_nobody_knows_is_a_404(browser_of_ada: Client) -> None:
    assert browser_of_ada.get("/tasks/nothing/").status_code == 404
    assert browser_of_ada.get("/tasks/%00/").status_code == 404


def test_an_empty_list_says_what_to_do(browser_of_ada: Client) -> None:
    assert "tasklog_tally --rebuild" in browser_of_ada.get("/tasks/").content.decode()


def test_an_administrator_gives_a_task_tags_and_lists_ask_for_them(
    admin_client: Client, browser_of_ada: Client, history: None
) -> None:
    page = "/tasks/orders.import/"
    assert "Add tags" not in browser_of_ada.get(page).text
    assert browser_of_ada.post(f"{page}tags/", {"tags": "billing"}).status_code == 403
    boss = admin_client
    assert "Add tags" in boss.get(page).text
    told = boss.post(f"{page}tags/", {"tags": "Nightly, billing"}, follow=True).text
    assert "Its tags: billing, nightly." in told
    assert AuditEntry.objects.get(action="tag", result="done").target == "orders.import"
    assert "/tasks/?tag=billing" in browser_of_ada.get(page).text
    html = browser_of_ada.get("/tasks/?tag=billing&window=7d").text
    assert 'href="/tasks/orders.import/' in html
    assert "secret" not in html
    assert "No such task" in browser_of_ada.get("/tasks/?tag=none").text
    wrong = boss.post(f"{page}tags/", {"tags": "slow, two words"})
    assert wrong.status_code == 422
    assert "“two words” is no tag." in wrong.text
    assert 'value="slow, two words"' in wrong.text, "what was typed is not lost"
    assert tags.of("orders.import") == ("billing", "nightly")
    assert boss.post("/tasks/nobody/tags/", {"tags": "a"}).status_code == 404
