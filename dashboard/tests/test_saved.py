"""Saved views: kept, offered where they belong, changed by their owner; filters and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from dashboard.models import SavedView
from dashboard.saved import MOST, save
from tasklog.audit.models import AuditEntry
from tasklog.models import TaskRun

if TYPE_CHECKING:
    from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db
FAILED = {"page": "runs", "query": "?state=failed&since=24h", "name": "failing today"}


def text(client: Client, url: str, **headers: Any) -> str:
    return client.get(url, headers=headers).content.decode()


def test_a_filter_of_the_runs_list_is_kept_and_offered_there(
    browser_of_ada: Client, ada: User
) -> None:
    answer = browser_of_ada.post("/views/", FAILED)
    assert (answer.status_code, answer["Location"]) == (302, "/?state=failed&since=24h")
    assert SavedView.objects.get().owner == ada
    link = '<a class="chip" href="/?state=failed&amp;since=24h"'
    assert link in text(browser_of_ada, "/")
    assert f'{link} aria-current="true"' in text(browser_of_ada, "/?since=24h&state=failed")
    assert "failing today" not in text(browser_of_ada, "/search/")


def test_the_trail_says_who_kept_renamed_and_deleted_a_view(browser_of_ada: Client) -> None:
    browser_of_ada.post("/views/", FAILED)
    pk = SavedView.objects.get().pk
    browser_of_ada.post(f"/views/{pk}/rename/", {"name": "broken today"})
    browser_of_ada.post(f"/views/{pk}/delete/")
    trail = AuditEntry.objects.filter(action="view").order_by("pk")
    assert [(entry.user, entry.target) for entry in trail] == [
        ("ada", "save failing today"),
        ("ada", "change broken today"),
        ("ada", "delete broken today"),
    ]


def test_the_living_part_of_the_list_brings_a_new_view_along(browser_of_ada: Client) -> None:
    before = browser_of_ada.get("/", headers={"HX-Request": "true"})
    browser_of_ada.post("/views/", FAILED)
    asked = {"HX-Request": "true", "If-None-Match": before["ETag"]}
    assert "failing today" in text(browser_of_ada, "/", **asked)


def test_a_search_is_kept_as_it_was_meant(browser_of_ada: Client) -> None:
    given = {"page": "search", "query": "?q=LEVEL:error++after:1h&from=abc", "name": "last hour"}
    answer = browser_of_ada.post("/views/", given)
    assert answer["Location"] == "/search/?q=level%3Aerror+after%3A1h"
    html = text(browser_of_ada, answer["Location"])
    assert "last hour" in html
    assert "Save this view" not in html, "it is kept already"
    assert "last hour" in text(browser_of_ada, "/search/?q=level:nonsense")


@pytest.mark.parametrize("url", ["/", "/?before=123", "/search/", "/search/?q=level:nonsense"])
def test_without_a_filter_there_is_nothing_to_save(browser_of_ada: Client, url: str) -> None:
    assert "Save this view" not in text(browser_of_ada, url)


@pytest.mark.parametrize("url", ["/?state=failed", "/search/?q=timeout"])
def test_a_filter_can_be_saved_by_a_form_that_needs_no_script(
    browser_of_ada: Client, url: str
) -> None:
    html = text(browser_of_ada, url)
    assert '<form method="post" action="/views/">' in html
    assert f'name="query" value="{url.partition("?")[2]}"' in html


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "x" * 61}, "at most 60 characters (it has 61)"),
        ({"page": "audit"}, "audit is not one of the available choices"),
        ({"query": ""}, "There is no filter to keep"),
        ({"query": "?before=5&evil=1"}, "There is no filter to keep"),
        ({"query": "?state=broken"}, "No state is called “broken”"),
        ({"query": "?since=9y"}, "“9y” is no time span"),
        ({"query": "&".join(["q=a"] * 5000)}, "This filter has too many parts"),
        ({"query": "?q=" + "a" * 40_000}, "at most 40000 characters"),
        ({"page": "search", "query": "?q=level:loud"}, "No level is called “loud”"),
        ({"page": "search", "query": "?q="}, "There is no filter to keep"),
        ({"shared": "on"}, "Only administrators share views"),
    ],
)
def test_what_cannot_be_kept_is_said_and_nothing_is(
    browser_of_ada: Client, given: dict[str, str], told: str
) -> None:
    answer = browser_of_ada.post("/views/", {**FAILED, **given})
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert not SavedView.objects.exists()


def test_only_what_the_page_reads_is_kept(browser_of_ada: Client) -> None:
    query = "?state=failed&evil=//example.org&before=9&q=%3Cscript%3E"
    browser_of_ada.post("/views/", {**FAILED, "query": query})
    assert SavedView.objects.get().query == "state=failed&q=%3Cscript%3E"


def test_a_name_is_given_once_for_each_page(browser_of_ada: Client, ada: User) -> None:
    browser_of_ada.post("/views/", FAILED)
    answer = browser_of_ada.post("/views/", {**FAILED, "query": "?state=running"})
    assert answer.status_code == 422
    assert "is called “failing today” already" in answer.content.decode()
    search = {"page": "search", "query": "?q=x", "name": "failing today"}
    assert browser_of_ada.post("/views/", search).status_code == 302
    other = save(ada, "runs", "state=running", "running")
    answer = browser_of_ada.post(f"/views/{other.pk}/rename/", {"name": "failing today"})
    assert answer.status_code == 422
    assert "is called “failing today” already" in answer.content.decode()
    assert sorted(SavedView.objects.filter(page="runs").values_list("name", flat=True)) == [
        "failing today",
        "running",
    ]


def test_a_person_keeps_so_many_and_no_more(browser_of_ada: Client, ada: User) -> None:
    SavedView.objects.bulk_create(
        SavedView(owner=ada, page="runs", name=f"view {n:02}", query=f"q={n}") for n in range(MOST)
    )
    answer = browser_of_ada.post("/views/", FAILED)
    assert answer.status_code == 422
    assert f"You keep {MOST} views" in answer.content.decode()
    html = text(browser_of_ada, "/")
    assert "view 11" in html
    assert "view 12" not in html
    assert "All views" in html
    assert "view 49" in text(browser_of_ada, "/views/")


def test_another_persons_view_cannot_be_seen_or_changed(
    browser_of_ada: Client, admin_client: Client, ada: User
) -> None:
    foreign = save(ada, "runs", "state=failed", "of ada")
    for url in ("/", "/views/", "/palette/?q=ada"):
        assert "of ada" not in text(admin_client, url)
    for verb in ("rename", "delete"):
        answer = admin_client.post(f"/views/{foreign.pk}/{verb}/", {"name": "mine"})
        assert answer.status_code == 404
    assert SavedView.objects.get().name == "of ada"


def test_administrators_share_with_everybody_who_cannot_change_it(
    browser_of_ada: Client, admin_client: Client
) -> None:
    admin_client.post("/views/", {**FAILED, "shared": "on"})
    view = SavedView.objects.get()
    assert 'title="Shared by admin"' in text(browser_of_ada, "/")
    assert f"/views/{view.pk}/" not in text(browser_of_ada, "/views/")
    assert browser_of_ada.post(f"/views/{view.pk}/delete/").status_code == 404
    admin_client.post(f"/views/{view.pk}/rename/", {"name": "failing"})
    assert "failing" not in text(browser_of_ada, "/views/")


def test_a_shared_view_shows_each_reader_only_their_runs(
    browser_of_ada: Client, admin_user: User, settings: Any
) -> None:
    settings.CELERY_TASKLOG_VISIBILITY = "tasklog.roles.own_runs"
    TaskRun.objects.create(task_id="foreign-run", name="secret.task", state="FAILURE")
    view = save(admin_user, "runs", "state=failed", "failing", shared=True)
    assert "secret.task" not in text(browser_of_ada, view.url)


def test_its_owner_renames_and_deletes_it(browser_of_ada: Client, ada: User) -> None:
    view = save(ada, "runs", "state=failed", "old")
    html = text(browser_of_ada, "/views/")
    assert f'action="/views/{view.pk}/rename/"' in html
    assert f'action="/views/{view.pk}/delete/"' in html
    assert browser_of_ada.post(f"/views/{view.pk}/rename/", {"name": "new"}).status_code == 302
    assert "new" in text(browser_of_ada, "/")
    assert browser_of_ada.post(f"/views/{view.pk}/rename/", {"name": " "}).status_code == 422
    assert browser_of_ada.post(f"/views/{view.pk}/delete/").status_code == 302
    assert not SavedView.objects.exists()
    assert "No saved views" in text(browser_of_ada, "/views/")


def test_a_name_is_text_wherever_it_stands(browser_of_ada: Client, ada: User) -> None:
    save(ada, "runs", "state=failed", "<b onclick=x>&")
    for url in ("/", "/views/", "/palette/?q=onclick"):
        html = text(browser_of_ada, url)
        assert "&lt;b onclick=x&gt;&amp;" in html
        assert "<b onclick" not in html


def test_the_command_palette_leads_to_views(browser_of_ada: Client, ada: User) -> None:
    save(ada, "search", "q=timeout", "slow answers")
    for query in ("", "SLOW"):
        assert 'href="/search/?q=timeout"' in text(browser_of_ada, f"/palette/?q={query}")
    assert "slow answers" not in text(browser_of_ada, "/palette/?q=nightly")


def test_the_views_of_a_deleted_person_go(ada: User) -> None:
    save(ada, "runs", "state=failed", "failing")
    ada.delete()
    assert not SavedView.objects.exists()
