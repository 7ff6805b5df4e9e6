"""The launcher: what it starts, what it refuses, and its list of runs."""

import re

import pytest
from django.urls import reverse

from demo.catalogue import DEMOS
from tasklog.models import TaskLogLine, TaskRun

HTMX = {"HX-Request": "true"}


@pytest.fixture
def ada(client, django_user_model, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    client.force_login(django_user_model.objects.create_user("ada"))
    return client


@pytest.mark.django_db
def test_strangers_are_sent_to_the_login(client):
    assert client.get("/demo/").url == "/login/?next=/demo/"
    assert client.post("/demo/run/", {"task_type": "quick"}).status_code == 302
    assert not TaskRun.objects.exists()


@pytest.mark.django_db
def test_the_launcher_has_a_button_and_a_sentence_for_every_demo(ada):
    html = ada.get("/demo/").text
    for demo in DEMOS.values():
        assert f'value="{demo.type}">Run' in html
        assert demo.sentence in html
    assert 'value="60"' in html


@pytest.mark.django_db
def test_a_click_starts_the_task_and_shows_its_run(ada):
    response = ada.post("/demo/run/", {"task_type": "quick"})
    run = TaskRun.objects.get(name="demo.quick")
    assert response.status_code == 302
    assert response.url == reverse("dashboard:run", args=[run.task_id])


@pytest.mark.django_db
def test_staying_comes_back_to_the_launcher_without_javascript(ada):
    response = ada.post("/demo/run/", {"task_type": "quick", "then": "stay"}, follow=True)
    assert response.redirect_chain == [("/demo/", 302)]
    assert "Quick started." in response.text
    assert "demo.quick" in response.text


@pytest.mark.django_db
def test_staying_swaps_form_and_list_with_htmx(ada):
    data = {"task_type": "quick", "then": "stay"}
    html = ada.post("/demo/run/", data, headers=HTMX).text
    assert html.strip().startswith('<section id="live"')
    assert "demo.quick" in html


@pytest.mark.parametrize("duration", ["0", "301", "-1", "1.5", "sixty", "9" * 400])
@pytest.mark.django_db
def test_a_bad_duration_is_told_at_its_field_and_starts_nothing(ada, duration):
    response = ada.post("/demo/run/", {"task_type": "long", "duration": duration})
    assert response.status_code == 422
    assert "A whole number of seconds from 1 to 300." in response.text
    assert 'aria-invalid="true"' in response.text
    assert not TaskRun.objects.exists()


@pytest.mark.parametrize("given", ["", "slow", "<b>"])
@pytest.mark.django_db
def test_a_bad_type_is_told_at_its_field_and_starts_nothing(ada, given):
    response = ada.post("/demo/run/", {"task_type": given})
    assert response.status_code == 422
    assert "Allowed: quick, long," in response.text
    assert "“<b>”" not in response.text
    assert not TaskRun.objects.exists()


@pytest.mark.parametrize("duration", [1, 300])
@pytest.mark.django_db
def test_the_bounds_themselves_are_allowed(ada, duration):
    assert ada.post("/demo/run/", {"task_type": "quick", "duration": duration}).status_code == 302


@pytest.mark.django_db
def test_the_list_is_not_sent_again_while_nothing_changed(ada):
    TaskRun.objects.create(task_id="one", name="demo.long", state="STARTED", progress=10)
    first = ada.get("/demo/", headers=HTMX)
    same = ada.get("/demo/", headers={**HTMX, "If-None-Match": first["ETag"]})
    assert (first.status_code, same.status_code) == (200, 304)
    TaskRun.objects.update(progress=20)
    moved = ada.get("/demo/", headers={**HTMX, "If-None-Match": first["ETag"]})
    assert moved.status_code == 200
    assert "<html" not in moved.text


@pytest.mark.django_db
def test_the_list_shows_demo_tasks_only(ada):
    TaskRun.objects.create(task_id="one", name="orders.import")
    assert "orders.import" not in ada.get("/demo/").text


@pytest.mark.django_db
def test_a_demos_run_has_a_page_under_the_demo_too(ada):
    TaskRun.objects.create(task_id="one", name="demo.quick")
    assert ada.get("/demo/task/one/").status_code == 200
    assert ada.get("/demo/task/none/").status_code == 404


@pytest.mark.django_db
def test_the_rest_of_a_long_line_is_found_from_there(ada):
    run, text = TaskRun.objects.create(task_id="one", name="demo.quick", line_count=1), "x" * 99_999
    TaskLogLine.objects.create(task=run, number=1, seq=1, message=text)
    (rest,) = re.findall(r'class="rest" href="([^"]+)"', ada.get("/demo/task/one/").text)
    assert ada.get(f"/demo/task/one/{rest}").text == text


@pytest.mark.django_db
@pytest.mark.parametrize(("headers", "status"), [({}, 503), ({"HX-Request": "true"}, 422)])
def test_a_broker_that_is_away_starts_nothing_and_says_so(ada, settings, headers, status):
    from project.celery import app

    app.conf.update(task_always_eager=False, broker_url="redis://127.0.0.1:9/0")
    try:
        response = ada.post("/demo/run/", {"task_type": "quick"}, headers=headers)
    finally:
        app.conf.update(task_always_eager=True, broker_url=settings.CELERY_BROKER_URL)
    assert response.status_code == status
    assert "the message broker does not answer" in response.text
    assert not TaskRun.objects.exists()
