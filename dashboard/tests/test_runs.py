"""The runs page and the fragment that keeps it fresh."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tasklog.models import TaskRun

Make = Callable[..., TaskRun]
HTMX = {"HX-Request": "true"}


def test_a_row_tells_what_ran_how_and_where(browser_of_ada: Client, make_run: Make) -> None:
    make_run(
        "5f3c", name="billing.charge", state="FAILURE", cause="killed", worker="celery@w1",
        args="[4471]", kwargs='{"dry": true}', schedule="Nightly", line_count=18204, error_count=2,
    )  # fmt: skip
    page = browser_of_ada.get("/").content.decode()
    for said in ("billing.charge", "Worker killed", "celery@w1", "4471, dry=true", "18,204"):
        assert said in page
    assert 'title="Nightly"' in page
    assert 'href="/runs/5f3c/"' in page


def test_hostile_text_stays_text(browser_of_ada: Client, make_run: Make) -> None:
    make_run('"><script>', name="<img src=x>", args='["<b>"]', worker="<i>")
    page = browser_of_ada.get("/").content.decode()
    for forged in ("<img src=x>", '<b>"', "<i>", '"><script>'):
        assert forged not in page


def test_a_fragment_is_a_part_of_the_page(browser_of_ada: Client, make_run: Make) -> None:
    make_run("a")
    fragment = browser_of_ada.get("/", headers=HTMX).content.decode()
    assert "<html" not in fragment
    assert 'id="live"' in fragment


def test_a_poll_is_answered_304_until_something_changed(
    browser_of_ada: Client, make_run: Make
) -> None:
    run = make_run("a", state="STARTED")
    first = browser_of_ada.get("/?state=running", headers=HTMX)
    poll = {**HTMX, "If-None-Match": first.headers["ETag"]}
    assert browser_of_ada.get("/?state=running", headers=poll).status_code == 304
    TaskRun.objects.filter(pk=run.pk).update(line_count=7)
    assert browser_of_ada.get("/?state=running", headers=poll).status_code == 200


def test_another_filter_is_never_a_304(browser_of_ada: Client, make_run: Make) -> None:
    first = browser_of_ada.get("/", headers=HTMX)
    poll = {**HTMX, "If-None-Match": first.headers["ETag"]}
    assert browser_of_ada.get("/?state=failed", headers=poll).status_code == 200


def test_htmx_restoring_its_history_gets_the_whole_page(browser_of_ada: Client) -> None:
    headers = {**HTMX, "HX-History-Restore-Request": "true"}
    assert "<html" in browser_of_ada.get("/", headers=headers).content.decode()


def test_a_filter_of_the_form_becomes_a_clean_address(browser_of_ada: Client) -> None:
    headers = {**HTMX, "HX-Trigger": "filter"}
    response = browser_of_ada.get("/?state=&task=&queue=high&since=&q=", headers=headers)
    assert response.headers["HX-Push-Url"] == "/?queue=high"


def test_a_first_visitor_is_told_what_to_do(browser_of_ada: Client) -> None:
    page = browser_of_ada.get("/").content.decode()
    assert "No task has run yet" in page
    assert "CeleryTaskLogMiddleware" in page


def test_a_filter_that_hides_everything_says_so(browser_of_ada: Client, make_run: Make) -> None:
    make_run("a")
    page = browser_of_ada.get("/?q=nothing-like-it").content.decode()
    assert "No run matches" in page
    assert "Show all runs" in page


def test_an_unknown_state_is_explained(browser_of_ada: Client, make_run: Make) -> None:
    make_run("a")
    assert "No state is called" in browser_of_ada.get("/?state=odd").content.decode()


def test_the_price_of_a_page_does_not_grow_with_its_rows(
    browser_of_ada: Client, make_run: Make, django_assert_max_num_queries: Any
) -> None:
    for n in range(60):
        make_run(f"run{n}", minutes=n, name=f"task{n}", state="STARTED")
    with django_assert_max_num_queries(30):  # cold: chips, strip and menus are kept afterwards
        browser_of_ada.get("/")
    with django_assert_max_num_queries(6):  # session, user, two for their role, views, rows
        browser_of_ada.get("/")


@pytest.mark.parametrize(
    "path", ["/?before=zzz", "/?after=zzz", "/?q=%00", "/?since=x", "/?q=" + "x" * 5000]
)
def test_nonsense_in_the_address_is_harmless(
    browser_of_ada: Client, make_run: Make, path: str
) -> None:
    make_run("a")
    assert browser_of_ada.get(path).status_code == 200
