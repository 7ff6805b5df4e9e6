"""What a person chose for lines is kept for them, and nothing else is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from dashboard.models import Preference
from dashboard.preferences import preferences_of
from tasklog.models import TaskRun

if TYPE_CHECKING:
    from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db


def test_a_choice_is_there_in_another_browser_of_the_same_person(
    browser_of_ada: Client, ada: User
) -> None:
    TaskRun.objects.create(task_id="r", name="orders.import")
    for name, value in (("time", "relative"), ("time", "none"), ("wrap", "off")):
        assert (
            browser_of_ada.post("/preferences/", {"name": name, "value": value}).status_code == 204
        )
    other = Client()
    other.force_login(ada)
    html = other.get("/runs/r/").content.decode()
    assert 'data-kept-time="none"' in html
    assert 'data-kept-wrap="off"' in html
    assert "no-wrap no-time" in html
    assert "data-kept-groups" not in html


def test_a_choice_is_of_one_person_alone(
    browser_of_ada: Client, admin_client: Client, admin_user: User
) -> None:
    TaskRun.objects.create(task_id="r", name="orders.import")
    browser_of_ada.post("/preferences/", {"name": "wrap", "value": "off"})
    assert preferences_of(admin_user) == {}
    assert "data-kept" not in admin_client.get("/runs/r/").content.decode()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("theme", "dark", "No preference is called “theme”. There are: time, wrap, groups."),
        ("time", "local", "“local” is no value of time. There are: absolute, relative, none."),
        ("wrap", "", "“” is no value of wrap. There are: on, off."),
        ("\0", "on", "There are: time, wrap, groups."),
    ],
)
def test_another_name_or_value_is_refused_with_what_there_is(
    browser_of_ada: Client, name: str, value: str, told: str
) -> None:
    answer = browser_of_ada.post("/preferences/", {"name": name, "value": value})
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert not Preference.objects.exists()


def test_a_value_of_another_release_is_as_if_it_were_not_there(ada: User) -> None:
    Preference.objects.create(user=ada, name="time", value="sidereal")
    Preference.objects.create(user=ada, name="font", value="on")
    assert preferences_of(ada) == {}


def test_it_is_kept_as_long_as_the_person(browser_of_ada: Client, ada: User) -> None:
    browser_of_ada.post("/preferences/", {"name": "wrap", "value": "off"})
    ada.delete()
    assert not Preference.objects.exists()
