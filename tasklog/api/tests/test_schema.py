"""The OpenAPI document: complete, and what it says is so."""

from __future__ import annotations

import re

import pytest
import schemathesis
from django.contrib.auth.models import User
from drf_spectacular.drainage import GENERATOR_STATS
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from project.tests.security.addresses import every_address
from tasklog.api import schema, stream
from tasklog.api.keys import create_key
from tasklog.api.tests.rows import make_all

pytestmark = pytest.mark.django_db


def documented(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.json()


def test_every_route_of_the_api_is_in_the_document(person):
    paths = documented(person, "/api/schema/")["paths"]
    routes = {
        "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", address.pattern)
        for address in every_address()
        if re.search(r"(^|/)(api|sse)/|^metrics", address.pattern)
    }
    assert routes - {"/api/docs/"} == set(paths)


def test_the_products_own_document_holds_its_own_paths_alone(person):
    paths = documented(person, "/tasklog/api/v1/schema/")["paths"]
    assert paths
    assert all(path.startswith("/tasklog/") for path in paths)
    assert paths == documented(person, "/tasklog/api/schema/")["paths"]


def test_every_operation_says_who_may_and_what_its_errors_look_like(person):
    document = documented(person, "/api/schema/")
    assert set(document["components"]["securitySchemes"]) == {"apiKey", "session"}
    for path in document["paths"].values():
        for operation in path.values():
            assert {"401", "403", "429", "503"} <= set(operation["responses"])
            assert "Scope: `" in operation["description"]
            assert operation["security"] == [{"apiKey": []}, {"session": []}]


def test_a_version_answers_as_the_names_without_it(person, run):
    plain = person.get("/tasklog/api/tasks/run-1/lines/").json()
    assert person.get("/tasklog/api/v1/tasks/run-1/lines/").json() == plain


def test_no_two_things_have_one_name_in_the_document(capsys):
    GENERATOR_STATS.reset()
    schema.Generator().get_schema(request=None, public=True)
    assert "identical names" not in capsys.readouterr().err


@pytest.fixture
def quiet(monkeypatch):
    """Nothing runs, nobody waits, no key is throttled."""
    from celery import Task, uuid
    from celery.result import EagerResult

    def apply(task, *_, task_id="", **__):
        return EagerResult(task_id or uuid(), None, "SUCCESS")

    monkeypatch.setattr(Task, "apply", apply)
    monkeypatch.setattr("tasklog.api.auth.READS", "100000/min")
    monkeypatch.setattr("tasklog.api.auth.WRITES", "100000/min")
    monkeypatch.setattr("demo.api.asking.run_probes", lambda: [])
    monkeypatch.setattr(stream, "PATIENCE", 0.1)


def ask_everything(prefix: str, examples: int) -> int:
    """Asks every operation below the prefix so often; how many operations there were."""
    from project.wsgi import application

    root = User.objects.create_superuser("root")
    make_all(root)
    _, text = create_key("schemathesis", ["all"], user=root)
    headers = {"Authorization": f"Api-Key {text}"}
    whole = schemathesis.openapi.from_wsgi("/api/schema/", application, headers=headers)
    operations = [found.ok() for found in whole.get_all_operations()]
    asked = [one for one in operations if one.path.startswith(prefix) and "/sse/" not in one.path]
    for operation in asked:
        ask(operation, headers, examples)
    return len(asked)


def ask(operation, headers, examples: int) -> None:
    from hypothesis import given

    @hypothesis_settings(
        max_examples=examples, deadline=None, database=None, derandomize=True,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def one(case):
        # A schema cannot say everything: a cursor's form, two limits that must fit.
        case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])

    one()


@pytest.mark.parametrize("prefix", ["/api/", "/tasklog/api/v1/"])
def test_what_the_document_says_is_so(quiet, transactional_db, prefix):
    assert ask_everything(prefix, 5) >= 4


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_what_the_document_says_is_so_however_often_one_asks(quiet, transactional_db):
    assert ask_everything("/", 50) >= 20
