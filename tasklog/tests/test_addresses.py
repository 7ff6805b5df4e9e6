"""Every id a task may have leads to its run and back."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from tasklog.addresses import TaskIdConverter
from tasklog.models import TaskRun

IDS = (
    "orders/42",
    "/",
    "a//b/",
    "..",
    ".",
    "50%",
    "a%2Fb",
    "%",
    "a b",
    "a?b#c",
    "日本",
    'x"<y>',
    "a\nb",
)


@pytest.mark.django_db
@pytest.mark.parametrize("task_id", IDS, ids=repr)
def test_a_run_of_any_id_is_found_on_its_pages(task_id: str, admin_client: Client) -> None:
    TaskRun.objects.create(task_id=task_id, name="demo.quick", parent_id=task_id, root_id="a/b")
    for name in ("dashboard:run", "dashboard:run_download", "tasklog:api_task", "demo:task"):
        assert admin_client.get(reverse(name, args=[task_id])).status_code == 200, name
    page = admin_client.get(reverse("dashboard:run", args=[task_id]), {"tab": "details"})
    assert page.status_code == 200
    for path in ("/", "/demo/", "/search/?q=x", "/admin/tasklog/taskrun/"):
        assert admin_client.get(path).status_code == 200


@given(st.text(min_size=1))
def test_an_id_comes_back_from_its_address(task_id: str) -> None:
    converter = TaskIdConverter()
    part = converter.to_url(task_id)
    assert "/" not in part
    assert converter.to_python(part) == task_id
