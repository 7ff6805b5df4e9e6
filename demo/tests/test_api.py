"""POST /demo/api/trigger-demo/: what it starts, and what it says to bad input."""

import pytest
from django.test import Client

from demo.catalogue import DEMOS
from project.celery import app
from tasklog.api.keys import create_key
from tasklog.models import TaskRun

URL = "/demo/api/trigger-demo/"


@pytest.fixture
def ada(django_user_model, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    client = Client()
    client.force_login(django_user_model.objects.create_user("ada"))
    return client


def post(client, body):
    return client.post(URL, body, content_type="application/json")


@pytest.mark.django_db
def test_it_starts_the_task_and_answers_with_its_id(ada):
    response = post(ada, {"task_type": "quick", "duration": 5})
    body = response.json()
    assert response.status_code == 200
    assert (body["task_type"], body["duration"]) == ("quick", 5)
    assert body["message"] == "Quick started. An invoice is sent in three seconds."
    assert TaskRun.objects.get().task_id == body["task_id"]


@pytest.mark.django_db
def test_the_usual_duration_is_a_minute(ada):
    assert post(ada, {"task_type": "quick"}).json()["duration"] == 60


@pytest.mark.parametrize("duration", [0, 301, -5, 1.5, "60", "x", True, None, [1], {}, 10**30])
@pytest.mark.django_db
def test_a_bad_duration_is_a_400_that_says_what_is_allowed(ada, duration):
    response = post(ada, {"task_type": "long", "duration": duration})
    assert response.status_code == 400
    assert "from 1 to 300" in response.json()["fields"]["duration"]
    assert not TaskRun.objects.exists()


@pytest.mark.parametrize("task_type", ["", "slow", "LONG", 7, None, ["long"], {"a": 1}])
@pytest.mark.django_db
def test_a_bad_type_is_a_400_that_says_what_is_allowed(ada, task_type):
    response = post(ada, {"task_type": task_type, "duration": 5})
    assert response.status_code == 400
    assert all(name in response.json()["fields"]["task_type"] for name in DEMOS)
    assert not TaskRun.objects.exists()


@pytest.mark.parametrize("body", ["", "{", "[]", '"long"', "null", "7", b"\xff", "NaN", "[" * 5000])
@pytest.mark.django_db
def test_what_is_no_json_object_is_a_400(ada, body):
    response = post(ada, body)
    assert response.status_code == 400
    assert response.json()["error"]
    assert not TaskRun.objects.exists()


@pytest.mark.django_db
def test_strangers_get_a_401_and_start_nothing(client):
    assert post(client, {"task_type": "quick"}).status_code == 401
    assert not TaskRun.objects.exists()


@pytest.mark.django_db
def test_a_session_needs_the_csrf_token(django_user_model):
    client = Client(enforce_csrf_checks=True)
    client.force_login(django_user_model.objects.create_user("ada"))
    assert post(client, {"task_type": "quick"}).status_code == 403
    assert not TaskRun.objects.exists()


@pytest.mark.django_db
def test_only_post_is_allowed(ada):
    assert ada.get(URL).status_code == 405


@pytest.mark.parametrize("path", ["tasks/", "tasks/one/", "tasks/one/lines/"])
@pytest.mark.django_db
def test_the_api_answers_under_the_demos_prefix_too(ada, path):
    TaskRun.objects.create(task_id="one", name="demo.quick")
    assert ada.get(f"/demo/api/{path}").json() == ada.get(f"/tasklog/api/{path}").json()


@pytest.mark.django_db
def test_a_key_starts_tasks_with_the_scope_control_alone(client, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    answers = []
    for scope in ("control", "tasks:read"):
        _, text = create_key(scope, [scope])
        headers = {"Authorization": f"Api-Key {text}"}
        body = {"task_type": "quick"}
        response = client.post(URL, body, content_type="application/json", headers=headers)
        answers.append(response.status_code)
    assert answers == [200, 403]
    assert TaskRun.objects.count() == 1


@pytest.mark.django_db
def test_a_broker_that_is_away_is_a_503_that_starts_nothing(ada, settings):
    app.conf.update(task_always_eager=False, broker_url="redis://127.0.0.1:9/0")
    try:
        response = post(ada, {"task_type": "quick"})
    finally:
        app.conf.update(task_always_eager=True, broker_url=settings.CELERY_BROKER_URL)
    assert response.status_code == 503
    assert "broker does not answer" in response.json()["error"]
    assert not TaskRun.objects.exists()
