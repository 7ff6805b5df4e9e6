"""What is told of a message beside its arguments, by its sender and by its worker."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import Celery, chain, chord, group, signals
from celery.app.task import Context
from kombu import Connection

from tasklog import sealing
from tasklog.capture import envelope
from tasklog.capture.payload import LONGEST

SECRET = "hunter2hunter2"
app = Celery("envelopes", broker="memory://", backend="cache+memory://", set_as_current=False)


@app.task(name="shop.pay", time_limit=100)
def pay(*args: Any) -> None:
    """Sent, never run."""


@pytest.fixture
def sent() -> Any:
    """`sent(signature, **options)`: the envelope as its sender tells it."""
    told: list[dict[str, Any]] = []

    def on_after(headers: Any = None, body: Any = None, exchange: Any = None, **_: Any) -> None:
        headers = {**headers, "tasklog": {"at": time.time(), **headers.get("tasklog", {})}}
        told.append(envelope.of_message(headers, body, exchange, app.tasks.get(headers["task"])))

    def send(signature: Any, **options: Any) -> dict[str, Any]:
        with Connection("memory://") as connection:
            signature.apply_async(connection=connection, **options)
        return told[0]

    signals.after_task_publish.connect(on_after)
    yield send
    signals.after_task_publish.disconnect(on_after)


def test_a_plain_message_says_nothing(sent: Any) -> None:
    assert sent(pay.s(1)) == {}


def test_what_the_task_says_itself_is_not_kept(sent: Any) -> None:
    assert sent(pay.s(), time_limit=100, soft_time_limit=20)["envelope"] == {"soft": 20}


def test_an_expiry_is_a_span_or_a_moment(sent: Any) -> None:
    assert sent(pay.s(), expires=90)["envelope"] == {"after": 90.0}


def test_a_moment_to_the_second_stays_one(sent: Any) -> None:
    moment = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    assert sent(pay.s(), expires=moment)["envelope"] == {"until": moment.isoformat()}


def test_callbacks_are_named_and_their_arguments_sealed(sent: Any) -> None:
    told = sent(pay.s(), link=pay.s(SECRET), headers={"tenant": SECRET, "x-death": 1})
    assert told["envelope"] == {"link": ["shop.pay"], "headers": ["tenant"], "kept": "sealed"}
    assert SECRET not in json.dumps(told)
    values = json.loads(envelope.unpacked(sealing.unseal(told["sealed_envelope"])))
    assert values["headers"] == {"tenant": SECRET}
    assert values["link"][0]["args"] == [SECRET]


def test_the_steps_of_a_chain_are_named_in_their_order(sent: Any) -> None:
    steps = [pay.s(n).set(task_id=f"id-{n}") for n in range(3)]
    end = pay.s().set(task_id="end")
    told = sent(chain(*steps, group(pay.s(), pay.s()), end))["envelope"]
    assert [step[0] for step in told["then"] if len(step[0]) < 9] == ["id-1", "id-2", "end"]
    one = "shop.pay"
    assert [step[1] for step in told["then"]] == [one, one, "2 × shop.pay", one]
    assert told["steps"] == 4


def test_a_long_chain_names_the_first_and_the_last_and_is_packed(sent: Any) -> None:
    steps = [pay.s(n).set(task_id=f"id-{n}") for n in range(60)]
    told = sent(chain(*steps))
    then = [step[0] for step in told["envelope"]["then"]]
    assert (len(then), then[0], then[-1]) == (21, "id-1", "id-59")
    assert told["envelope"]["steps"] == 59
    assert len(told["sealed_envelope"]) < 6_000


@pytest.mark.parametrize(("payload", "kept"), [("off", "off"), ("encrypted", "sealed")])
def test_nothing_is_kept_where_that_is_switched_off(
    sent: Any, settings: Any, payload: str, kept: str
) -> None:
    settings.CELERY_TASKLOG_PAYLOAD = payload
    told = sent(pay.s(), link=pay.s(SECRET))
    assert told["envelope"]["kept"] == kept
    assert ("sealed_envelope" in told) == (kept == "sealed")


def test_what_is_too_big_says_so(sent: Any) -> None:
    told = sent(pay.s(), link=pay.s("x" * LONGEST))
    assert (told["envelope"]["kept"], "sealed_envelope" in told) == ("too big", False)


def test_a_worker_tells_the_same_of_a_request() -> None:
    body = chord([pay.s(), pay.s()], pay.s()).body
    request = Context(
        {"chord": {**body, "options": {"task_id": "all"}}, "timelimit": [60, None],
         "headers": {"tasklog": {}, "tenant": SECRET}}
    )  # fmt: skip
    told = envelope.of_request(vars(request).get, {}, {"priority": 5, "exchange": ""}, pay)
    assert told["envelope"] == {
        "priority": 5, "hard": 60, "chord": [["all", "shop.pay"]], "headers": ["tenant"],
        "kept": "sealed",
    }  # fmt: skip


@pytest.mark.parametrize("odd", [{"chain": [7]}, {"expires": "soon"}, {"timelimit": 5}])
def test_an_odd_message_costs_its_envelope_and_nothing_else(odd: dict[str, Any]) -> None:
    assert envelope.of_request(odd.get, {"at": 1.0}, {}, pay) == {}
