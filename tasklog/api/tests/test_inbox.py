from __future__ import annotations

import pytest
from django.test import Client

from tasklog.api.keys import create_key
from tasklog.api.tests.conftest import asked
from tasklog.notify.message import Message, Quote
from tasklog.notify.models import InboxMessage

LINE = Quote(7, "2026-01-31T12:00:00+00:00", "disk full", 40, "https://example.com/runs/r1/")


@pytest.fixture
def letters(user, django_user_model):
    said = Message("k", "it failed", facts=(("Rule", "failures"),), quotes=(LINE,)).as_json()
    other = django_user_model.objects.create_user("bob")
    made = [InboxMessage(user=user, key=f"k{n}", message=said) for n in range(3)]
    InboxMessage.objects.bulk_create([*made, InboxMessage(user=other, key="k", message=said)])
    return list(InboxMessage.objects.filter(user=user).order_by("-pk"))


@pytest.fixture
def client(user):
    _, text = create_key("anns", ["alerts", "logs:read"], user=user)
    return Client(headers={"authorization": f"Api-Key {text}"})


def test_ones_own_messages_are_listed_with_their_lines(client, letters):
    told = asked(client, "get", "inbox/?limit=2").told
    assert [one["id"] for one in told["results"]] == [letter.pk for letter in letters[:2]]
    assert told["results"][0]["facts"] == {"Rule": "failures"}
    assert told["results"][0]["lines"] == [
        {"id": 7, "timestamp": "2026-01-31T12:00:00+00:00", "message": "disk full",
         "level": "ERROR", "url": LINE.url}
    ]  # fmt: skip
    assert [one["id"] for one in client.get(told["next"]).json()["results"]] == [letters[2].pk]


def test_one_is_read_then_all(client, letters):
    path = f"inbox/{letters[0].pk}/read/"
    assert asked(client, "post", path).told == {"read": 1, "unread": 2}
    assert asked(client, "post", path).told == {"read": 0, "unread": 2}
    unread = asked(client, "get", "inbox/?unread=true").told["results"]
    assert [one["id"] for one in unread] == [letter.pk for letter in letters[1:]]
    assert asked(client, "post", "inbox/read/").told == {"read": 2, "unread": 0}
    assert InboxMessage.objects.filter(read_at=None).count() == 1


def test_a_message_to_somebody_else_looks_like_none(client, letters):
    foreign = InboxMessage.objects.exclude(pk__in=[letter.pk for letter in letters]).get()
    assert asked(client, "post", f"inbox/{foreign.pk}/read/").status_code == 404
    assert InboxMessage.objects.filter(read_at=None).count() == 4


def test_lines_are_for_who_may_read_logs(user, letters):
    _, text = create_key("anns", ["alerts"], user=user)
    narrow = Client(headers={"authorization": f"Api-Key {text}"})
    assert asked(narrow, "get", "inbox/").told["results"][0]["lines"] is None


def test_a_key_that_is_nobodys_has_no_inbox(program, letters):
    answer = asked(program("all"), "get", "inbox/")
    assert (answer.status_code, answer.told["code"]) == (403, "permission_denied")
    assert "belongs to nobody" in answer.told["error"]


def test_a_signed_in_person_has_the_same(person, letters):
    assert len(asked(person, "get", "inbox/").told["results"]) == 3
