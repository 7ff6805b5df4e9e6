"""Tasks that talk to others try again by themselves, and do nothing twice."""

from __future__ import annotations

from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.db import OperationalError

from demo.models import DemoUser, Report
from demo.tasks import canvas, mail, people, reports
from demo.tasks.retrying import RetryingTask

RETRYING = [
    mail.send_mail, mail.send_batch, people.create_users, people.clean_up_users,
    reports.generate_report, canvas.fetch_prices, canvas.publish_prices, canvas.sum_chunk,
]  # fmt: skip


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A mail server: the addresses it took; an exception among `moods` is raised in its turn."""
    taken: list[Any] = []
    moods: list[Exception | None] = []

    def send(message: EmailMessage, **_: Any) -> int:
        if moods and (mood := moods.pop(0)):
            raise mood
        taken.append(message.to[0])
        return 1

    monkeypatch.setattr(EmailMessage, "send", send)
    return [taken, moods]


@pytest.mark.parametrize("task", RETRYING, ids=lambda task: task.name)
def test_what_talks_to_others_is_tried_three_times_with_growing_waits(task: Any) -> None:
    assert isinstance(task, RetryingTask)
    assert (task.max_retries, task.retry_backoff, task.retry_backoff_max) == (3, 60, 600)
    assert task.retry_jitter
    assert task.acks_late


def test_a_mail_server_that_goes_away_gets_the_rest_later_and_nobody_gets_it_twice(
    server: Any,
) -> None:
    taken, moods = server
    moods += [None, SMTPServerDisconnected("421 too busy"), None]
    people_ = [f"{name}@example.com" for name in "abc"]
    assert mail.send_batch.apply(args=[people_, "s", "t"]).successful()
    assert taken == people_


def test_a_refusal_is_not_tried_again(server: Any) -> None:
    taken, moods = server
    moods.append(SMTPRecipientsRefused({"a@example.com": (550, b"no such user")}))
    result = mail.send_mail.apply(args=["a@example.com", "s", "t"])
    assert isinstance(result.result, SMTPRecipientsRefused)
    assert taken == []


def test_it_gives_up_in_the_end(server: Any) -> None:
    taken, moods = server
    moods += [SMTPServerDisconnected("421")] * 4
    assert mail.send_mail.apply(args=["a@example.com", "s", "t"]).failed()
    assert (taken, moods) == ([], [])


@pytest.mark.django_db(transaction=True)
def test_a_second_attempt_makes_no_more_users(monkeypatch: pytest.MonkeyPatch) -> None:
    make, calls = people._make, []

    def once_away(prefix: str, count: int) -> list[str]:
        calls.append(count)
        if len(calls) == 2:
            raise OperationalError("the database is restarting")
        return make(prefix, count)

    monkeypatch.setattr(people, "_make", once_away)
    assert people.create_users.apply(kwargs={"count": 60}).successful()
    assert calls == [50, 10, 50, 10]
    assert DemoUser.objects.count() == 60


@pytest.mark.django_db
def test_a_report_whose_second_attempt_works_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    report = Report.objects.create(kind="sales", filters={"days": 3})
    collected, calls = reports._collected, []

    def once_away(*args: Any) -> Any:
        calls.append(args)
        if len(calls) == 1:
            raise TimeoutError("the warehouse did not answer")
        return collected(*args)

    monkeypatch.setattr(reports, "_collected", once_away)
    assert reports.generate_report.apply(args=[report.pk]).successful()
    report.refresh_from_db()
    assert (report.status, report.error) == ("ready", "")
