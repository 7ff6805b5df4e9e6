"""A run's arguments: kept as they are, kept encrypted, or not kept and said why."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tasklog.capture import payload
from tasklog.control.editing import completed, draft_of
from tasklog.control.payload import NotKept, arguments_of
from tasklog.models import RunPayload, TaskRun

pytestmark = pytest.mark.django_db
SECRET = "hunter2hunter2"


def stored(args: Any = (), kwargs: Any = None) -> TaskRun:
    """The run as the drainer stores it."""
    told = payload.told(args, kwargs or {})
    sealed = told.pop("sealed", "")
    run = TaskRun.objects.create(task_id="r1", name="orders.pay", state="FAILURE", **told)
    if sealed:
        RunPayload.objects.create(task=run, sealed=sealed)
    return run


@pytest.mark.parametrize(
    ("args", "kwargs"), [((), {}), ((4471, "acme", None, [1.5, {"a": True}]), {"feed": "x"})]
)
def test_plain_arguments_are_kept_once(args: Any, kwargs: Any) -> None:
    run = stored(args, kwargs)
    assert run.payload == "exact"
    assert not RunPayload.objects.exists()
    assert arguments_of(run) == (list(args), kwargs)


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ((), {"password": SECRET}),
        (("x" * 5000,), {}),
        ((datetime(2026, 1, 31, tzinfo=UTC), Decimal("1.50")), {}),
        ((list(range(300)),), {}),
    ],
    ids=["masked", "shortened", "typed", "many"],
)
def test_what_is_shown_otherwise_is_kept_encrypted(args: Any, kwargs: Any) -> None:
    run = stored(args, kwargs)
    assert run.payload == "sealed"
    assert SECRET not in RunPayload.objects.get().sealed + run.args + run.kwargs
    assert arguments_of(run) == (list(args), kwargs)


class Odd:
    """No JSON, and an `==` that answers nothing."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    __hash__ = object.__hash__


@pytest.mark.parametrize(
    ("args", "why"),
    [(("x" * 70_000,), "64 KiB"), (([0] * 100_000,), "64 KiB"), ((Odd(),), "JSON cannot say")],
)
def test_what_cannot_be_kept_says_why(args: Any, why: str) -> None:
    with pytest.raises(NotKept, match=why):
        arguments_of(stored(args))


def test_without_cryptography_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(text: str) -> str:
        raise ImportError("cryptography")

    monkeypatch.setattr("tasklog.sealing.seal", missing)
    with pytest.raises(NotKept, match="pip install cryptography"):
        arguments_of(stored((), {"password": SECRET}))


def test_a_key_is_rotated_and_a_lost_one_is_named(settings: Any) -> None:
    settings.CELERY_TASKLOG_SEAL_KEYS = ["old"]
    run = stored((), {"password": SECRET})
    settings.CELERY_TASKLOG_SEAL_KEYS = ["new", "old"]
    assert arguments_of(run) == ([], {"password": SECRET})
    settings.CELERY_TASKLOG_SEAL_KEYS = ["new"]
    with pytest.raises(NotKept, match="CELERY_TASKLOG_SEAL_KEYS"):
        arguments_of(run)


def test_encrypted_shows_no_value_and_off_keeps_none(settings: Any) -> None:
    settings.CELERY_TASKLOG_PAYLOAD = "encrypted"
    run = stored(("plain",), {"feed": "acme"})
    assert "plain" not in run.args
    assert json.loads(run.kwargs) == {"feed": "[encrypted]"}
    assert arguments_of(run) == (["plain"], {"feed": "acme"})
    run.delete()
    assert not RunPayload.objects.exists()
    settings.CELERY_TASKLOG_PAYLOAD = "off"
    with pytest.raises(NotKept, match="was off"):
        arguments_of(stored(("plain",)))


def test_a_run_nobody_has_told_of_is_not_sent_with_nothing() -> None:
    with pytest.raises(NotKept, match="nobody has told"):
        arguments_of(TaskRun.objects.create(task_id="r2", args="[1]", kwargs="{}"))


def test_masked_values_that_stay_are_the_true_ones_again() -> None:
    run = stored((1, {"token": SECRET, "n": 2}), {"password": SECRET, "amount": 12})
    draft = draft_of(run)
    assert draft.masked
    assert SECRET not in draft.args + draft.kwargs
    args, kwargs = json.loads(draft.args), json.loads(draft.kwargs)
    args[1]["n"], kwargs["amount"] = 3, 13
    assert completed(run, args, kwargs) == (
        [1, {"token": SECRET, "n": 3}], {"password": SECRET, "amount": 13},
    )  # fmt: skip
    # Under another name it is only a word.
    assert completed(run, [], {"note": "[masked]"}) == ([], {"note": "[masked]"})


def test_what_the_page_shortened_cannot_be_edited() -> None:
    draft = draft_of(stored((list(range(300)),)))
    assert (draft.args, draft.kwargs) == ("[]", "{}")
    assert "too long" in draft.missing
