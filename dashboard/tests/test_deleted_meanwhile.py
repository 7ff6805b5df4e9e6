"""Somebody deletes what another is just saving: it stays deleted, and the other is told."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from dashboard.tests.test_same_name import KINDS, NAME
from tasklog.audit.models import AuditEntry
from tasklog.control.actions import Action

EDIT = {
    "rule": "/alerts/rules/{id}/edit/",
    "channel": "/alerts/channels/{id}/edit/",
    "connection": "/sources/{id}/",
    "schedule": "/schedules/{id}/edit/",
}
SWITCH = {
    "rule": "/alerts/rules/{id}/disable/",
    "channel": "/alerts/channels/{id}/disable/",
    "schedule": "/schedules/{id}/disable/",
}


@pytest.fixture
def made(request: pytest.FixtureRequest, admin_client: Client) -> tuple[str, Any]:
    """What is in the database under the name that the test was given."""
    kind = KINDS[request.param]
    admin_client.post(kind.page, {"name": NAME, **kind.form})
    return request.param, kind.model.objects.get(name=NAME)


@pytest.fixture
def deletes(made: tuple[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is gone after the page has looked it up, and before anything is written."""
    allowed, (_, row) = Action.allowed, made

    def gone(action: Action, user: Any) -> bool:
        type(row).objects.filter(pk=row.pk).delete()
        return allowed(action, user)

    monkeypatch.setattr(Action, "allowed", gone)


def address(pattern: str, row: Any) -> str:
    return pattern.format(id=getattr(row, "key", row.pk))


@pytest.mark.parametrize("made", EDIT, indirect=True)
def test_its_form(made: tuple[str, Any], deletes: None, admin_client: Client) -> None:
    name, row = made
    answer = admin_client.post(address(EDIT[name], row), {"name": "Day watch", **KINDS[name].form})
    assert answer.status_code == 404
    assert not type(row).objects.filter(pk=row.pk).exists()
    last = AuditEntry.objects.latest("pk")
    assert (last.result, "Day watch" in last.target) == ("failed", True)


@pytest.mark.parametrize("made", SWITCH, indirect=True)
def test_its_button(made: tuple[str, Any], deletes: None, admin_client: Client) -> None:
    name, row = made
    assert admin_client.post(address(SWITCH[name], row)).status_code == 404
    assert not type(row).objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("made", EDIT, indirect=True)
def test_in_the_api(made: tuple[str, Any], deletes: None, admin_client: Client) -> None:
    name, row = made
    at = f"{KINDS[name].api}{getattr(row, 'key', row.pk)}/"
    answer = admin_client.patch(at, {"name": "Day watch"}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), answer.content
    assert not type(row).objects.filter(pk=row.pk).exists()
