"""Who asked for a revoke, as a worker hears it."""

import pytest
from celery.worker.control import Panel

from tasklog.capture import revoking


@pytest.fixture(autouse=True)
def forget(monkeypatch):
    monkeypatch.setattr(revoking, "_asked", {})


@pytest.mark.parametrize(
    ("task_ids", "by", "known"),
    [
        ("a", "ada", {"a": "ada"}),
        (["a", "b"], "ada", {"a": "ada", "b": "ada"}),
        ("a", "", {}),
        ("a", {"no": "name"}, {}),
        (None, "ada", {}),
    ],
)
def test_a_name_is_remembered_for_each_task(task_ids, by, known):
    revoking._remember(task_ids, by)
    assert revoking._asked == known


def test_the_oldest_names_are_forgotten(monkeypatch):
    monkeypatch.setattr(revoking, "REMEMBERED", 2)
    for task_id in ("a", "b", "c"):
        revoking._remember(task_id, "ada")
    assert (revoking.asked_by("a"), revoking.asked_by("c")) == ("", "ada")


def test_the_workers_command_is_called_without_the_word_more(monkeypatch):
    heard = []
    panel = {"revoke": lambda state, task_id, **more: heard.append((task_id, more))}
    monkeypatch.setattr(Panel, "data", panel)
    revoking.install()
    revoking.install()  # once is enough
    panel["revoke"](None, task_id="a", terminate=True, asked_by="ada")
    panel["revoke"](None, "b")
    assert heard == [("a", {"terminate": True}), ("b", {})]
    assert revoking.asked_by("a") == "ada"
