"""Saved views by program: a person's key keeps them, by the rules of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from dashboard.models import SavedView
from dashboard.saved import save
from tasklog.api.keys import create_key
from tasklog.audit.models import AuditEntry

if TYPE_CHECKING:
    from django.contrib.auth.models import User

URL = "/tasklog/api/views/"
FAILED = {"page": "runs", "query": "?state=failed&before=1.x", "name": "failing"}


def key_of(user: Any, *scopes: str) -> Client:
    _, text = create_key("k", scopes or ["tasks:read", "control"], user=user)
    return Client(headers={"authorization": f"Api-Key {text}"})


def send(client: Client, method: str, path: str = "", **body: Any) -> Any:
    return getattr(client, method)(f"{URL}{path}", body, content_type="application/json")


@pytest.fixture
def eve(django_user_model: Any) -> User:
    return django_user_model.objects.create_superuser("eve")


def test_a_view_is_kept_renamed_and_deleted(ada: User) -> None:
    client = key_of(ada)
    made = send(client, "post", **FAILED)
    assert (made.status_code, made.json()["url"]) == (201, "/?state=failed")
    path = f"{made.json()['id']}/"
    assert send(client, "patch", path, name="broken").json()["name"] == "broken"
    assert [view["name"] for view in client.get(URL).json()["results"]] == ["broken"]
    assert client.get(f"{URL}?page=search").json()["results"] == []
    assert client.get(URL + path).json()["owner"] == "ada"
    assert send(client, "delete", path).json()["result"] == "done"
    assert not SavedView.objects.exists()
    trail = AuditEntry.objects.filter(action="view", user="ada").order_by("pk")
    assert [entry.target for entry in trail] == ["save failing", "change broken", "delete broken"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"query": "state=bad"}, "query"),
        ({"query": "?"}, "query"),
        ({"query": ""}, "query"),
        ({"page": "search", "query": "q=levl:x"}, "query"),
        ({"page": "tasks"}, "page"),
        ({"name": "x" * 61}, "name"),
        ({"name": "taken"}, "name"),
        ({"shared": True}, "shared"),
        ({"owner": "eve"}, "owner"),
    ],
)
def test_what_makes_no_sense_is_a_400(
    ada: User, settings: Any, body: dict[str, Any], field: str
) -> None:
    settings.CELERY_TASKLOG_DEFAULT_ROLE = "operator"
    save(ada, "runs", "state=failed", "taken")
    answer = send(key_of(ada), "post", **(FAILED | body))
    assert (answer.status_code, set(answer.json()["fields"])) == (400, {field})


def test_a_strangers_view_is_none_until_it_is_shared(ada: User, eve: User, settings: Any) -> None:
    settings.CELERY_TASKLOG_DEFAULT_ROLE = "operator"
    view = save(eve, "runs", "state=failed", "of eve")
    path, client = f"{view.pk}/", key_of(ada)
    assert client.get(URL + path).status_code == 404
    assert send(key_of(eve), "patch", path, shared=True).json()["shared"]
    assert client.get(URL + path).json()["name"] == "of eve"
    for method in ("patch", "delete"):
        assert send(client, method, path).status_code == 404
    assert client.get(f"{URL}x/").status_code == client.get(f"{URL}{'9' * 30}/").status_code == 404


def test_a_program_of_its_own_sees_shared_views_and_keeps_none(eve: User) -> None:
    view = save(eve, "runs", "state=failed", "of eve", shared=True)
    save(eve, "runs", "state=running", "hers alone")
    client = key_of(None, "all")
    assert [one["name"] for one in client.get(URL).json()["results"]] == ["of eve"]
    assert send(client, "post", **FAILED).status_code == 403
    assert send(client, "delete", f"{view.pk}/").status_code == 403
    assert SavedView.objects.count() == 2


def test_a_key_that_reads_keeps_none(ada: User) -> None:
    assert send(key_of(ada, "tasks:read"), "post", **FAILED).status_code == 403
    assert key_of(ada, "logs:read").get(URL).status_code == 403
