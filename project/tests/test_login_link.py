from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from project import login_link

pytestmark = pytest.mark.django_db


@pytest.fixture
def link(django_user_model: Any) -> str:
    return login_link.path_for(django_user_model.objects.create_superuser("ada", password="x"))


def logged_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_it_logs_in_and_goes_to_the_first_page(client: Client, link: str) -> None:
    assert client.get(link).headers["Location"] == "/"
    assert logged_in(client)


def test_it_works_once(client: Client, link: str) -> None:
    Client().get(link)
    assert client.get(link).headers["Location"] == "/login/"
    assert not logged_in(client)


def test_it_ends_after_an_hour(client: Client, link: str) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        client.get(link)
    assert not logged_in(client)


def test_a_new_password_ends_it(client: Client, link: str) -> None:
    user = get_user_model().objects.get()
    user.set_password("y")
    user.save()
    client.get(link)
    assert not logged_in(client)


def test_a_person_who_may_no_longer_log_in_may_not_by_link(client: Client, link: str) -> None:
    get_user_model().objects.update(is_active=False)
    client.get(link)
    assert not logged_in(client)


@pytest.mark.parametrize("token", ["x", "a:b:c", "é"])
def test_a_forged_link_goes_to_the_form(client: Client, token: str) -> None:
    assert client.get(f"/login/{token}/").headers["Location"] == "/login/"
