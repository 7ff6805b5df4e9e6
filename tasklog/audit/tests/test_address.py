"""Whose address counts behind how many proxies."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from tasklog.audit.address import address_of

FORGED = "6.6.6.6"


def seen(rf: Any, chain: str, peer: str = "10.0.0.1") -> str:
    return address_of(rf.get("/", headers={"x-forwarded-for": chain}, REMOTE_ADDR=peer))


def test_without_proxies_the_header_counts_for_nothing(rf: Any) -> None:
    assert seen(rf, FORGED) == "10.0.0.1"


@pytest.mark.parametrize(
    ("proxies", "chain", "address"),
    [
        (1, "203.0.113.7", "203.0.113.7"),
        (1, f"{FORGED}, 203.0.113.7", "203.0.113.7"),
        (2, f"{FORGED}, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        (2, "203.0.113.7", "10.0.0.1"),  # one came past the outer proxy
        (1, "", "10.0.0.1"),
        (1, "unknown", "10.0.0.1"),
        (1, "<script>", "10.0.0.1"),
        (1, " 2001:DB8::1 ", "2001:db8::1"),
        (1, "::ffff:203.0.113.7", "203.0.113.7"),
        (1, "203.0.113.7,", "10.0.0.1"),
    ],
)
def test_the_caller_stands_as_many_entries_from_the_right_as_there_are_proxies(
    rf: Any, settings: Any, proxies: int, chain: str, address: str
) -> None:
    settings.CELERY_TASKLOG_PROXIES = proxies
    assert seen(rf, chain) == address


@pytest.mark.parametrize(
    ("peer", "address"),
    [("10.1.2.3", "203.0.113.7"), ("192.0.2.1", "192.0.2.1"), ("", "203.0.113.7")],
)
def test_only_the_proxies_themselves_are_believed(
    rf: Any, settings: Any, peer: str, address: str
) -> None:
    settings.CELERY_TASKLOG_PROXIES = 1
    settings.CELERY_TASKLOG_PROXY_ADDRESSES = ["10.0.0.0/8", "127.0.0.1"]
    assert seen(rf, "203.0.113.7", peer) == address


def attempt(password: str, chain: str, name: str = "ann") -> int:
    form = {"username": name, "password": password}
    client = Client(headers={"x-forwarded-for": chain}, REMOTE_ADDR="10.0.0.1")
    return client.post("/login/", form).status_code


@pytest.fixture
def guarded(settings: Any, django_user_model: Any) -> None:
    settings.AXES_ENABLED = True
    settings.CELERY_TASKLOG_PROXIES = 1
    django_user_model.objects.create_user("ann", password="right-one")


@pytest.mark.django_db
def test_a_forged_header_does_not_begin_the_count_anew(guarded: None) -> None:
    tries = [attempt("wrong", f"{number}.1.1.1, 203.0.113.7") for number in range(1, 7)]
    assert tries == [200, 200, 200, 200, 429, 429]
    assert attempt("right-one", "99.1.1.1, 203.0.113.7") == 429


@pytest.mark.django_db
def test_nobody_is_locked_out_by_who_knows_their_name(guarded: None) -> None:
    for _ in range(6):
        attempt("wrong", "203.0.113.7")
    assert attempt("right-one", "203.0.113.7") == 429
    assert attempt("right-one", "198.51.100.1") == 302


@pytest.mark.django_db
def test_an_address_that_tries_many_names_has_to_wait(guarded: None) -> None:
    """A known name and twenty unknown ones; another address is none the wiser."""
    for number in range(20):
        assert attempt("wrong", "203.0.113.7", f"person-{number}") == 200
    assert attempt("right-one", "203.0.113.7") == 429
    assert attempt("right-one", "198.51.100.1") == 302
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        assert attempt("right-one", "203.0.113.7") == 302


@pytest.mark.django_db
def test_an_unknown_name_is_told_the_same_as_a_wrong_password(guarded: None) -> None:
    def told(name: str) -> str:
        answer = Client().post("/login/", {"username": name, "password": "x"})
        return answer.context["form"].non_field_errors()[0]

    assert told("ann") == told("nobody-of-this-name")
