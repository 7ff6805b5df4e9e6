from __future__ import annotations

import asyncio

import pytest
from celery import shared_task
from celery.signals import before_task_publish
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpResponse
from django.test import RequestFactory

from tasklog.capture.context import ORIGIN
from tasklog.middleware import CeleryTaskLogMiddleware


@shared_task(name="middleware.noop")
def noop():
    return None


def bound(request):
    return HttpResponse(str(dict(ORIGIN.get() or {})))


def ask(view=bound, user=None, **headers):
    request = RequestFactory().get("/", headers=headers)
    request.user = user or AnonymousUser()
    return request, CeleryTaskLogMiddleware(view)(request)


@pytest.mark.parametrize("given", ["abc-1._X", "a" * 128])
def test_a_sane_request_id_is_kept_and_echoed(given):
    request, response = ask(**{"x-request-id": given})
    assert response.headers["X-Request-ID"] == given == request.tasklog.request_id


@pytest.mark.parametrize("given", ["", "a" * 129, "a b", "<x>", "a\nb", "é"])
def test_any_other_is_replaced_by_a_new_one(given):
    _, response = ask(**{"x-request-id": given})
    assert response.headers["X-Request-ID"] != given
    assert len(response.headers["X-Request-ID"]) == 36


def test_the_request_is_bound_while_it_is_answered_and_not_after():
    _, response = ask(user=User(username="ann"), **{"x-request-id": "r1"})
    assert response.content.decode() == str({"user": "ann", "request_id": "r1"})
    assert ORIGIN.get() is None


def test_it_is_unbound_after_a_view_that_raises():
    def broken(request):
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        ask(broken)
    assert ORIGIN.get() is None


def test_an_async_view_is_bound_too():
    async def view(request):
        await asyncio.sleep(0)
        return bound(request)

    async def scenario():
        request = RequestFactory().get("/", headers={"x-request-id": "r2"})
        return await CeleryTaskLogMiddleware(view)(request)

    response = asyncio.run(scenario())
    assert "r2" in response.content.decode()


def test_requests_that_publish_nothing_never_look_up_their_user():
    class Nobody:
        @property
        def is_authenticated(self):
            raise AssertionError

    ask(lambda request: HttpResponse(), user=Nobody())


def test_published_tasks_are_noted_on_the_request(broker_url, monkeypatch):
    def view(request):
        with noop.app.connection_for_write(broker_url) as connection:
            result = noop.apply_async(connection=connection, task_id="published-1")
        return HttpResponse(result.id)

    monkeypatch.setitem(noop.app.conf, "task_always_eager", False)
    seen = []

    def look(**_):
        seen.append(dict(ORIGIN.get()))

    before_task_publish.connect(look)
    request, _ = ask(view, user=User(username="ann"), **{"x-request-id": "r3"})
    before_task_publish.disconnect(look)
    assert request.tasklog.task_ids == ["published-1"]
    assert seen == [{"user": "ann", "request_id": "r3"}]


def test_every_answer_of_the_project_carries_its_request_id(client, db):
    assert client.get("/healthz", headers={"x-request-id": "r4"}).headers["X-Request-ID"] == "r4"
