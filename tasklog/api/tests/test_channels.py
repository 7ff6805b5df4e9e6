from __future__ import annotations

import pytest

from tasklog.api.tests.conftest import asked
from tasklog.audit.models import AuditEntry
from tasklog.notify import deliver
from tasklog.notify.models import Channel, Delivery
from tasklog.roles import Role

ALL = "alerts/channels/"
SECRET = "a-secret-that-signs"
HOOK = {
    "kind": "webhook", "name": "hook",
    "settings": {"address": "https://example.com/in", "secret": SECRET},
}  # fmt: skip


@pytest.fixture
def client(program):
    return program("alerts")


@pytest.fixture
def hook(client):
    return asked(client, "post", ALL, HOOK).told


def test_a_channel_is_made_and_its_secret_never_shown(client, hook):
    assert hook["settings"] == {"address": "https://example.com/in", "secret": "…igns"}
    for path in (ALL, f"{ALL}{hook['id']}/"):
        text = asked(client, "get", path).content.decode()
        assert SECRET not in text
        assert "…igns" in text
    assert Channel.objects.get().settings["secret"] == SECRET
    assert AuditEntry.objects.get(action="channel").target == "make hook"


@pytest.mark.parametrize("secret", [{}, {"secret": ""}, {"secret": "…igns"}])
def test_a_secret_that_is_not_given_anew_stays(client, hook, secret):
    body = {"settings": {"address": "https://example.org/", **secret}}
    changed = asked(client, "patch", f"{ALL}{hook['id']}/", body)
    assert changed.status_code == 200
    kept = Channel.objects.get().settings
    assert kept == {"address": "https://example.org/", "secret": SECRET}


def test_a_new_secret_takes_the_place_of_the_old_one(client, hook):
    body = {"settings": {"secret": "another-secret-1234"}}
    changed = asked(client, "patch", f"{ALL}{hook['id']}/", body).told
    assert changed["settings"] == {"address": "https://example.com/in", "secret": "…1234"}


def test_several_of_a_thing_are_one_text_both_ways(client, user):
    body = {"kind": "email", "name": "ops", "settings": {"to": "a@example.com, b@example.com"}}
    made = asked(client, "post", ALL, body).told
    assert made["settings"] == {"to": "a@example.com, b@example.com"}
    assert Channel.objects.get().settings["to"] == ["a@example.com", "b@example.com"]
    again = asked(client, "patch", f"{ALL}{made['id']}/", {"settings": made["settings"]})
    assert again.told["settings"] == made["settings"]


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        ({"kind": "pigeon"}, "kind", "webhook"),
        ({"name": ""}, "name", "blank"),
        ({"settings": {"address": "http://example.com"}}, "settings.address", "https://"),
        ({"settings": {"address": "https://a:b@example.com"}}, "settings.address", "password"),
        ({"settings": {"secret": "short"}}, "settings.secret", "16"),
        ({"settings": {"secret": SECRET}}, "settings.address", "required"),
        ({"settings": {"to": "a@b.cd"}}, "settings.to", "address, secret"),
        ({"settings": {"address": 5}}, "settings.address", "Give a text"),
        ({"settings": {"address": "https://\ud800"}}, "settings.address", "Give a text"),
        ({"settings": None}, "settings", "null"),
        ({"enabled": 7}, "enabled", "true or false"),
        ({"rules": []}, "rules", "no such field"),
    ],
)
def test_what_makes_no_sense_is_named_with_what_is_allowed(client, body, field, said):
    answer = asked(client, "post", ALL, HOOK | body)
    assert answer.status_code == 400
    assert said in answer.told["fields"][field]
    assert not Channel.objects.exists()


def test_a_name_stands_for_one_channel(client, hook):
    assert "already" in asked(client, "post", ALL, HOOK).told["fields"]["name"]


def test_a_channel_is_switched_tried_and_deleted(client, hook):
    one = f"{ALL}{hook['id']}/"
    assert asked(client, "post", f"{one}disable/").status_code == 200
    off = asked(client, "post", f"{one}test/")
    assert (off.status_code, "Switch it on" in off.told["error"]) == (409, True)
    asked(client, "post", f"{one}enable/")
    assert asked(client, "post", f"{one}test/").told["result"] == "done"
    log = asked(client, "get", f"alerts/deliveries/?channel={hook['id']}").told["results"]
    assert [(row["title"], row["incident"]) for row in log] == [("A test from TaskLog", None)]
    assert asked(client, "delete", one).told["result"] == "done"
    assert asked(client, "get", one).status_code == 404


def test_a_test_does_not_go_into_our_own_network(client, hook):
    body = {"settings": {"address": "https://127.0.0.1/in"}}
    asked(client, "patch", f"{ALL}{hook['id']}/", body)
    asked(client, "post", f"{ALL}{hook['id']}/test/")
    row = Delivery.objects.get()
    if row.state == "waiting":  # what a worker does
        deliver.attempt(row.pk)
    (told,) = asked(client, "get", "alerts/deliveries/").told["results"]
    assert (told["state"], told["error"]) == (
        "failed", "The address leads into a private network."
    )  # fmt: skip


def test_a_delivery_that_was_given_up_is_tried_again_once(client, hook, monkeypatch):
    monkeypatch.setattr(deliver, "hand_over", lambda *_: None)
    row = Delivery.objects.create(channel_id=hook["id"], key="k", title="t", state="failed",
                                  thread="incident:12", message={})  # fmt: skip
    path = f"alerts/deliveries/{row.pk}/again/"
    assert asked(client, "post", path).told["result"] == "done"
    assert asked(client, "post", path).told["code"] == "not_done"
    waiting = asked(client, "get", "alerts/deliveries/?state=waiting&incident=12").told["results"]
    assert [one["id"] for one in waiting] == [row.pk]
    assert asked(client, "post", "alerts/deliveries/999/again/").status_code == 404


def test_settings_are_for_who_may_edit_them(as_role, hook):
    viewer, one = as_role(Role.VIEWER), f"{ALL}{hook['id']}/"
    assert asked(viewer, "get", one).told["settings"] is None
    for method, path in (("post", ALL), ("patch", one), ("delete", one), ("post", f"{one}test/")):
        assert asked(viewer, method, path).status_code == 403, path
    assert asked(as_role(Role.ADMINISTRATOR), "get", one).told["settings"]["secret"] == "…igns"


def test_settings_that_nobody_can_unseal_are_null_and_can_be_given_anew(client, hook, settings):
    settings.SECRET_KEY = "another key, and the old one is gone"
    settings.CELERY_TASKLOG_SECRET_KEYS = []
    Channel.objects.update(sealed="not ours")
    one = f"{ALL}{hook['id']}/"
    assert asked(client, "get", one).told["settings"] is None
    assert set(asked(client, "patch", one).told["fields"]) == {
        "settings.address", "settings.secret"
    }  # fmt: skip
    assert asked(client, "patch", one, {"settings": HOOK["settings"]}).status_code == 200
