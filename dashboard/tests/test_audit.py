"""The page of the audit trail."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from dashboard.views import audit
from tasklog.audit.models import AuditEntry
from tasklog.models import TaskRun

pytestmark = pytest.mark.django_db


def entry(user: str = "grace", action: str = "download", **more: object) -> AuditEntry:
    return AuditEntry.objects.create(user=user, action=action, **more)


def people(client: Client, query: str = "") -> list[str]:
    """Who stands in the table, from the top."""
    html = client.get(f"/audit/{query}").content.decode()
    return re.findall(r'<td class="c-who">(\w+)</td>', html)


@pytest.fixture
def trail() -> None:
    AuditEntry.objects.all().delete()  # the signing in


def test_an_administrator_reads_who_did_what_from_where(admin_client: Client, trail: None) -> None:
    TaskRun.objects.create(task_id="r1", name="orders.import")
    entry(address="203.0.113.7", target="orders.import r1")
    entry(action="access", target="GET /audit/", result="refused", count=12)
    html = admin_client.get("/audit/").content.decode()
    assert '<a class="mono" href="/runs/r1/">orders.import r1</a>' in html
    assert "203.0.113.7" in html
    assert "Refused" in html
    assert "× 12" in html
    assert "Kept 365 days" in html


def test_a_run_that_is_gone_keeps_its_name_without_a_link(
    admin_client: Client, trail: None
) -> None:
    entry(target="orders.import r1")
    html = admin_client.get("/audit/").content.decode()
    assert '<span class="mono">orders.import r1</span>' in html


def test_filters_narrow_the_trail(admin_client: Client, trail: None) -> None:
    entry("ann", "login")
    entry("ben", "login", result="refused")
    entry("cid", "download", target="secret.report r9", address="203.0.113.7")
    assert people(admin_client) == ["cid", "ben", "ann"]
    assert people(admin_client, "?action=login") == ["ben", "ann"]
    assert people(admin_client, "?result=refused") == ["ben"]
    assert people(admin_client, "?q=REPORT") == ["cid"]
    assert people(admin_client, "?q=203.0") == ["cid"]
    assert people(admin_client, "?q=ann&action=login") == ["ann"]
    assert "No such entry" in admin_client.get("/audit/?q=nothing").content.decode()


def test_older_entries_are_a_page_further(admin_client: Client, trail: None) -> None:
    for number in range(audit.PAGE + 3):
        entry(f"user{number}")
    html = admin_client.get("/audit/?action=download").content.decode()
    older = re.search(r'<a href="(\?action=download&amp;before=\d+)" rel="next">', html)
    assert older
    assert people(admin_client, older[1].replace("&amp;", "&")) == ["user2", "user1", "user0"]


@pytest.mark.parametrize(
    "query",
    ["?before=zzz", "?before=-1", f"?before={'9' * 40}", "?action=x", "?q=%00", "?result=%"],
)
def test_nonsense_in_the_address_is_harmless(admin_client: Client, query: str) -> None:
    assert admin_client.get(f"/audit/{query}").status_code == 200


def test_the_sidebar_leads_administrators_there_and_nobody_else(
    admin_client: Client, browser_of_ada: Client
) -> None:
    link = 'href="/audit/"'
    assert link in admin_client.get("/").content.decode()
    assert link not in browser_of_ada.get("/").content.decode()


def test_an_empty_trail_says_what_will_stand_there(admin_client: Client, trail: None) -> None:
    assert "will be written down here" in admin_client.get("/audit/").content.decode()


@pytest.mark.parametrize(("result", "said"), [("failed", "Failed"), ("unknown", "Unknown")])
def test_what_was_not_seen_to_happen_is_not_called_done(
    admin_client: Client, trail: None, result: str, said: str
) -> None:
    entry(action="revoke", target="orders.import r1", result=result)
    html = admin_client.get("/audit/?action=revoke").content.decode()
    assert said in html
    assert "Done</span>" not in html
