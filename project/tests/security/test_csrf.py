"""No change without a token of ours, and none at all by looking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from project.tests.security.addresses import Address, every_address, one_of_each
from tasklog.models import Drainer, TaskAttempt, TaskLogLine, TaskRun, TaskWorker

pytestmark = pytest.mark.django_db
UNSAFE = ("post", "put", "patch", "delete")
ADDRESSES = one_of_each(every_address())
# Written by being there at all: the session's and the trail's own bookkeeping.
BOOKKEEPING = ("django_session", "tasklog_audit_auditentry")


@pytest.fixture
def careful(django_user_model: Any) -> Client:
    """A superuser's browser, lured to send something from another page: cookies, no token."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(django_user_model.objects.create_superuser("root"))
    return client


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: address.pattern or "/")
def test_every_unsafe_request_without_a_token_is_refused(address: Address, careful: Client) -> None:
    for method in UNSAFE:
        response = getattr(careful, method)(address.path(), {"task_type": "quick"})
        assert response.status_code == 403, method


def test_the_login_form_wants_a_token_of_strangers_too(django_user_model: Any) -> None:
    django_user_model.objects.create_user("ada", password="enchantress")
    form = {"username": "ada", "password": "enchantress"}
    assert Client(enforce_csrf_checks=True).post("/login/", form).status_code == 403
    assert Client().post("/login/", form).status_code == 302


def test_the_token_of_a_page_is_accepted_once_it_comes_with_its_cookie(
    careful: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    token = str(careful.get("/demo/").context["csrf_token"])
    form = {"task_type": "quick", "csrfmiddlewaretoken": token}
    assert careful.post("/demo/run/", form).status_code == 302
    json = {"data": {"task_type": "quick"}, "content_type": "application/json"}
    trigger = "/demo/api/trigger-demo/"
    assert careful.post(trigger, **json, headers={"x-csrftoken": token}).status_code == 200
    careful.cookies["csrftoken"] = "a" * 32
    assert careful.post(trigger, **json, headers={"x-csrftoken": token}).status_code == 403


def test_a_foreign_origin_is_refused_even_with_a_token(careful: Client) -> None:
    token = str(careful.get("/demo/").context["csrf_token"])
    form = {"task_type": "quick", "csrfmiddlewaretoken": token}
    headers = {"origin": "https://evil.example"}
    assert careful.post("/demo/run/", form, headers=headers).status_code == 403


def every_row() -> dict[str, list[Any]]:
    """The whole database."""
    tables = set(connection.introspection.table_names()) - set(BOOKKEEPING)
    rows = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows[table] = sorted(map(repr, cursor.fetchall()))
    return rows


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_looking_at_every_address_changes_nothing(
    method: str, signed_in: Callable[[User], Client]
) -> None:
    run = TaskRun.objects.create(task_id="row", name="orders.import")
    TaskLogLine.objects.create(task=run, message="a line")
    TaskAttempt.objects.create(task=run)
    TaskWorker.objects.create(name="row")
    Drainer.objects.create(host="row")
    client = signed_in(User.objects.create_superuser("root"))
    before = every_row()
    for address in ADDRESSES:
        for query in ("", "?action=delete&delete=1&post=yes&task_type=quick&_method=DELETE"):
            getattr(client, method)(address.path("row", object_id="row") + query)
    assert every_row() == before
