"""The queues' pages on a real broker."""

from __future__ import annotations

import time

import pytest
from celery import Celery, current_app
from django.contrib.auth.models import User
from django.test import Client

from dashboard.charts import depth_chart
from tasklog.audit.models import AuditEntry
from tasklog.control import depths
from tasklog.control.models import QueueSample
from tasklog.control.purging import PURGE

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def lonely(db: None, broker_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two messages wait in a queue that nobody consumes; a sample has seen it."""
    for name in ("broker_url", "broker_read_url", "broker_write_url"):
        monkeypatch.setitem(current_app.conf.changes, name, broker_url)
    PURGE.effect("lonely")
    app = Celery(broker=broker_url, set_as_current=False)
    for _ in range(2):
        app.send_task("orders.import", queue="lonely")
    slot = int(time.time()) // 15
    QueueSample.objects.create(queue="lonely", slot=slot, depth=2, consumers=0)


def test_a_queue_that_nobody_consumes_stands_first_and_says_so(browser_of_ada: Client) -> None:
    page = browser_of_ada.get("/queues/").content.decode()
    assert "Nobody consumes" in page
    for name in ("lonely", "high-priority", "default", "low-priority"):
        assert f"/queues/{name}/" in page
    assert page.index("/queues/lonely/") < page.index("/queues/default/")


def test_a_poll_is_answered_304_while_nothing_is_new(browser_of_ada: Client) -> None:
    for path in ("/queues/", "/queues/lonely/"):
        first = browser_of_ada.get(path, headers=HTMX)
        poll = {**HTMX, "If-None-Match": first.headers["ETag"]}
        assert browser_of_ada.get(path, headers=poll).status_code == 304


def test_one_queue_has_its_curve_and_what_waits_by_task(browser_of_ada: Client) -> None:
    page = browser_of_ada.get("/queues/lonely/?span=24h").content.decode()
    assert 'class="edge"' in page
    assert "orders.import" in page
    assert "Purge" not in page  # for administrators
    assert browser_of_ada.get("/queues/nowhere/").status_code == 404


def test_purging_says_first_how_many_and_then_how_many_went(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root"))
    asked = client.post("/queues/lonely/purge/").content.decode()
    assert "<b>2</b> messages would be thrown away" in asked
    assert depths.depths(["lonely"])["lonely"].messages == 2
    told = client.post("/queues/lonely/purge/", {"sure": "yes"}, follow=True).content.decode()
    assert "2 messages thrown away from lonely." in told
    assert depths.depths(["lonely"])["lonely"].messages == 0
    assert AuditEntry.objects.get(action="purge").target == "lonely, 2 waiting"


def test_without_a_broker_the_page_says_so(
    browser_of_ada: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    for name in ("broker_url", "broker_read_url", "broker_write_url"):
        monkeypatch.setitem(current_app.conf.changes, name, f"redis+socket://{tmp_path}/none.sock")
    for path in ("/queues/", "/queues/lonely/"):
        assert "broker does not answer" in browser_of_ada.get(path).content.decode()


def test_a_curve_has_gaps_a_scale_and_its_table() -> None:
    drawn = depth_chart([(0, 3), (15, None), (30, 70), (45, 80)], "Waiting")
    assert drawn.count('class="edge"') == 2
    assert ">100<" in drawn
    assert "not looked" in drawn
    assert 'class="edge"' not in depth_chart([], "Waiting")
