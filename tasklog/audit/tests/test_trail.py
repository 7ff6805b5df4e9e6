"""What the trail keeps, what it counts, and that it stands in nobody's way."""

from __future__ import annotations

import getpass
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from tasklog.api.keys import create_key, revoke
from tasklog.api.models import ApiKey
from tasklog.audit import trail
from tasklog.audit.models import Action, AuditEntry
from tasklog.audit.trail import record
from tasklog.models import TaskRun

pytestmark = pytest.mark.django_db
API = "/tasklog/api/tasks/"


def told() -> list[tuple[str, str, str, str]]:
    """Who, what, at what, with which result; oldest first."""
    rows = AuditEntry.objects.order_by("pk")
    return list(rows.values_list("user", "action", "target", "result"))


@pytest.fixture
def ann() -> User:
    return User.objects.create_user("ann", password="a-long-secret")


def test_coming_and_going_are_written_down(client: Client, ann: User) -> None:
    client.post("/login/", {"username": "ann", "password": "a-long-secret"})
    client.post("/logout/")
    assert told() == [("ann", "login", "", "done"), ("ann", "logout", "", "done")]
    assert set(AuditEntry.objects.values_list("address", flat=True)) == {"127.0.0.1"}


def test_a_wrong_password_is_written_down_without_it(client: Client, ann: User) -> None:
    client.post("/login/", {"username": "ann", "password": "wrong-but-close"})
    assert told() == [("ann", "login", "", "refused")]
    assert "wrong-but-close" not in str(AuditEntry.objects.values())


def test_a_password_typed_into_the_name_is_not_kept(client: Client, ann: User) -> None:
    client.post("/login/", {"username": "a-long-secret", "password": "x"})
    assert told() == [("(no such user)", "login", "", "refused")]


def test_a_refused_page_is_written_down(client: Client, ann: User) -> None:
    client.force_login(ann)
    assert client.get("/audit/").status_code == 403
    assert told()[1:] == [("ann", "access", "GET /audit/", "refused")]


def test_keys_are_written_down_when_made_revoked_and_refused() -> None:
    key, text = create_key("ci", ["tasks:read"])
    headers = {"authorization": f"Api-Key {text}"}
    lines = f"{API}x/lines/"
    assert Client().get(lines, headers=headers).status_code == 403
    revoke(ApiKey.objects.all())
    assert Client().get(API, headers=headers).status_code == 401
    Client().get(API, headers={"authorization": "Api-Key hunter2"})
    name, account = f"ci ({key.prefix}…)", getpass.getuser()
    assert told() == [
        (account, "make key", f"{name} tasks:read", "done"),
        ("key:ci", "access", f"GET {lines}", "refused"),
        (account, "revoke key", name, "done"),
        ("", "use key", f"{key.prefix}…", "refused"),
        ("", "use key", "(no key)", "refused"),
    ]
    assert AuditEntry.objects.first().address == "127.0.0.1"
    assert AuditEntry.objects.last().address == trail.COMMAND
    assert text.partition(".")[2] not in str(list(AuditEntry.objects.values()))


def test_a_key_deleted_in_the_admin_is_written_down(admin_client: Client) -> None:
    key, _ = create_key("ci", ["all"])
    admin_client.post(f"/admin/tasklog_api/apikey/{key.pk}/delete/", {"post": "yes"})
    assert told()[-1] == ("admin", "delete key", str(key), "done")


def test_downloads_and_launches_name_their_run(client: Client, ann: User) -> None:
    client.force_login(ann)
    TaskRun.objects.create(task_id="r1", name="orders.import")
    client.get("/runs/r1/download/")
    client.post("/demo/run/", {"task_type": "quick"})
    launched = TaskRun.objects.get(name="demo.quick")
    assert told()[1:] == [
        ("ann", "download", "orders.import r1", "done"),
        ("ann", "launch", f"demo.quick {launched.pk}", "done"),
    ]
    assert [entry.run_id for entry in AuditEntry.objects.all()] == [launched.pk, "r1", ""]


def test_a_launch_by_a_key_names_the_key() -> None:
    _, text = create_key("ci", ["control"])
    headers = {"authorization": f"Api-Key {text}"}
    body = {"task_type": "quick"}
    Client().post("/demo/api/trigger-demo/", body, "application/json", headers=headers)
    assert AuditEntry.objects.get(action=Action.LAUNCH).user == "key:ci"


def test_a_refusal_that_repeats_within_a_minute_is_counted(client: Client) -> None:
    for _ in range(7):
        client.get(API, headers={"authorization": "Api-Key x"})
    assert AuditEntry.objects.get().count == 7
    AuditEntry.objects.update(at=timezone.now() - timedelta(minutes=2))
    client.get(API, headers={"authorization": "Api-Key x"})
    assert sorted(AuditEntry.objects.values_list("count", flat=True)) == [1, 7]


def test_one_address_cannot_fill_the_table_with_refusals(rf: Any) -> None:
    for number in range(500):
        record("access", request=rf.get("/"), target=f"GET /{number}", refused=True)
    assert AuditEntry.objects.count() == trail.DIFFERENT
    assert sum(AuditEntry.objects.values_list("count", flat=True)) == 500


def test_what_was_done_is_never_merged() -> None:
    for _ in range(3):
        record(Action.DOWNLOAD, user="ann", target="r1")
    assert AuditEntry.objects.count() == 3


def test_entries_past_their_days_go_as_others_come(settings: Any) -> None:
    old = timezone.now() - timedelta(days=366)
    AuditEntry.objects.bulk_create([AuditEntry(action="login", at=old) for _ in range(25)])
    young = AuditEntry.objects.create(
        action="login", user="young", at=timezone.now() - timedelta(days=364)
    )
    record(Action.LOGIN, user="ann")
    record(Action.LOGIN, user="ben")
    users = AuditEntry.objects.values_list("user", flat=True)
    assert set(users) == {"ann", "ben", young.user}


def test_control_characters_are_spelled_out(client: Client, ann: User) -> None:
    client.force_login(ann)
    record("access", target="GET /\nFAKE\x1b[31m\u202e\x00", user="a\rb", refused=True)
    assert told()[-1] == ("a\\rb", "access", r"GET /\nFAKE\x1b[31m\u202e\x00", "refused")


def test_a_trail_that_cannot_be_written_stops_nobody(
    client: Client, ann: User, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def broken(entry: dict[str, str]) -> None:
        raise DatabaseError("disk full")

    client.force_login(ann)
    TaskRun.objects.create(task_id="r1")
    monkeypatch.setattr(trail, "_write", broken)
    assert client.get("/runs/r1/download/").status_code == 200
    assert "Audit entry lost" in caplog.text


def test_a_login_that_no_request_belongs_to_is_written_down(ann: User, settings: Any) -> None:
    assert authenticate(username="ann", password="wrong") is None
    entry = AuditEntry.objects.get()
    assert (entry.user, entry.address) == ("ann", trail.COMMAND)


def test_no_permission_allows_to_change_or_delete_an_entry() -> None:
    from django.contrib.auth.models import Permission

    names = Permission.objects.filter(content_type__model="auditentry")
    assert set(names.values_list("codename", flat=True)) == {"view_auditentry"}
