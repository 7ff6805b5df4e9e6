"""The seeded week: what it holds, that it can be told again, and that the pages show it."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django_celery_beat.models import PeriodicTask

from dashboard.models import SavedView
from demo.seed import people, week
from tasklog.alerts.models import Incident, Rule
from tasklog.api.models import ApiKey
from tasklog.insights.models import Anomaly, Finding, Pattern, Report
from tasklog.models import TaskAttempt, TaskFailure, TaskLogLine, TaskRun, TaskTally
from tasklog.notify.models import Channel, Delivery, InboxMessage
from tasklog.sources.models import Connection, Upload
from tasklog.states import State

pytestmark = pytest.mark.django_db

PAGES = {
    "/": "payments.capture",
    "/search/?q=declined": "declined",
    "/workflows/": "close_day",
    "/tasks/": "stock.sync",
    "/tasks/payments.capture/": "GatewayError",
    "/workers/": "bulk@jobs-1",
    "/queues/": "low-priority",
    "/queues/low-priority/": "low-priority",
    "/schedules/": "Supplier prices",
    "/alerts/": "Payments fail",
    "/alerts/channels/": "It refused the credentials",
    "/inbox/": "payments.capture failed",
    "/insights/": "payments.capture",
    "/insights/anomalies/": "burst",
    "/insights/reports/": "Week",
    "/diagnostics/usage/": "runs",
    "/audit/": "seed_demo",
    "/sources/": "supplier-prices.csv",
    "/keys/": "Shop: nightly export",
    "/views/": "Gateway trouble",
}


def seed(*words):
    told = StringIO()
    call_command("seed_demo", *words, stdout=told)
    return told.getvalue()


def counted():
    tables = (
        TaskRun, TaskAttempt, TaskLogLine, Rule, Incident, InboxMessage, PeriodicTask, Report,
        Channel, Delivery, Upload, Connection, ApiKey, SavedView,
    )  # fmt: skip
    return [table.objects.count() for table in tables]


@pytest.fixture(autouse=True)
def a_shorter_long_run(monkeypatch):
    monkeypatch.setattr("demo.seed.telling.LONG", 600)


@pytest.fixture
def frozen(monkeypatch):
    """The clock of the seed stands still: the two weeks are the same one."""
    from django.utils import timezone

    now = timezone.now()
    monkeypatch.setattr("demo.seed.week.timezone.now", lambda: now)


def test_told_twice_there_is_one_history_and_every_page_shows_it(client, frozen, django_user_model):
    first = seed("--days", "1")
    password = re.search(r"Sign in as vera, oskar, ada with (\S+)", first)[1]
    before = counted()
    of_tasks = TaskLogLine.objects.filter(task__source="").order_by("task", "number")
    content = list(of_tasks.values_list("message", flat=True))
    assert "Sign in" not in seed("--days", "1")
    assert counted() == before
    assert list(of_tasks.values_list("message", flat=True)) == content

    assert client.login(username="ada", password=password)
    for page, word in PAGES.items():
        answer = client.get(page)
        assert answer.status_code == 200, page
        assert word in answer.text, page
    for run in (TaskRun.objects.filter(state=State.FAILURE)[0], TaskRun.objects.get(**LONGEST)):
        assert client.get(run.get_absolute_url()).status_code == 200


LONGEST = {"line_count__gt": 500}


def test_the_history_holds_failures_retries_a_workflow_and_what_is_unusual():
    seed("--days", "2")
    bad = TaskRun.objects.filter(state=State.FAILURE).exclude(traceback="")
    assert bad.filter(signature__isnull=False).exists()
    assert TaskRun.objects.filter(retries__gte=1, state=State.SUCCESS).exists()
    assert TaskRun.objects.exclude(group_id="").count() >= 6
    assert TaskFailure.objects.filter(name="payments.capture", count__gt=20).exists()
    tallied = TaskTally.objects.filter(name="stock.sync", span="ever").get()
    assert tallied.succeeded >= 150
    assert Pattern.objects.filter(task="stock.sync", total__gt=1000).exists()
    assert {"failures", "silence"} <= set(Anomaly.objects.values_list("kind", flat=True))
    assert Finding.objects.filter(task="payments.capture").exists()
    for run in TaskRun.objects.order_by("pk")[:50]:
        assert run.line_count == run.lines.count() == run.lines.last().number


def test_among_other_tasks_runs_it_asks_and_changes_none_of_them():
    TaskRun.objects.create(task_id="mine", name="billing.close", state=State.SUCCESS)
    with pytest.raises(CommandError, match="--yes"):
        seed("--days", "1")
    assert TaskRun.objects.count() == 1
    seed("--days", "1", "--yes")
    week.clear()
    assert TaskRun.objects.get().pk == "mine"


def test_files_are_read_with_their_wrong_rows_and_connections_rest():
    seed("--days", "1")
    assert set(Upload.objects.values_list("state", flat=True)) == {"done"}
    prices = Upload.objects.get(name="supplier-prices.csv")
    assert prices.summary["errors"] == 2
    assert not Connection.objects.filter(enabled=True).exists()
    assert not Connection.objects.filter(lines=0).exists()
    assert not Channel.objects.filter(enabled=True).exclude(kind="inbox").exists()


def test_an_account_that_is_there_gains_nothing(django_user_model):
    ada = django_user_model.objects.create_user("ada", password="her own")
    assert people.make("secret") == ["vera", "oskar"]
    ada.refresh_from_db()
    assert ada.check_password("her own")
    assert not ada.groups.exists()
    seed("--days", "1")
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("days", ["0", "31"])
def test_days_out_of_range_are_refused(days):
    with pytest.raises(CommandError, match="give 1 to 30"):
        seed("--days", days)
    assert not TaskRun.objects.exists()
