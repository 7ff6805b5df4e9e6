"""The pages of uploads and connections."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tasklog.audit.models import AuditEntry
from tasklog.models import TaskRun
from tasklog.sources.models import Connection, Upload

HTMX = {"HX-Request": "true"}
LINES = b'{"time": "2026-11-21T07:05:09Z", "level": "error", "msg": "no order"}\n' * 3


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> None:
    settings.CELERY_TASKLOG_UPLOAD_DIR = str(tmp_path / "uploads")
    settings.CELERY_TASKLOG_SOURCE_DIRS = [str(tmp_path)]


@pytest.fixture
def root(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


def send(client: Client, *files: tuple[str, bytes], **more: Any) -> Any:
    sent = [SimpleUploadedFile(name, data) for name, data in files]
    return client.post("/sources/upload/", {"files": sent, "format": ""}, **more)


def test_several_files_are_sent_with_a_plain_form_and_become_runs(browser_of_ada: Client) -> None:
    answer = send(browser_of_ada, ("a.log", LINES), ("b.gz", gzip.compress(LINES)), follow=True)
    page = answer.content.decode()
    assert "a.log is on its way." in page
    runs = TaskRun.objects.exclude(source="")
    assert {run.name for run in runs} == {"upload:a.log", "upload:b.gz"}
    for run in runs:
        assert (run.state, run.line_count, run.triggered_by) == ("SUCCESS", 3, "ada")
        assert f"/runs/{run.pk}/" in page
        told = browser_of_ada.get(f"/runs/{run.pk}/").content.decode()
        assert f"upload {run.name.removeprefix('upload:')}" in told
        assert "no order" in told
        assert re.search(r"<b[^>]*>3</b> stored", told)
    entries = AuditEntry.objects.filter(action="upload")
    assert {entry.target for entry in entries} == {"a.log", "b.gz"}


def test_the_script_gets_json_with_the_status_of_what_was_wrong(
    browser_of_ada: Client, settings: Any
) -> None:
    json_please = {"headers": {"Accept": "application/json"}}
    answer = send(browser_of_ada, ("a.log", LINES), **json_please)
    assert answer.status_code == 201
    assert answer.json()["url"] == f"/runs/{Upload.objects.get().run_id}/"
    assert send(browser_of_ada, ("a.png", b"\x89PNG\0"), **json_please).status_code == 400
    settings.CELERY_TASKLOG_UPLOAD_MAX_BYTES = 10
    refused = send(browser_of_ada, ("a.log", LINES), **json_please)
    assert (refused.status_code, refused.json()) == (
        413, {"told": "a.log: It is larger than 10 bytes."},
    )  # fmt: skip
    assert AuditEntry.objects.filter(action="upload", result="failed").count() == 2


def test_a_form_without_files_or_with_a_format_nobody_knows_says_so(browser_of_ada: Client) -> None:
    assert "Choose at least one file." in send(browser_of_ada).content.decode()
    sent = {"files": SimpleUploadedFile("a.log", LINES), "format": "xml"}
    page = browser_of_ada.post("/sources/upload/", sent).content.decode()
    assert "“xml” is no format. There are json" in page
    assert not Upload.objects.exists()


def test_hostile_names_and_contents_are_only_shown(browser_of_ada: Client) -> None:
    evil = "<img src=x onerror=trap(1)>.log"
    send(browser_of_ada, (evil, b"<script>trap(2)</script>\n"))
    upload = Upload.objects.get()
    for path in ("/sources/", f"/runs/{upload.run_id}/", "/"):
        page = browser_of_ada.get(path).content.decode()
        assert "<img src=x" not in page
        assert "<script>trap" not in page
        assert "&lt;img src=x" in page


def test_the_list_is_polled_and_answers_304_while_nothing_is_new(browser_of_ada: Client) -> None:
    send(browser_of_ada, ("a.log", LINES))
    first = browser_of_ada.get("/sources/", headers=HTMX)
    poll = {**HTMX, "If-None-Match": first.headers["ETag"]}
    assert browser_of_ada.get("/sources/", headers=poll).status_code == 304


def test_the_upload_of_a_run_one_may_not_see_is_not_listed(
    browser_of_ada: Client, settings: Any
) -> None:
    settings.CELERY_TASKLOG_VISIBILITY = "tasklog.roles.own_runs"
    send(browser_of_ada, ("adas.log", LINES))
    bob = Client()
    bob.force_login(User.objects.create_user("bob"))
    assert "adas.log" not in bob.get("/sources/").content.decode()


def test_a_connection_is_made_tested_paused_changed_and_deleted(
    root: Client, tmp_path: Path
) -> None:
    (tmp_path / "app.log").write_text("one\n")
    form = {"name": "App", "interval": 30, "folder": str(tmp_path), "pattern": "*.log"}
    form["from_start"] = "on"
    root.post("/sources/new/folder/", form)
    made = Connection.objects.get()
    assert made.settings["folder"] == str(tmp_path.resolve())
    path = f"/sources/{made.key.hex}/"
    assert "the last one: one" in root.post(f"{path}test/", follow=True).content.decode()
    root.post(f"{path}pause/")
    assert "Paused" in root.get("/sources/").content.decode()
    root.post(f"{path}resume/")
    root.post(path, {**form, "name": "App 2"})
    assert Connection.objects.get().name == "App 2"
    assert "Delete App 2?" in root.post(f"{path}delete/").content.decode()
    assert Connection.objects.exists()
    root.post(f"{path}delete/", {"sure": "yes"})
    assert not Connection.objects.exists()
    words = [entry.target for entry in AuditEntry.objects.filter(action="source").order_by("id")]
    deeds = ("add App", "test App", "pause App", "resume App", "change App 2", "delete App 2")
    assert words == list(deeds)


def test_a_secret_is_sealed_never_shown_and_kept_when_left_empty(root: Client) -> None:
    form = {
        "name": "AWS", "interval": 30, "region": "eu-central-1", "group": "/orders",
        "look_back": 5, "access_key": "AKIA", "secret_key": "s3cret",
    }  # fmt: skip
    root.post("/sources/new/cloudwatch/", form)
    made = Connection.objects.get()
    assert "s3cret" not in made.sealed
    page = root.get(f"/sources/{made.key.hex}/").content.decode()
    assert "s3cret" not in page
    assert "Ends in …; empty keeps it." in page
    root.post(f"/sources/{made.key.hex}/", {**form, "secret_key": "", "group": "/b"})
    changed = Connection.objects.get()
    assert (changed.settings["secret_key"], changed.settings["group"]) == ("s3cret", "/b")


@pytest.mark.parametrize(
    ("kind", "change", "told"),
    [
        ("http", {"address": "http://example.org"}, "begins with https://"),
        ("http", {"address": "https://example.org", "items": "a b"}, "names with dots"),
        ("folder", {"folder": "/etc"}, "This folder is not allowed."),
        ("cloudwatch", {"endpoint": "http://10.0.0.1"}, "not among CELERY_TASKLOG_OUTBOUND_HOSTS"),
        ("cloudwatch", {"region": "moon"}, "such as eu-central-1"),
        ("cloudwatch", {"interval": "1"}, "from 5 to 86,400"),
        ("cloudwatch", {"name": "a\nb"}, "one line without control characters"),
    ],
)
def test_what_cannot_be_is_said_at_its_field(
    kind: str, change: dict[str, str], told: str, root: Client
) -> None:
    form = {"name": "x", "interval": "30", "pattern": "*.log", "region": "eu-central-1",
            "group": "/g", "look_back": "5", **change}  # fmt: skip
    assert told in root.post(f"/sources/new/{kind}/", form).content.decode()
    assert root.post(f"/sources/new/{kind}/", form, headers=HTMX).status_code == 422
    assert not Connection.objects.exists()


def test_viewers_neither_send_nor_connect(client: Client, settings: Any, db: None) -> None:
    settings.CELERY_TASKLOG_DEFAULT_ROLE = "viewer"
    client.force_login(User.objects.create_user("eve"))
    page = client.get("/sources/").content.decode()
    assert "/sources/upload/" not in page
    assert "/sources/new/" not in page
    assert send(client, ("a.log", LINES)).status_code == 403


def test_programs_send_raw_bodies_or_forms_and_ask_how_far_it_is(
    client: Client, settings: Any, db: None
) -> None:
    from tasklog.api.keys import create_key

    _, key = create_key("ci", ["uploads"])
    auth = {"Authorization": f"Api-Key {key}"}
    made = client.post(
        "/tasklog/api/uploads/?name=app.log", LINES, content_type="text/plain", headers=auth
    )
    assert made.status_code == 201, made.content
    told = client.get(f"/tasklog/api/uploads/{made.json()['id']}/", headers=auth).json()
    assert (told["name"], told["state"], told["summary"]["levels"]) == (
        "app.log", "done", {"ERROR": 3},
    )  # fmt: skip
    form = {"file": SimpleUploadedFile("b.log", LINES)}
    assert client.post("/tasklog/api/uploads/", form, headers=auth).json()["name"] == "b.log"
    for count, told in ((2, "these are 2."), (200, "these are more than 100.")):
        parts = {"file": [SimpleUploadedFile("b.log", LINES) for _ in range(count)]}
        answer = client.post("/tasklog/api/uploads/", parts, headers=auth)
        assert answer.status_code == 400
        assert answer.json()["error"] == f"Send one file at a time; {told}"
    empty = client.post("/tasklog/api/uploads/", b"", content_type="text/plain", headers=auth)
    assert (empty.status_code, empty.json()["error"]) == (400, "The file is empty.")
    wrong = "/tasklog/api/uploads/?format=xml"
    answer = client.post(wrong, LINES, content_type="text/plain", headers=auth)
    assert json.loads(answer.content)["error"].startswith("'xml' is no format.")
    settings.CELERY_TASKLOG_UPLOAD_FILES_A_DAY = 2
    many = client.post(wrong[:-11], LINES, content_type="text/plain", headers=auth)
    assert (many.status_code, many.json()["code"]) == (429, "too_many")
    settings.CELERY_TASKLOG_UPLOAD_MAX_BYTES = 10
    large = client.post(wrong[:-11], LINES, content_type="text/plain", headers=auth)
    assert (large.status_code, large.json()["code"]) == (413, "too_large")
