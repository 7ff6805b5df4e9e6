"""Every address × everybody × every method × one's own and another's run: the table's status."""

from __future__ import annotations

from typing import Any

import pytest
from celery import Task, uuid
from celery.result import EagerResult
from django.contrib.auth.models import User

from project.tests.security.addresses import Address, every_address, one_of_each
from project.tests.security.answers import ACTORS, METHODS, Rule
from project.tests.security.conftest import Actor
from project.tests.security.routes import ADMIN_PAGES, RULES, admin_status
from tasklog.api import stream
from tasklog.api.models import ApiKey
from tasklog.models import Drainer, TaskAttempt, TaskLogLine, TaskRun, TaskWorker

pytestmark = pytest.mark.django_db
NIGHTLY = pytest.mark.nightly

EVERYTHING = every_address()
OWN = [a for a in EVERYTHING if not a.pattern.startswith("admin/")]
ONCE = one_of_each(OWN)
ADMINS = [a for a in EVERYTHING if a.pattern.startswith("admin/")]
FOREIGN = "somebody-elses"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting for runs that are not there yet."""
    monkeypatch.setattr(stream, "PATIENCE", 0.1)
    monkeypatch.setattr("tasklog.pages.is_ready", lambda: True)


def name_of(address: Address) -> str:
    """The address's name in the table."""
    unnamed = {"favicon.ico": "favicon", "admin/(?P<url>.*)$": "nothing"}
    return unnamed.get(address.pattern, address.name.removeprefix("admin:"))


def each(addresses: list[Address]) -> Any:
    """Streams read with connections of their own, which see only what is committed."""
    streams = pytest.mark.django_db(transaction=True)
    return pytest.mark.parametrize(
        "address",
        [
            pytest.param(a, id=a.pattern or "/", marks=[streams] if _streams(a) else [])
            for a in addresses
        ],
    )


def _streams(address: Address) -> bool:
    return "sse" in address.name or "stream" in address.name


def ask(actor: Actor, method: str, path: str, **more: Any) -> int:
    response = getattr(actor.client, method.lower())(path, **more)
    if response.streaming and not response.is_async:
        list(response)
    assert response.status_code < 500, (method, path, response.status_code)
    return response.status_code


@pytest.fixture(autouse=True)
def nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may start a task is asked here, not what the task does for seconds."""

    def apply(task: Task, *_: object, task_id: str = "", **__: object) -> EagerResult:
        return EagerResult(task_id or uuid(), None, "SUCCESS")

    monkeypatch.setattr(Task, "apply", apply)
    monkeypatch.setattr("celery.app.control.Control.broadcast", lambda *_, **__: [])


def test_every_address_stands_in_the_table_and_no_other() -> None:
    assert {name_of(address) for address in OWN} == set(RULES)
    for rule in RULES.values():
        assert set(rule.of) == set(ACTORS)


def test_a_view_with_several_addresses_has_one_rule() -> None:
    """So that asking at one of them is enough."""
    rules = {getattr(a.view, "view_class", a.view): RULES[name_of(a)] for a in OWN}
    for address in OWN:
        view = getattr(address.view, "view_class", address.view)
        assert RULES[name_of(address)] == rules[view], address.pattern


def body_of(rule: Rule, method: str) -> dict[str, Any]:
    if method not in ("POST", "PUT") or not (rule.body or rule.json):
        return {}
    return {"data": rule.body} | ({"content_type": "application/json"} if rule.json else {})


@each(ONCE)
def test_everybody_gets_what_the_table_says(address: Address, actors: dict[str, Actor]) -> None:
    rule = RULES[name_of(address)]
    got, wanted = {}, {}
    for who, actor in actors.items():
        run = TaskRun.objects.create(
            task_id=f"of-{who}".replace(" ", "-"), name="orders.import", triggered_by=actor.name
        )
        for method in rule.methods:
            wanted[who, method] = rule.status(who, method)
            got[who, method] = ask(actor, method, address.path(run.pk), **body_of(rule, method))
    assert got == wanted


# Nobody, who may little, who may all, and a program: whether a method exists is no matter of roles.
SOME = ("anonymous", "viewer", "root", "key all")


@pytest.mark.parametrize(
    "asking", [pytest.param(SOME, id="some"), pytest.param(ACTORS, id="all", marks=NIGHTLY)]
)
@each(ONCE)
def test_no_other_method_is_answered(
    address: Address, actors: dict[str, Actor], asking: tuple[str, ...]
) -> None:
    rule = RULES[name_of(address)]
    got, wanted = {}, {}
    for who, actor in ((name, actors[name]) for name in asking):
        for method in set(METHODS) - set(rule.methods):
            one = (rule.options if method == "OPTIONS" else 0) or rule.otherwise
            wanted[who, method] = one if isinstance(one, int) else one[who]
            got[who, method] = ask(actor, method, address.path())
    assert got == wanted


OF_RUN = [address for address in ONCE if RULES[name_of(address)].of_run]


@each(OF_RUN)
@pytest.mark.parametrize("task_id", [FOREIGN, "no-such-run"])
def test_a_foreign_run_looks_like_none(
    address: Address, actors: dict[str, Actor], task_id: str
) -> None:
    TaskRun.objects.create(task_id=FOREIGN, triggered_by="somebody")
    rule, sees_all = RULES[name_of(address)], task_id == FOREIGN
    for who, actor in actors.items():
        status = 404 if rule.of[who] == 200 else rule.of[who]
        method = "GET" if "GET" in rule.methods else "POST"
        if sees_all and who in ("administrator", "root"):
            status = rule.status(who, method)
        path, body = address.path(task_id), body_of(rule, method)
        assert ask(actor, method, path, **body) == status, who


@pytest.mark.parametrize("path", ["/tasklog/task/mine/", "/tasklog/diagnostic/"])
def test_the_plain_pages_of_a_project_without_the_dashboard_ask_for_the_role_too(
    path: str, actors: dict[str, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasklog.pages._dashboard", lambda *words: "")
    monkeypatch.setattr("tasklog.pages.run_probes", lambda: [])
    TaskRun.objects.create(task_id="mine", triggered_by="viewer")
    TaskRun.objects.create(task_id=FOREIGN, triggered_by="somebody")
    for who, status in {"anonymous": 302, "key all": 302, "outsider": 403, "viewer": 200}.items():
        assert ask(actors[who], "GET", path) == status, who
    for foreign in (FOREIGN, "none", "a%00b"):
        assert ask(actors["viewer"], "GET", f"/tasklog/task/{foreign}/") == 404


PEOPLE = ("viewer", "operator", "root")
LISTS = {
    "/": PEOPLE,
    "/search/?q=needle": PEOPLE,
    "/demo/": PEOPLE,
    "/tasklog/api/tasks/": (*PEOPLE, "viewer's key", "key all"),
    "/demo/api/tasks/": (*PEOPLE, "viewer's key", "key all"),
}


@pytest.mark.parametrize("path", LISTS)
def test_a_list_names_only_what_one_may_see(path: str, actors: dict[str, Actor]) -> None:
    """The same rule holds where the run is not named in the address."""
    for owner in {"somebody", *(actor.name for actor in actors.values())}:
        run = TaskRun.objects.create(
            task_id=f"of-{owner}-".replace(":", "-"), name="demo.quick", triggered_by=owner
        )
        TaskLogLine.objects.create(task=run, message="a needle")
    for who in LISTS[path]:
        told = actors[who].client.get(path).content.decode()
        assert f"of-{actors[who].name}-".replace(":", "-") in told, who
        assert ("of-somebody-" in told) is (who == "root"), who


@pytest.fixture
def rows(actors: dict[str, Actor]) -> dict[str, str]:
    """One row of each of our models in the admin, by the model's name."""
    run = TaskRun.objects.create(task_id="row")
    made = {
        "taskrun": run,
        "tasklogline": TaskLogLine.objects.create(task_id="row"),
        "taskattempt": TaskAttempt.objects.create(task=run),
        "taskworker": TaskWorker.objects.create(name="w1"),
        "drainer": Drainer.objects.create(host="h1"),
        "apikey": ApiKey.objects.first(),
    }
    return {model: str(row.pk) for model, row in made.items() if row}


def row_of(address: Address, rows: dict[str, str]) -> str:
    parts = address.pattern.split("/")
    return rows.get(parts[2], "0") if len(parts) > 3 else "0"


@pytest.mark.parametrize("who", ["anonymous", "viewer", "administrator", "root", "key all"])
def test_the_admin_opens_for_superusers_alone(
    who: str, actors: dict[str, Actor], rows: dict[str, str]
) -> None:
    got, wanted = {}, {}
    for address in ADMINS:
        path = address.path(id="0", object_id=row_of(address, rows), content_type_id="0")
        wanted[path] = admin_status(name_of(address), who)
        got[path] = ask(actors[who], "GET", path)
    assert got == wanted


STAFFS = ("_changelist", "_add", "_delete", "_change")


def test_staff_sees_the_rows_of_its_permissions_and_of_its_runs(
    actors: dict[str, Actor], rows: dict[str, str]
) -> None:
    User.objects.filter(username__in=["viewer", "outsider"]).update(is_staff=True)
    for address in ADMINS:
        if address.name.endswith(STAFFS) and "password" not in address.name:
            path = address.path(object_id=row_of(address, rows))
            assert ask(actors["outsider"], "GET", path) == 403, path
    assert ask(actors["viewer"], "GET", "/admin/tasklog/tasklogline/") == 403
    page = actors["viewer"].client.get("/admin/tasklog/taskrun/").content.decode()
    assert "Select run to view" in page
    # The rule about whose runs one sees holds here too.
    assert 'title="row"' not in page


def test_every_admin_page_stands_in_the_table() -> None:
    verbs = ("changelist", "add", "history", "delete", "change")
    for name in map(name_of, ADMINS):
        assert name in ADMIN_PAGES or name.endswith(verbs), name
