from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client, RequestFactory
from django.utils import timezone
from rest_framework.response import Response

from tasklog.api import auth, keys
from tasklog.api.keys import create_key, find_key
from tasklog.api.models import ApiKey
from tasklog.api.views import ApiView

LIST = "/tasklog/api/tasks/"


def ask(text, url=LIST, scheme="Api-Key"):
    return Client().get(url, headers={"authorization": f"{scheme} {text}"})


class Write(ApiView):
    scope = "control"

    def post(self, request):
        return Response({})


def test_a_key_is_256_random_bits_of_which_only_a_digest_is_stored(db):
    key, text = create_key("ci", ["tasks:read"])
    assert text.startswith(f"{key.prefix}.")
    assert len(text.partition(".")[2]) == 43
    row = json.dumps(ApiKey.objects.values().get(), default=str)
    assert text not in row
    assert text.partition(".")[2] not in row
    assert len(key.digest) == 64


def test_a_key_expires_after_ninety_days_unless_told_otherwise(db):
    key, _ = create_key("ci", ["all"])
    assert timedelta(days=89) < key.expires_at - timezone.now() < timedelta(days=91)
    assert create_key("ci", ["all"], days=None)[0].expires_at is None


@pytest.mark.parametrize(
    "change",
    [
        {"revoked_at": timezone.now()},
        {"expires_at": timezone.now() - timedelta(seconds=1)},
        {"digest": "0" * 64},
    ],
)
def test_a_revoked_expired_or_wrong_key_is_a_401(db, change):
    key, text = create_key("ci", ["all"])
    assert ask(text).status_code == 200
    ApiKey.objects.filter(pk=key.pk).update(**change)
    answer = ask(text)
    assert (answer.status_code, answer.json()["code"]) == (401, "authentication_failed")


@pytest.mark.parametrize("text", ["", "x", "a" * 5000, "00000000." + "a" * 43, "é.ü", "\x00"])
def test_nonsense_in_place_of_a_key_is_a_401(db, text):
    assert ask(text).status_code == 401


def test_a_key_of_a_deactivated_user_is_a_401(db):
    user = User.objects.create_user("bob")
    _, text = create_key("ci", ["all"], user=user)
    assert ask(text).status_code == 200
    User.objects.update(is_active=False)
    assert ask(text).status_code == 401


def test_the_key_counts_in_its_header_alone(db):
    _, text = create_key("ci", ["all"])
    assert Client().get(f"{LIST}?api_key={text}&key={text}").status_code == 401
    assert ask(text, scheme="Bearer").status_code == 401
    assert Client().get(LIST, headers={"x-api-key": text}).status_code == 401
    assert ask(text, scheme="api-key").status_code == 200


def test_a_wrong_key_is_not_rescued_by_a_session(person):
    answer = person.get(LIST, headers={"authorization": "Api-Key wrong"})
    assert answer.status_code == 401


def test_a_session_needs_a_csrf_token_to_write_and_a_key_does_not(user, db):
    person = RequestFactory(enforce_csrf_checks=True)
    request = person.post("/")
    request.user = user
    assert Write.as_view()(request).status_code == 403
    _, text = create_key("ci", ["control"])
    request = person.post("/", headers={"authorization": f"Api-Key {text}"})
    assert Write.as_view()(request).status_code == 200


def test_the_last_use_is_written_once_a_minute(db, django_assert_num_queries):
    key, text = create_key("ci", ["all"])
    ask(text)
    key.refresh_from_db()
    first = key.last_used_at
    assert first is not None
    keys.note_use(key)
    key.refresh_from_db()
    assert key.last_used_at == first
    with django_assert_num_queries(0):
        keys.note_use(key)
    ApiKey.objects.update(last_used_at=first - timedelta(minutes=2))
    keys.note_use(find_key(text))
    key.refresh_from_db()
    assert key.last_used_at > first - timedelta(minutes=1)


def test_a_key_may_read_so_often_and_then_is_told_when_to_come_back(db, monkeypatch):
    monkeypatch.setattr(auth, "READS", "3/min")
    _, text = create_key("ci", ["all"])
    _, other = create_key("ci", ["all"])
    assert [ask(text).status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = ask(text)
    assert answer.json()["code"] == "throttled"
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert ask(other).status_code == 200


def test_writes_have_a_limit_of_their_own(db, monkeypatch):
    monkeypatch.setattr(auth, "WRITES", "1/min")
    _, text = create_key("ci", ["all"])
    request = RequestFactory().post("/", headers={"authorization": f"Api-Key {text}"})
    assert [Write.as_view()(request).status_code for _ in range(2)] == [200, 429]
    assert ask(text).status_code == 200


def test_people_are_not_throttled(person, monkeypatch):
    monkeypatch.setattr(auth, "READS", "1/min")
    assert [person.get(LIST).status_code for _ in range(3)] == [200, 200, 200]


def command(*words):
    out = StringIO()
    call_command("tasklog_apikey", *words, stdout=out)
    return out.getvalue()


def test_the_command_makes_lists_and_revokes_keys(db):
    told = command("create", "ci", "--scopes", "tasks:read,logs:read", "--days", "7")
    key = ApiKey.objects.get()
    text = next(line for line in told.splitlines() if line.startswith(key.prefix))
    assert ask(text).status_code == 200
    assert key.scopes == ["logs:read", "tasks:read"]
    listed = command("list")
    assert key.prefix in listed
    assert "active" in listed
    assert text not in listed
    command("revoke", key.prefix)
    assert ask(text).status_code == 401
    assert "revoked" in command("list")


@pytest.mark.parametrize(
    "words",
    [
        ("create", "ci", "--scopes", "everything"),
        ("create", "ci", "--scopes", ""),
        ("create", "ci", "--scopes", "all", "--days", "0"),
        ("create", "ci", "--scopes", "all", "--user", "nobody"),
        ("revoke", "00000000"),
    ],
)
def test_the_command_refuses_nonsense_in_words(db, words):
    with pytest.raises(CommandError):
        command(*words)


def test_the_admin_shows_keys_without_a_secret_and_revokes_them(admin_client):
    key, text = create_key("ci", ["all"])
    url = "/admin/tasklog_api/apikey/"
    assert key.prefix in admin_client.get(url).content.decode()
    page = admin_client.get(f"{url}{key.pk}/change/").content.decode()
    assert key.digest not in page
    assert admin_client.get(f"{url}add/").status_code == 403
    admin_client.post(url, {"action": "revoke", "_selected_action": key.pk})
    assert find_key(text) is None
