"""`keys/…`: keys made and ended by a key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tasklog.api.keys import create_key, find_key
from tasklog.api.models import ApiKey
from tasklog.audit.models import AuditEntry

URL = "/tasklog/api/keys/"
Program = Callable[..., Client]


def with_key(**values: Any) -> Client:
    _, text = create_key("mother", ["all"], **values)
    return Client(headers={"authorization": f"Api-Key {text}"})


def make(client: Client, **body: Any) -> Any:
    given = {"name": "ci", "scopes": ["tasks:read"]} | body
    return client.post(URL, given, content_type="application/json")


def test_a_key_is_made_shown_once_and_ended(program: Program) -> None:
    client = program("all")
    made = make(client, days=7)
    assert (made.status_code, made.headers["Cache-Control"]) == (201, "no-store")
    told = made.json()
    assert find_key(told["key"]).scopes == ["tasks:read"]
    listed = client.get(URL)
    assert told["key"] not in listed.content.decode()
    assert [one["name"] for one in listed.json()["results"]] == ["ci", "program"]
    ended = client.post(f"{URL}{told['prefix']}/revoke/")
    assert (ended.status_code, ended.json()["state"]) == (200, "revoked")
    assert find_key(told["key"]) is None
    assert AuditEntry.objects.filter(user="key:program").count() == 2


def test_a_key_makes_none_that_lives_longer(db: None) -> None:
    client = with_key(days=5)
    mother = ApiKey.objects.get(name="mother")
    refused = make(client, days=6)
    assert (refused.status_code, set(refused.json()["fields"])) == (400, {"days"})
    for days in ({}, {"days": 5}):
        assert make(client, **days).status_code == 201
    assert all(key.expires_at <= mother.expires_at for key in ApiKey.objects.all())


def test_a_key_that_never_ends_makes_keys_that_do(db: None) -> None:
    make(with_key(days=None))
    left = ApiKey.objects.get(name="ci").expires_at - timezone.now()
    assert timedelta(days=89) < left <= timedelta(days=90)


def test_what_a_persons_key_makes_is_that_persons(db: None) -> None:
    root = User.objects.create_superuser("root")
    assert make(with_key(user=root)).json()["user"] == "root"
    assert ApiKey.objects.get(name="ci").user == root


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scopes": ["fly"]}, "scopes"),
        ({"scopes": []}, "scopes"),
        ({"scopes": "all"}, "scopes"),
        ({"days": 0}, "days"),
        ({"days": 3651}, "days"),
        ({"name": ""}, "name"),
        ({"user": "root"}, "user"),
    ],
)
def test_what_makes_no_sense_is_a_400(program: Program, body: Any, field: str) -> None:
    answer = make(program("all"), **body)
    assert (answer.status_code, set(answer.json()["fields"])) == (400, {field})
    assert not ApiKey.objects.filter(name="ci").exists()


@pytest.mark.parametrize("scope", ["tasks:read", "control", "metrics"])
def test_a_key_without_all_makes_lists_and_ends_none(program: Program, scope: str) -> None:
    client, key = program(scope), ApiKey.objects.get()
    assert make(client).status_code == 403
    assert client.get(URL).status_code == 403
    assert client.post(f"{URL}{key.prefix}/revoke/").status_code == 403


@pytest.mark.parametrize("prefix", ["00000000", "%00", "x" * 300])
def test_a_key_that_is_not_there_is_a_404(program: Program, prefix: str) -> None:
    assert program("all").post(f"{URL}{prefix}/revoke/").status_code == 404
