"""Every input of every pattern, by API and by form: nonsense is refused and starts nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from demo.catalogue import DEMOS
from demo.fields import Addresses, Choices, Text, YesNo
from demo.models import Report
from demo.patterns import ALL, PATTERNS
from tasklog.models import TaskRun

pytestmark = pytest.mark.django_db
TRIGGER = "/demo/api/trigger-demo/"
NONSENSE: list[Any] = [
    None, {}, {"a": 1}, [[1]], [None], 10**30, -(10**30), 1.5e308, "\u0000", "x" * 20_000,
]  # fmt: skip
INPUTS = [
    (pattern.word, name)
    for pattern in ALL
    for name in pattern.inputs().fields
]  # fmt: skip


@pytest.fixture
def ada(django_user_model: Any, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    client = Client()
    client.force_login(django_user_model.objects.create_superuser("ada"))
    return client


def ask(client: Client, word: Any, **arguments: Any) -> Any:
    body = {"task_type": word, "arguments": arguments}
    return client.post(TRIGGER, body, content_type="application/json")


def nothing_was_started() -> bool:
    return not TaskRun.objects.exists() and not Report.objects.exists()


def usual(word: str) -> dict[str, Any]:
    """A good value for each input, so that one bad one is all that is wrong."""
    fields: dict[str, Any] = PATTERNS[word].inputs().fields
    return {name: _usual(field) for name, field in fields.items()}


def _usual(field: Any) -> Any:
    value = field.initial if field.required else field.default
    if value is None:
        return next(iter(field.choices))
    if isinstance(field, (Choices, Addresses)):
        return field.from_form(value)
    return value


@pytest.mark.parametrize("word", PATTERNS)
def test_the_usual_values_start_it(ada: Client, word: str) -> None:
    answer = ask(ada, word, **usual(word))
    assert answer.status_code == 200, answer.text
    assert TaskRun.objects.filter(pk=answer.json()["task_id"]).exists()


@pytest.mark.parametrize(("word", "name"), INPUTS)
def test_nonsense_is_a_400_that_names_the_field_and_what_is_allowed(
    ada: Client, word: str, name: str
) -> None:
    for value in NONSENSE:
        answer = ask(ada, word, **{**usual(word), name: value})
        assert answer.status_code == 400, (value, answer.text)
        assert "Give" in str(answer.json()["fields"][name]), (value, answer.text)
    assert nothing_was_started()


@pytest.mark.parametrize(("word", "name"), INPUTS)
def test_nonsense_in_a_form_is_told_at_its_field(ada: Client, word: str, name: str) -> None:
    field: Any = PATTERNS[word].inputs().fields[name]
    if isinstance(field, YesNo):
        pytest.skip("a box is ticked or not")
    filled = {key: _as_text(value) for key, value in usual(word).items() if value is not False}
    text = "x" * 20_000 if isinstance(field, Text) else "1e999, nobody"
    answer = ada.post("/demo/run/", {"task_type": word, **filled, name: text})
    assert answer.status_code == 422
    assert "Give" in answer.text
    assert nothing_was_started()


def _as_text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else "on" if value is True else str(value)


@pytest.mark.parametrize("word", PATTERNS)
def test_a_field_that_nobody_knows_is_refused_with_those_there_are(ada: Client, word: str) -> None:
    answer = ask(ada, word, **usual(word), surprise=1)
    assert answer.status_code == 400
    assert "Allowed" in str(answer.json()["fields"]["surprise"])
    for arguments in ([], "x", 5, None):
        body = {"task_type": word, "arguments": arguments}
        assert ada.post(TRIGGER, body, content_type="application/json").status_code == 400
    body = {"task_type": word, "duration": 5}
    assert ada.post(TRIGGER, body, content_type="application/json").status_code == 400
    assert nothing_was_started()


@pytest.mark.parametrize("word", ["", "nobody", "Chain", None, 7, ["chain"], {"chain": 1}])
def test_an_unknown_word_is_a_400_that_lists_the_known_ones(ada: Client, word: Any) -> None:
    answer = ask(ada, word)
    assert answer.status_code == 400
    told = str(answer.json()["fields"]["task_type"])
    assert all(known in told for known in (*DEMOS, *PATTERNS))
    form = ada.post("/demo/run/", {"task_type": str(word)})
    assert form.status_code == 422
    assert nothing_was_started()


@pytest.mark.parametrize("word", DEMOS)
def test_a_demo_takes_a_duration_and_nothing_else(ada: Client, word: str) -> None:
    for body in ({"arguments": {}}, {"seconds": 5}, {"duration": "5"}, {"duration": 10**30}):
        answer = ada.post(TRIGGER, {"task_type": word, **body}, content_type="application/json")
        assert answer.status_code == 400
        assert next(iter(body)) in answer.json()["fields"]
    assert nothing_was_started()


@pytest.mark.parametrize("body", [{"surprise": 1}, {"terminate": 1}, {"terminate": None}, [], "x"])
def test_revoking_with_a_foreign_body_is_a_400(ada: Client, body: Any) -> None:
    TaskRun.objects.create(task_id="one", name="demo.add")
    answer = ada.post("/api/revoke-task/one/", body, content_type="application/json")
    assert answer.status_code == 400, answer.text
    assert TaskRun.objects.get().state == "PENDING"
