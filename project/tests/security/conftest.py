"""The cast: nobody, a person of each role, a program with a key of each scope."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from dashboard import memo
from project.tests.security.answers import SCOPES
from tasklog.api.keys import create_key
from tasklog.api.models import ApiKey
from tasklog.roles import Role, group_name


@dataclass(frozen=True)
class Actor:
    """Somebody who asks; `name` is what stands at the runs they started."""

    name: str
    client: Client


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """What one test kept for a moment must not answer the next."""
    memo.clear()
    cache.clear()
    yield
    memo.clear()
    cache.clear()


@pytest.fixture
def strict(settings: Any) -> None:
    """Nobody has a role they were not given, and everybody sees what they started."""
    settings.CELERY_TASKLOG_DEFAULT_ROLE = ""
    settings.CELERY_TASKLOG_VISIBILITY = "tasklog.roles.own_runs"


def person(role: Role | None) -> User:
    user, made = User.objects.get_or_create(username=role.name.lower() if role else "outsider")
    if made and role:
        user.groups.add(Group.objects.get(name=group_name(role)))
    return user


@pytest.fixture
def signed_in() -> Callable[[User], Client]:
    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def actors(strict: None, signed_in: Callable[[User], Client]) -> dict[str, Actor]:
    """Everybody in the table, by their name there."""
    cast = {"anonymous": Actor("", Client())}
    users = {role.name.lower(): person(role) for role in list(Role)[1:]}
    users |= {"outsider": person(None), "root": User.objects.create_superuser("root")}
    cast |= {name: Actor(user.username, signed_in(user)) for name, user in users.items()}
    for scope in SCOPES:
        name = scope.replace(":", "-")
        cast[f"key {scope}"] = Actor(f"key:{name}", with_key(create_key(name, [scope])[1]))
    _, text = create_key("viewers", ["all"], user=users["viewer"])
    cast["viewer's key"] = Actor("viewer", with_key(text))
    revoked, text = create_key("revoked", ["all"])
    ApiKey.objects.filter(pk=revoked.pk).update(revoked_at=timezone.now())
    cast["revoked key"] = Actor("", with_key(text))
    cast["wrong key"] = Actor("", with_key(f"{revoked.prefix}.{'a' * 43}"))
    return cast


def with_key(text: str) -> Client:
    return Client(headers={"authorization": f"Api-Key {text}"})
