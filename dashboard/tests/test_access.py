"""A stranger is led to the login, in the way their client can use, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client

from tasklog.models import TaskRun


@pytest.mark.django_db
def test_a_page_sends_a_stranger_to_the_login_and_back(client: Client) -> None:
    response = client.get("/?state=failed")
    assert response.status_code == 302
    assert response.headers["Location"] == "/login/?next=/%3Fstate%3Dfailed"


@pytest.mark.django_db
def test_htmx_is_told_to_go_to_the_login_with_the_whole_page(client: Client) -> None:
    here = {"HX-Request": "true", "HX-Current-URL": "http://testserver/runs/x/?q=1"}
    response = client.get("/", headers=here)
    assert response.status_code == 401
    assert response.headers["HX-Redirect"] == "/login/?next=/runs/x/%3Fq%3D1"


@pytest.mark.django_db
def test_a_stream_is_refused_without_a_redirect(client: Client) -> None:
    response = client.get("/runs/x/stream/", headers={"Accept": "text/event-stream"})
    assert response.status_code == 401


@pytest.mark.django_db
def test_the_login_never_leads_to_a_foreign_site(client: Client, django_user_model: Any) -> None:
    django_user_model.objects.create_user("ada", password="enchantress")
    form = {"username": "ada", "password": "enchantress", "next": "https://evil.example/"}
    response = client.post("/login/", form)
    assert response.headers["Location"] == "/"


def only_own(user: Any, runs: Any) -> Any:
    return runs.filter(triggered_by=user.username)


def test_a_foreign_run_is_not_there(
    browser_of_ada: Client, make_run: Callable[..., TaskRun], settings: Any
) -> None:
    settings.CELERY_TASKLOG_VISIBILITY = only_own
    make_run("mine", triggered_by="ada", name="mine.task")
    make_run("theirs", triggered_by="grace", name="theirs.task")
    listed = browser_of_ada.get("/").content.decode()
    assert "mine.task" in listed
    assert "theirs.task" not in listed
    assert browser_of_ada.get("/runs/theirs/").status_code == 404


@pytest.mark.django_db
def test_async_views_are_guarded_too(rf: Any) -> None:
    from asgiref.sync import async_to_sync
    from django.contrib.auth.models import AnonymousUser

    from dashboard.access import signed_in

    async def anonymous() -> AnonymousUser:
        return AnonymousUser()

    async def secret(request: HttpRequest) -> str:
        return "secret"

    request = rf.get("/")
    request.auser = anonymous
    assert async_to_sync(signed_in(secret))(request).status_code == 302
