from __future__ import annotations

import pytest

from tasklog.api.tests.conftest import asked
from tasklog.audit.models import AuditEntry
from tasklog.roles import Role
from tasklog.sources import tasks
from tasklog.sources.models import Connection, Upload

ALL = "connections/"
VALUE = "Bearer 0123456789"
HTTP = {
    "kind": "http", "name": "events", "interval": 60,
    "settings": {"address": "https://example.com/events", "header": "Authorization",
                 "header_value": VALUE},
}  # fmt: skip


@pytest.fixture
def client(program):
    return program("uploads")


@pytest.fixture
def made(client):
    return asked(client, "post", ALL, HTTP).told


def test_a_connection_is_made_and_its_secret_never_shown(client, made):
    assert made["settings"]["header_value"] == "…6789"
    assert (made["interval"], made["created_by"], made["enabled"]) == (60, "key:program", True)
    for path in (ALL, f"{ALL}{made['id']}/"):
        assert VALUE not in asked(client, "get", path).content.decode()
    assert Connection.objects.get().settings["header_value"] == VALUE
    assert AuditEntry.objects.get(action="source").target == "add events"


def test_it_is_changed_and_what_is_left_out_stays(client, made):
    one = f"{ALL}{made['id']}/"
    body = {"interval": 90, "settings": {"items": "data.items", "header_value": "…6789"}}
    changed = asked(client, "patch", one, body).told
    assert (changed["name"], changed["interval"]) == ("events", 90)
    kept = Connection.objects.get().settings
    assert (kept["items"], kept["header_value"]) == ("data.items", VALUE)
    assert asked(client, "get", one).told["settings"] == changed["settings"]


def test_it_is_paused_resumed_polled_and_deleted(client, made, monkeypatch):
    polled = []
    monkeypatch.setattr(tasks.poll_cloud_logs, "apply_async", lambda args, **_: polled.append(args))
    one = f"{ALL}{made['id']}/"
    assert asked(client, "post", f"{one}pause/").told["result"] == "done"
    assert asked(client, "get", f"{ALL}?enabled=false").told["results"][0]["id"] == made["id"]
    paused = asked(client, "post", f"{one}poll/")
    assert (paused.status_code, paused.told["code"], polled) == (409, "not_done", [])
    assert asked(client, "post", f"{one}resume/").told["result"] == "done"
    assert asked(client, "post", f"{one}poll/").told["result"] == "done"
    assert polled == [(Connection.objects.get().pk,)]
    assert asked(client, "delete", one).told["result"] == "done"
    assert asked(client, "get", one).status_code == 404
    trail = AuditEntry.objects.filter(action="source").order_by("pk").values_list("target")
    assert [text for (text,) in trail] == [
        f"{verb} events" for verb in ("add", "pause", "poll", "resume", "poll", "delete")
    ]


def test_a_poll_without_a_broker_is_told(client, made, settings):
    from celery import current_app

    before = current_app.conf.broker_url
    current_app.conf.broker_url = "redis://127.0.0.1:1/0"
    try:
        answer = asked(client, "post", f"{ALL}{made['id']}/poll/")
    finally:
        current_app.conf.broker_url = before
    assert (answer.status_code, answer.told["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "5"


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.7", "[::1]", "169.254.169.254"])
def test_a_test_does_not_go_into_our_own_network(client, made, host):
    one = f"{ALL}{made['id']}/"
    moved = {"address": f"https://{host}/events"}
    refused = asked(client, "patch", one, {"settings": moved})
    assert "Enter it again" in refused.told["fields"]["settings.header_value"]
    moved["header_value"] = "Bearer 87654321"
    assert asked(client, "patch", one, {"settings": moved}).status_code == 200
    answer = asked(client, "post", f"{one}test/")
    assert (answer.status_code, answer.told["code"]) == (409, "not_done")
    assert "private network" in answer.told["error"]


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        ({"kind": "ftp"}, "kind", "cloudwatch"),
        ({"interval": 4}, "interval", "from 5 to 86400"),
        ({"name": "a\nb"}, "name", "control characters"),
        ({"settings": {"address": "http://example.com"}}, "settings.address", "https://"),
        ({"settings": {}}, "settings.address", "required"),
        ({"settings": {"folder": "/etc"}}, "settings.folder", "address, header"),
        ({"kind": "folder", "settings": {"folder": "/etc"}}, "settings.folder", "not allowed"),
        ({"kind": "folder", "settings": {"folder": "/", "from_start": "yes"}},
         "settings.from_start", "true or false"),
        ({"kind": "cloudwatch", "settings": {"look_back": "5"}}, "settings.look_back",
         "from 1 to 120"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_named_with_what_is_allowed(client, body, field, said):
    answer = asked(client, "post", ALL, HTTP | body)
    assert answer.status_code == 400
    assert said in answer.told["fields"][field]
    assert not Connection.objects.exists()


def test_what_is_not_there_is_a_404(client, made):
    for key in ("x", "00000000-0000-4000-8000-000000000000"):
        assert asked(client, "get", f"{ALL}{key}/").told["code"] == "not_found"
    answer = asked(client, "post", f"{ALL}{made['id']}/delete/")
    assert (answer.status_code, Connection.objects.count()) == (404, 1)


def test_an_operator_looks_and_changes_nothing(as_role, made):
    operator, one = as_role(Role.OPERATOR), f"{ALL}{made['id']}/"
    assert asked(operator, "get", one).told["settings"] is None
    for method, path in (("post", ALL), ("patch", one), ("delete", one), ("post", f"{one}test/")):
        assert asked(operator, method, path).status_code == 403, path


def test_uploads_are_listed_by_state_and_in_pages(client, run):
    from tasklog.models import TaskRun

    for number, state in enumerate(["done", "failed", "done"]):
        TaskRun.objects.create(task_id=f"u{number}")
        summary = {"lines": 3, "levels": {"40": 3}, "samples": [[1, "x"]], "first": 1_000_000}
        Upload.objects.create(run_id=f"u{number}", name="a.log", state=state, summary=summary)
    first = asked(client, "get", "uploads/?state=done&limit=1").told
    assert [one["id"] for one in first["results"]] == ["u2"]
    assert first["results"][0]["summary"]["levels"] == {"ERROR": 3}
    assert [one["id"] for one in client.get(first["next"]).json()["results"]] == ["u0"]
    assert "waiting" in asked(client, "get", "uploads/?state=x").told["fields"]["state"]
