"""A fresh Django project, the wheel and the README's lines: nothing else is needed."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

# A dozen cold starts of Django, each of its own process.
pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).resolve().parents[2]

# What only an extra, or only our own project, brings along.
ABSENT = """
import sys
for name in ("rest_framework", "django_celery_results", "django_celery_beat", "prometheus_client",
             "re2", "backports.zstd", "psycopg", "environ", "whitenoise", "axes", "gevent"):
    sys.modules[name] = None
"""
CELERY_APP = """
import os
from celery import Celery
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
app = Celery("shop")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["shop"])
"""
TASKS = """
import logging
import sys
from celery import shared_task

@shared_task
def order(cups):
    print("brewing", cups, "cups")
    print("kettle is loud", file=sys.stderr)
    logging.getLogger("shop").warning("milk is low")
    return cups
"""
URLS = """
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.urls import include, path

@login_required
def order(request):
    from shop.tasks import order
    return HttpResponse(order.delay(3).id)

{line}
urlpatterns += [path("order/", order)]
"""
# Follows redirects as a signed-in person and tells where they led.
VISIT = """
import json, sys
import django
django.setup()
from django.contrib.auth.models import User
from django.test import Client
ann, _ = User.objects.get_or_create(username="ann")
client = Client(headers={"host": "localhost", "x-request-id": "req-7"})
client.force_login(ann)
told = []
for path in sys.argv[1:]:
    answer = client.get(path, follow=True)
    there = answer.redirect_chain[-1][0] if answer.redirect_chain else path
    told.append([answer.status_code, there, answer.content.decode()])
print(json.dumps(told))
"""
ROWS = """
import json
from tasklog.models import TaskRun
run = TaskRun.objects.get(pk="%s")
lines = [[line.stream, line.message] for line in run.lines.order_by("number")]
print(json.dumps([run.state, run.triggered_by, run.request_id, lines]))
"""


class Shop:
    """Somebody's project in `folder`; `python` finds the wheel in `target`, or has it installed."""

    def __init__(
        self, folder: Path, target: Path | None = None, python: str = sys.executable
    ) -> None:
        self.folder, self.interpreter = folder, python
        self.spool = folder / "spool"
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("CELERY_", "TASKLOG_"))},
            "PYTHONPATH": os.pathsep.join(map(str, filter(None, [target, folder]))),
            "DJANGO_SETTINGS_MODULE": "shop.settings",
        }

    def python(self, *words: str) -> str:
        done = subprocess.run(
            [self.interpreter, *words], cwd=self.folder, env=self.env, check=False,
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def visit(self, *paths: str) -> list[tuple[int, str, str]]:
        """Status, where redirects led, and the page, of each."""
        return [tuple(one) for one in json.loads(self.python("-c", VISIT, *paths).splitlines()[-1])]

    def run(self, task_id: str) -> tuple[str, str, str, list[list[str]]]:
        words = ("manage.py", "shell", "--no-imports", "-c", ROWS % task_id)
        state, user, request_id, lines = json.loads(self.python(*words).splitlines()[-1])
        return state, user, request_id, lines

    def finished(self, task_id: str) -> bool:
        question = "SELECT 1 FROM tasklog_taskrun WHERE state = 'SUCCESS' AND task_id = ?"
        with closing(sqlite3.connect(self.folder / "db.sqlite3", timeout=20)) as database:
            return bool(database.execute(question, [task_id]).fetchall())

    def order(self) -> str:
        """Publishes a task from a web request and waits until a worker has run it."""
        [(_, _, task_id)] = self.visit("/order/")
        with (self.folder / "worker.log").open("wb") as log:
            worker = subprocess.Popen(
                [self.interpreter, "-m", "celery", "-A", "shop", "worker", "-c", "1", "-l", "INFO"],
                cwd=self.folder, env=self.env, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        try:
            wait_for(lambda: self.finished(task_id), self.said)
        finally:
            worker.terminate()
            worker.wait(30)
        return task_id

    def said(self) -> str:
        return (self.folder / "worker.log").read_text(errors="replace")

    @property
    def drainer(self) -> int:
        """The pid of the drainer the worker started; 0 when it is gone."""
        with suppress(OSError, ValueError):
            pid = int((self.spool / "drainer.lock").read_text())
            os.kill(pid, 0)
            return pid if "tasklog_drain" in Path(f"/proc/{pid}/cmdline").read_text() else 0
        return 0


def wait_for(ready: Callable[[], object], explain: Callable[[], str]) -> None:
    deadline = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < deadline, explain()
        time.sleep(0.2)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def target(wheel: Path) -> Path:
    """The wheel, unpacked as an installer would."""
    zipfile.ZipFile(wheel).extractall(wheel.parent / "target")
    return wheel.parent / "target"


@pytest.fixture
def open_shop(tmp_path: Path, broker_url: str) -> Iterator[Callable[..., Shop]]:
    """`startproject`, a Celery app, a task, and the README's lines."""
    shops: list[Shop] = []

    def open_one(**how: Any) -> Shop:
        shops.append(Shop(tmp_path, **how))
        _furnish(shops[-1], broker_url)
        return shops[-1]

    yield open_one
    for shop in shops:
        if shop.drainer:
            os.kill(shop.drainer, signal.SIGKILL)


@pytest.fixture
def shop(open_shop: Callable[..., Shop], target: Path) -> Shop:
    """On the tests' own interpreter and dependencies."""
    return open_shop(target=target)


def _furnish(made: Shop, broker_url: str) -> None:
    made.python("-m", "django", "startproject", "shop", ".")
    package = made.folder / "shop"
    (package / "__init__.py").write_text(ABSENT + "from shop.celery import app\n")
    (package / "celery.py").write_text(CELERY_APP)
    (package / "tasks.py").write_text(TASKS)
    told = readme_lines()
    with (package / "settings.py").open("a") as settings:
        settings.write(f"\nCELERY_BROKER_URL = {broker_url!r}\n")
        for name in ("INSTALLED_APPS", "MIDDLEWARE", "CELERY_TASKLOG_SPOOL_DIR"):
            line = told[name].replace("[...,", f"[*{name},")
            settings.write(line.replace("/var/lib/myproject", str(made.folder)) + "\n")
    (package / "urls.py").write_text(URLS.format(line=told["urlpatterns"]))


def readme_lines() -> dict[str, str]:
    """The README's lines for a project, by the name each sets."""
    section = (ROOT / "README.md").read_text().partition("## In your project")[2]
    block = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert block
    return {line.partition(" = ")[0]: line for line in block[1].splitlines()}


def without(path: Path, *words: str) -> None:
    text = path.read_text()
    for word in words:
        assert word in text
        text = text.replace(word, "")
    path.write_text(text)


def test_the_readmes_lines_are_enough_to_see_a_tasks_output(shop: Shop, target: Path) -> None:
    where = shop.python("-c", "import tasklog, dashboard; print(tasklog.__file__)")
    assert where.startswith(str(target))
    order_and_look(shop)


def order_and_look(shop: Shop) -> None:
    """A task from a web request, and every page that tells of it."""
    shop.python("manage.py", "migrate")
    assert "no issues" in shop.python("manage.py", "check")

    task_id = shop.order()

    state, user, request_id, lines = shop.run(task_id)
    assert (state, user, request_id) == ("SUCCESS", "ann", "req-7")
    for wanted in (["stdout", "brewing 3 cups"], ["stderr", "kettle is loud"]):
        assert wanted in lines
    assert "milk is low" in str(lines)
    run_page = f"/logs/runs/{task_id}/"
    for status, there, page in shop.visit(run_page, f"/tasklog/task/{task_id}/"):
        assert (status, there) == (200, run_page)
        assert "brewing 3 cups" in page
    others = shop.visit("/logs/", "/logs/search/", "/tasklog/diagnostic/", "/logs/runs/none/")
    assert [status for status, _, _ in others] == [200, 200, 200, 404]
    wait_for(lambda: not shop.drainer, lambda: "the drainer stayed after its last worker")


@pytest.mark.nightly
@pytest.mark.timeout(600)
@pytest.mark.parametrize("django", ["6.0", "6.1"])
@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_a_fresh_environment_with_nothing_but_the_wheel_is_enough(
    open_shop: Callable[..., Shop], wheel: Path, tmp_path: Path, version: str, django: str
) -> None:
    """Each Python with each Django: installed by an installer, with what the wheel asks for."""
    uv = next(filter(answers, [("uv",), ("python3", "-m", "uv")]), None)
    if uv is None:
        pytest.skip("needs the program uv")
    python = tmp_path / "venv/bin/python"
    # With its configuration uv would hold to this project's own pins.
    run(
        *uv,
        "venv",
        "--quiet",
        "--no-config",
        "--python",
        interpreter(version),
        str(tmp_path / "venv"),
    )
    wanted = (str(wheel), f"django=={django}.*", "redis")
    run(*uv, "pip", "install", "--quiet", "--no-config", "--python", str(python), *wanted)
    shop = open_shop(python=str(python))
    told = shop.python("-c", "import django, sys; print(sys.version, django.__version__)")
    assert told.startswith(version)
    assert told.split()[-1].startswith(django)
    order_and_look(shop)


def run(*words: str) -> None:
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def interpreter(version: str) -> str:
    """A Python of that version, wherever this machine has one; what PATH names may be a shim."""
    kept = sorted((Path.home() / ".pyenv/versions").glob(f"{version}.*/bin/python"))
    found = next((one for one in (f"python{version}", *map(str, kept)) if answers((one,))), None)
    return found or pytest.skip(f"needs Python {version}")


def answers(program: tuple[str, ...]) -> bool:
    with suppress(OSError):
        words = [*program, "--version"]
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    return False


def test_without_the_dashboard_there_are_plain_pages(shop: Shop) -> None:
    settings, urls = shop.folder / "shop/settings.py", shop.folder / "shop/urls.py"
    without(
        settings, ', "dashboard"', '"django_htmx", ', '"django_htmx.middleware.HtmxMiddleware", '
    )
    without(urls, ', path("logs/", include("dashboard.urls"))')
    shop.python("manage.py", "migrate")
    task_id = shop.order()
    run, diagnostic = shop.visit(f"/tasklog/task/{task_id}/", "/tasklog/diagnostic/")
    assert run[:2] == (200, f"/tasklog/task/{task_id}/")
    assert "brewing 3 cups" in run[2]
    assert diagnostic[:2] == (200, "/tasklog/diagnostic/")
    assert "drainer" in diagnostic[2].lower()
