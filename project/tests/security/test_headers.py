"""The headers that browsers are told to be careful by, on every kind of answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.http import HttpRequest
from django.test import Client

from dashboard.htmx import CONFIG
from project.tests.security.addresses import Address, every_address, one_of_each
from project.tests.security.conftest import with_key
from tasklog.api.keys import create_key
from tasklog.models import TaskLogLine, TaskRun

pytestmark = pytest.mark.django_db
ADDRESSES = one_of_each(every_address())
CSP = {
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:",
    "font-src 'self'", "connect-src 'self'", "form-action 'self'", "frame-ancestors 'none'",
    "base-uri 'none'", "object-src 'none'",
}  # fmt: skip


def careful(response: Any) -> None:
    """Asserts what must be on any answer."""
    headers = response.headers
    assert set(headers.get("Content-Security-Policy", "").split("; ")) == CSP
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in headers
    assert not {"Server", "X-Powered-By", "Via"} & set(headers)


@pytest.fixture
def root(signed_in: Callable[[User], Client]) -> Client:
    return signed_in(User.objects.create_superuser("root"))


@pytest.fixture
def run() -> TaskRun:
    run = TaskRun.objects.create(task_id="row", name="orders.import")
    TaskLogLine.objects.create(task=run, message="a line")
    return run


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: address.pattern or "/")
def test_every_answer_is_careful(address: Address, root: Client, run: TaskRun) -> None:
    key = with_key(create_key("ci", ["all"])[1])
    for client in (root, Client(), key):
        for method in ("get", "post", "options"):
            careful(getattr(client, method)(address.path("row")))


@pytest.mark.parametrize("path", ["/", "/demo/", "/runs/row/status/", "/runs/row/lines/"])
def test_fragments_are_careful(path: str, root: Client, run: TaskRun) -> None:
    careful(root.get(path, headers={"HX-Request": "true"}))
    careful(Client().get(path, headers={"HX-Request": "true"}))


@pytest.mark.parametrize("kind", ["txt", "jsonl", "csv"])
def test_a_file_is_saved_and_never_shown(kind: str, root: Client, run: TaskRun) -> None:
    places = ("runs/row", "workflows/row", "tasklog/api/tasks/row", "tasklog/api/workflows/row")
    for place in places:
        response = root.get(f"/{place}/download/?format={kind}")
        careful(response)
        assert response.headers["Content-Disposition"].startswith("attachment;")
        assert "text/html" not in response.headers["Content-Type"]


def test_static_files_are_careful() -> None:
    for path in ("dashboard/js/shell.js", "dashboard/css/base.css", "dashboard/favicon.svg"):
        response = Client().get(f"/static/{path}")
        assert response.status_code == 200
        careful(response)


def test_errors_are_careful(root: Client, run: TaskRun, monkeypatch: pytest.MonkeyPatch) -> None:
    for path, status in (("/nowhere/", 404), ("/runs/none/", 404), ("/demo/run/", 405)):
        response = root.get(path)
        assert response.status_code == status
        careful(response)
    wrong = root.get("/", headers={"host": "evil.example"})
    assert wrong.status_code == 400
    careful(wrong)
    careful(Client(enforce_csrf_checks=True).post("/login/", {}))


SECRETS = (
    "Traceback",
    "sk-no-one-may-read",
    "/project/",
    "SELECT",
    "dashboard/views",
    "Django",
    "10.0.",
)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RuntimeError("sk-no-one-may-read in /project/settings.py"), 500),
        (
            OperationalError('no connection to "10.0.0.5" for user "sk-no-one-may-read"\nSELECT'),
            503,
        ),
    ],
)
@pytest.mark.parametrize("path", ["/", "/runs/row/", "/runs/row/lines/", "/runs/row/status/"])
def test_a_view_that_breaks_tells_nothing_of_its_inside(
    error: Exception, status: int, path: str, root: Client, run: TaskRun,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise error

    for view in ("runs.list_runs", "run._head", "lines.open_window"):
        monkeypatch.setattr(f"dashboard.views.{view}", broken)
    root.raise_request_exception = False
    for headers in ({}, {"HX-Request": "true"}):
        response = root.get(path, headers=headers)
        assert response.status_code == status
        careful(response)
        assert not [secret for secret in SECRETS if secret in response.content.decode()]


def test_a_busy_search_is_careful(root: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    monkeypatch.setattr("tasklog.search.turns._free", threading.BoundedSemaphore(1))
    monkeypatch.setattr("tasklog.search.turns.WAIT_SECONDS", 0.01)
    from tasklog.search.turns import _free

    with _free:
        response = root.get("/search/?q=x")
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "2"
    careful(response)


def test_what_belongs_to_one_person_is_kept_by_no_shared_cache(root: Client, run: TaskRun) -> None:
    for path in ("/", "/runs/row/", "/search/?q=line", "/audit/", "/runs/row/download/"):
        headers = root.get(path).headers
        assert "no-store" in headers.get("Cache-Control", "") or "Cookie" in headers["Vary"], path


def test_htmx_may_not_evaluate_leave_the_site_or_keep_pages() -> None:
    import json

    config = json.loads(CONFIG)
    assert config["allowEval"] is False
    assert config["selfRequestsOnly"] is True
    assert config["historyCacheSize"] == 0
    assert config["includeIndicatorStyles"] is False


def test_cookies_are_for_this_site_and_not_for_scripts(django_user_model: Any) -> None:
    django_user_model.objects.create_user("ada", password="enchantress")
    client = Client()
    client.get("/login/")
    client.post("/login/", {"username": "ada", "password": "enchantress"})
    for name in ("sessionid", "csrftoken"):
        cookie = client.cookies[name]
        assert (cookie["samesite"], cookie["httponly"], cookie["path"]) == ("Lax", True, "/")
        assert not cookie["domain"]
    assert client.cookies["sessionid"]["max-age"] == 8 * 3600


def test_a_session_gets_a_new_name_at_login(django_user_model: Any) -> None:
    django_user_model.objects.create_user("ada", password="enchantress")
    client = Client()
    session = client.session
    session["planted"] = True
    session.save()
    client.cookies["sessionid"] = planted = session.session_key
    client.post("/login/", {"username": "ada", "password": "enchantress"})
    assert client.cookies["sessionid"].value != planted


def test_a_changed_password_ends_every_session_and_stream(
    signed_in: Callable[[User], Client], run: TaskRun
) -> None:
    from dashboard.views.stream import _may_read
    from tasklog.api.auth import Caller

    ada = User.objects.create_superuser("ada", password="enchantress")
    client = signed_in(ada)
    request = HttpRequest()
    request.session, request.user = client.session, ada
    caller = Caller(request, "logs:read")
    assert _may_read(request.session, "row")
    assert caller.still_may()
    ada.set_password("sorceress")
    ada.save()
    assert not _may_read(request.session, "row")
    assert not caller.still_may()
    assert client.get("/").status_code == 302


def test_who_loses_the_role_loses_the_stream(
    signed_in: Callable[[User], Client], run: TaskRun, settings: Any
) -> None:
    from dashboard.views.stream import _may_read

    ada = User.objects.create_user("ada")
    request = HttpRequest()
    request.session = signed_in(ada).session
    assert _may_read(request.session, "row")
    settings.CELERY_TASKLOG_DEFAULT_ROLE = ""
    assert not _may_read(request.session, "row")
