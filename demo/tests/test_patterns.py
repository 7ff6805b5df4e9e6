"""The /api/… endpoints: what they start, what they refuse, what they tell."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from demo.models import DemoUser, Report
from demo.patterns import PATTERNS
from project.celery import app
from project.tests.security.routes import STARTS
from tasklog.audit.models import AuditEntry
from tasklog.models import TaskRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(django_user_model, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    client = Client()
    client.force_login(django_user_model.objects.create_superuser("ada"))
    return client


@pytest.fixture
def away(settings):
    app.conf.update(task_always_eager=False, broker_url="redis://127.0.0.1:9/0")
    yield
    app.conf.update(task_always_eager=True, broker_url=settings.CELERY_BROKER_URL)


def post(client, path, body):
    return client.post(f"/api/{path}/", body, content_type="application/json")


@pytest.mark.parametrize("path", STARTS)
def test_it_starts_its_pattern_and_says_where_to_look(ada, path):
    answer = post(ada, path, STARTS[path])
    body = answer.json()
    assert answer.status_code == 200, body
    assert ada.get(body["links"]["status"]).json()["task_id"] == body["task_id"]
    assert TaskRun.objects.get(pk=body["task_id"]).name == body["task_name"]
    assert AuditEntry.objects.get(action="launch").target.endswith(body["root_id"])


BAD = [
    ("simple-task", {}, "x"),
    ("simple-task", {"x": "4", "y": 5}, "x"),
    ("simple-task", {"x": True, "y": 5}, "x"),
    ("simple-task", {"x": 10**30, "y": 5}, "x"),
    ("simple-task", {"x": None, "y": 5}, "x"),
    ("simple-task", {"x": 1, "y": 2, "operation": "divide"}, "operation"),
    ("simple-task", {"x": 1, "y": 2, "z": 3}, "z"),
    ("chain-tasks", {}, "supplier"),
    ("chain-tasks", {"supplier": "nobody"}, "supplier"),
    ("chain-tasks", {"supplier": "acme", "currency": ["EUR"]}, "currency"),
    ("group-tasks", {}, "warehouses"),
    ("group-tasks", {"warehouses": []}, "warehouses"),
    ("group-tasks", {"warehouses": "Lyon"}, "warehouses"),
    ("group-tasks", {"warehouses": ["Lyon", "Lyon"]}, "warehouses"),
    ("group-tasks", {"warehouses": ["Atlantis"]}, "warehouses"),
    ("chord-tasks", {}, "items"),
    ("chord-tasks", {"items": 0}, "items"),
    ("chord-tasks", {"items": 1.5}, "items"),
    ("chord-tasks", {"items": 100_000, "chunk_size": 1}, "chunk_size"),
    ("long-task", {}, "steps"),
    ("long-task", {"steps": 201}, "steps"),
    ("long-task", {"steps": 5, "step_seconds": -1}, "step_seconds"),
    ("retry-task", {}, "fail_probability"),
    ("retry-task", {"fail_probability": 1.1}, "fail_probability"),
    ("retry-task", {"fail_probability": 1, "max_retries": 11}, "max_retries"),
    ("create-users", {}, "count"),
    ("create-users", {"count": 501}, "count"),
    ("create-users", {"count": 1, "prefix": "Ada"}, "prefix"),
    ("create-users", {"count": 1, "prefix": "a\x00"}, "prefix"),
    ("generate-report", {}, "kind"),
    ("generate-report", {"kind": "secrets"}, "kind"),
    ("generate-report", {"kind": "sales", "days": 10**20}, "days"),
]


@pytest.mark.parametrize(("path", "body", "field"), BAD)
def test_a_bad_body_is_a_400_that_names_the_field_and_starts_nothing(ada, path, body, field):
    answer = post(ada, path, body)
    assert answer.status_code == 400
    told = answer.json()["fields"][field]
    assert "Give" in told or "Allowed" in told
    assert not TaskRun.objects.exists()
    assert not Report.objects.exists()


@pytest.mark.parametrize("body", ["", "{", "[]", "7", "null", '"x"', "NaN", "[" * 5000])
@pytest.mark.parametrize("path", STARTS)
def test_what_is_no_object_is_a_400_and_starts_nothing(ada, path, body):
    assert post(ada, path, body).status_code == 400
    assert not TaskRun.objects.exists()


@pytest.mark.parametrize("name", ["\\ud800", "x" * 5000, "\\u0000"])
def test_a_strange_name_of_a_field_is_a_400(ada, name):
    answer = post(ada, "simple-task", f'{{"x": 1, "y": 2, "{name}": 3}}')
    assert answer.status_code == 400


@pytest.mark.parametrize("path", STARTS)
def test_a_broker_that_is_away_is_a_503_and_nothing_was_done(ada, away, path):
    answer = post(ada, path, STARTS[path])
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert not TaskRun.objects.exists()
    assert not Report.objects.exists()


@pytest.mark.parametrize("path", ["task-status", "task-progress"])
@pytest.mark.parametrize("task_id", ["nobody", "a%00b", "x" * 400])
def test_an_unknown_run_is_a_404(ada, path, task_id):
    assert ada.get(f"/api/{path}/{task_id}/").status_code == 404
    assert post(ada, f"revoke-task/{task_id}", {}).status_code == 404


def test_a_report_can_be_downloaded_when_it_is_ready(ada):
    body = post(ada, "generate-report", {"kind": "sales", "days": 7}).json()
    assert Report.objects.get(pk=body["report_id"]).metadata["rows"] == 7
    answer = ada.get(body["links"]["report"])
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.content.startswith(b"day,orders,revenue,returns\r\n")
    assert "Sales by day" in ada.get("/demo/reports/").text


def test_clean_up_takes_marked_users_alone(ada):
    User.objects.create_user("guest-000001-not-ours", last_login=None)
    post(ada, "create-users", {"count": 60})
    assert DemoUser.objects.count() == 60
    assert not any(mark.user.has_usable_password() for mark in DemoUser.objects.all())
    DemoUser.objects.update(seen_at="2000-01-01T00:00:00Z")
    body = {"task_type": "clean-up-users", "arguments": {"days": 90, "dry_run": False}}
    answer = ada.post("/demo/api/trigger-demo/", body, content_type="application/json")
    assert answer.status_code == 200
    assert not DemoUser.objects.exists()
    assert set(User.objects.values_list("username", flat=True)) == {"ada", "guest-000001-not-ours"}


def test_mail_is_sent_in_batches(ada, mailoutbox):
    arguments = {"to": ["a@example.com", "b@example.com", "c@example.com"], "batch_size": 2}
    body = {"task_type": "send-bulk", "arguments": arguments}
    answer = ada.post("/demo/api/trigger-demo/", body, content_type="application/json")
    assert answer.status_code == 200
    assert sorted(message.to[0] for message in mailoutbox) == arguments["to"]
    assert TaskRun.objects.filter(name="demo.send_batch").count() == 2


def test_revoking_what_has_ended_is_a_409(ada):
    TaskRun.objects.create(task_id="one", name="demo.add", state="SUCCESS")
    assert post(ada, "revoke-task/one", {}).status_code == 409
    TaskRun.objects.create(task_id="two", name="demo.add")
    assert post(ada, "revoke-task/two", {"terminate": "yes"}).status_code == 400


@pytest.mark.parametrize("word", ["revoke", "terminate"])
def test_a_revoke_that_reaches_nobody_is_a_503_and_the_trail_says_it_failed(ada, away, word):
    TaskRun.objects.create(task_id="one", name="demo.add", state="STARTED")
    answer = post(ada, "revoke-task/one", {"terminate": word == "terminate"})
    assert answer.status_code == 503
    entry = AuditEntry.objects.get(action=word)
    assert (entry.target, entry.result) == ("demo.add one", "failed")


def test_the_overview_counts_the_last_day_by_state(ada):
    for number, state in enumerate(("SUCCESS", "SUCCESS", "SUCCESS", "FAILURE")):
        TaskRun.objects.create(task_id=str(number), state=state)
    body = ada.get("/api/task-overview/").json()
    assert (body["total"], body["success_rate"]) == (4, 0.75)


@pytest.mark.parametrize("word", PATTERNS)
def test_the_launcher_has_a_form_for_every_pattern_whose_usual_values_are_good(ada, word):
    from demo.pattern_forms import PatternForm

    form = PatternForm(PATTERNS[word])
    usual = {field.name: field.value for field in form.fields}
    for field in form.fields:
        if field.widget == "select" and not field.value:
            usual[field.name] = field.choices[0][0]
    assert PatternForm(PATTERNS[word], usual).cleaned() is not None
    assert f'name="task_type" value="{word}"' in ada.get("/demo/").text


def test_a_bad_value_is_told_at_its_field_of_the_launcher(ada):
    answer = ada.post("/demo/run/", {"task_type": "chord", "items": "many", "chunk_size": "5"})
    assert answer.status_code == 422
    assert "Give a whole number from 1 to 100,000." in answer.text
    assert 'value="many"' in answer.text
    assert not TaskRun.objects.exists()
