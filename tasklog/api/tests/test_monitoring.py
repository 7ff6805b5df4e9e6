"""What the ready dashboard and alert rules ask for is what a scrape tells."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from tasklog import metrics
from tasklog.models import Drainer, TaskRun, TaskTally
from tasklog.recount import recount

DOCS = Path(__file__).parents[3] / "docs"
pytestmark = pytest.mark.django_db


def scraped() -> dict[str, dict[tuple[str, ...], float]]:
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(metrics.scrape().decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def run(task_id: str, seconds: float, state: str = "SUCCESS") -> None:
    now = timezone.now()
    TaskRun.objects.create(
        task_id=task_id, name='shop."pay"\\n', state=state, finished_at=now,
        started_at=now - timedelta(seconds=seconds),
    )  # fmt: skip


def test_every_metric_of_the_ready_files_is_told() -> None:
    Drainer.objects.create(host="a")
    run("a", 1)
    recount()
    told = scraped()
    panels = json.loads((DOCS / "monitoring/grafana.json").read_text())["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    for group in yaml.safe_load((DOCS / "monitoring/alerts.yml").read_text())["groups"]:
        asked += [rule["expr"] for rule in group["rules"]]
    names = {name for expr in asked for name in re.findall(r"\btasklog_\w+", expr)}
    assert len(names) > 10
    optional = {"tasklog_queue_depth"}  # the room that samples queues may not be installed
    assert names - optional <= told.keys()


def test_the_page_names_every_metric() -> None:
    Drainer.objects.create(host="a")
    page = (DOCS / "monitoring.md").read_text()
    for family in text_string_to_metric_families(metrics.scrape().decode()):
        assert family.name in page


def test_runs_are_told_by_task_and_state_and_how_long_they_took() -> None:
    run("a", 0.5)
    run("b", 5, "FAILURE")
    recount()
    told = scraped()
    task = ("task", 'shop."pay"\\n')
    assert told["tasklog_runs_total"][("state", "SUCCESS"), task] == 1
    assert told["tasklog_runs_total"][("state", "FAILURE"), task] == 1
    buckets = told["tasklog_run_duration_seconds_bucket"]
    by_edge = {float(dict(labels)["le"]): n for labels, n in buckets.items()}
    assert [by_edge[edge] for edge in (0.1, 1, 10, float("inf"))] == [0, 1, 2, 2]
    assert told["tasklog_run_duration_seconds_sum"][(task,)] == pytest.approx(5.5)


def test_tasks_past_the_limit_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "TASKS", 2)
    since = timezone.now()
    for number in range(5):
        TaskTally.objects.create(
            name=f"t{number}", span="ever", since=since, succeeded=number, buckets={"3": number}
        )
    told = scraped()["tasklog_runs_total"]
    counts = {
        dict(labels)["task"]: n for labels, n in told.items() if ("state", "SUCCESS") in labels
    }
    assert counts == {"t4": 4, "t3": 3, "other": 3}
