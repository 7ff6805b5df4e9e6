"""The pages for what went wrong; none of them needs the database."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client, RequestFactory

from dashboard.middleware import DatabaseAwayMiddleware
from dashboard.views import errors


def test_an_unknown_run_is_named(browser_of_ada: Client) -> None:
    response = browser_of_ada.get("/runs/no-such-run/")
    assert response.status_code == 404
    assert "There is no run with the id no-such-run." in response.content.decode()


def test_an_unknown_address_says_nothing_of_the_code(client: Client) -> None:
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert "There is nothing at this address." in response.content.decode()


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_missing_database_is_a_503_that_says_so(
    rf: RequestFactory, error: type[Exception]
) -> None:
    reason = error("could not connect to db.example\nHINT: secrets")
    response = DatabaseAwayMiddleware(lambda request: None).process_exception(rf.get("/"), reason)
    assert response is not None
    page = response.content.decode()
    assert response.status_code == 503
    assert "db.example" not in page
    assert "secrets" not in page


def test_other_errors_are_left_to_django(rf: RequestFactory) -> None:
    middleware = DatabaseAwayMiddleware(lambda request: None)
    assert middleware.process_exception(rf.get("/"), ValueError("x")) is None


def test_htmx_is_answered_in_words_not_pages(rf: RequestFactory) -> None:
    request = rf.get("/", headers={"HX-Request": "true"})
    response = errors.database_away(request, OperationalError("gone"))
    assert response.headers["Content-Type"] == "text/plain"


def test_a_form_without_its_token_is_explained(db: None) -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.post("/login/", {"username": "x", "password": "y"})
    assert response.status_code == 403
    assert "reload the page" in response.content.decode()


def test_a_broken_page_says_that_tasks_go_on(rf: RequestFactory) -> None:
    assert "tasks are not affected" in errors.broken(rf.get("/")).content.decode()


@pytest.mark.django_db
def test_forbidden_says_whom_to_ask(rf: Any) -> None:
    assert errors.forbidden(rf.get("/"), PermissionError()).status_code == 403
