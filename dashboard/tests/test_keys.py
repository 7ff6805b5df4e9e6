"""The page of the API keys."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tasklog.api.keys import create_key, find_key
from tasklog.api.models import ApiKey
from tasklog.audit.models import AuditEntry

pytestmark = pytest.mark.django_db
GIVEN = {"name": "ci", "scopes": ["tasks:read", "metrics"], "days": "9"}


def test_a_key_is_made_shown_once_and_written_down(admin_client: Client) -> None:
    html = admin_client.post("/keys/", GIVEN).content.decode()
    text = re.search(r"[0-9a-f]{8}\.[\w-]{43}", html)
    assert text
    key = find_key(text[0])
    assert key is not None
    assert key.scopes == ["metrics", "tasks:read"]
    assert text[0] not in admin_client.get("/keys/").content.decode()
    entry = AuditEntry.objects.get(action="make key")
    assert (entry.user, entry.address) == ("admin", "127.0.0.1")


def test_a_key_is_revoked_and_written_down(admin_client: Client) -> None:
    key, text = create_key("old", ["all"])
    assert admin_client.post(f"/keys/{key.prefix}/revoke/").status_code == 302
    assert find_key(text) is None
    assert "Revoked" in admin_client.get("/keys/").content.decode()
    assert AuditEntry.objects.get(action="revoke key").user == "admin"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"days": "0"}, "greater than or equal to 1"),
        ({"days": "9" * 40}, "less than or equal to 3650"),
        ({"scopes": ["everything"]}, "everything is not one of the available choices"),
        ({"name": ""}, "This field is required"),
        ({"name": "x" * 101}, "at most 100 characters"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_made(
    admin_client: Client, wrong: dict[str, object], told: str
) -> None:
    answer = admin_client.post("/keys/", {**GIVEN, **wrong})
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert not ApiKey.objects.exists()


def test_only_administrators_come_here(browser_of_ada: Client) -> None:
    assert browser_of_ada.get("/keys/").status_code == 403
    assert browser_of_ada.post("/keys/", GIVEN).status_code == 403
    assert not ApiKey.objects.exists()
