"""`manage.py up` as a person meets it: real processes, a folder and ports of its own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60


@dataclass
class Up:
    """One running `up`, its output and its folder."""

    process: subprocess.Popen[bytes]
    folder: Path
    output_file: Path

    @property
    def output(self) -> str:
        return self.output_file.read_text()

    @property
    def url(self) -> str:
        found = re.search(r"^READY (\S+)", self.output, re.MULTILINE)
        assert found, self.output
        return found[1]

    @property
    def login_link(self) -> str:
        found = re.search(r"http://\S+/login/\S+", self.output)
        assert found, self.output
        return found[0]

    def wait_for(self, text: str, seconds: float = START_SECONDS) -> None:
        until(lambda: text in self.output or self.process.poll() is not None, seconds, self.tell)
        assert text in self.output, self.tell()

    def tell(self) -> str:
        logs = "\n".join(p.read_text()[-1500:] for p in self.folder.glob("log/*.log"))
        return f"{self.output}\n{logs}"

    def relatives(self) -> list[int]:
        """Every process of this folder, by its environment or (the broker) its command line."""
        folder = str(self.folder).encode()
        return [pid for pid in _pids() if folder in _read(pid, "environ") + _read(pid, "cmdline")]


def until(true: Callable[[], bool], seconds: float, explain: Callable[[], str]) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            pytest.fail(f"still not true after {seconds} s\n{explain()}")
        time.sleep(0.05)


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _read(pid: int, what: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes()
    except OSError:
        return b""


@pytest.fixture
def start_up(tmp_path: Path) -> Iterator[Callable[..., Up]]:
    """Starts `manage.py up` with these words; whatever it leaves is gone after the test."""
    started: list[Up] = []

    def start(*words: str, folder: Path = tmp_path / "var", **env: str) -> Up:
        output = tmp_path / f"up-{len(started)}.txt"
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up", *(words or ("--port", "0"))],
            cwd=ROOT,
            env={**_clean_environment(), "TASKLOG_VAR": str(folder), **env},
            stdin=subprocess.DEVNULL,
            stdout=output.open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        started.append(Up(process, folder, output))
        return started[-1]

    yield start
    for up in started:
        up.process.kill()
        up.process.wait()
        with suppress(pytest.fail.Exception):  # the watchdog's time
            until(lambda up=up: not up.relatives(), 6, str)
        for pid in up.relatives():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _clean_environment() -> dict[str, str]:
    """Ours without what the test settings put in: `up` decides for itself."""
    ours = ("DJANGO_", "CELERY_", "TASKLOG_", "SECRET_KEY", "DATABASE_URL", "REDIS_URL")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def browser() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))


def test_everything_starts_the_link_logs_in_once_and_ctrl_c_ends_all(
    start_up: Callable[..., Up],
) -> None:
    up = start_up()
    up.wait_for("READY")
    person = browser()
    page = person.open(up.login_link)
    assert page.status == 200
    assert page.url == up.url
    assert "/login/" in browser().open(up.login_link).url, "a used link logs nobody in"
    assert {p.stem for p in up.folder.glob("log/*.log")} >= {
        "web", "worker", "drainer", "beat", "broker",
    }  # fmt: skip
    assert len(up.relatives()) >= 7, "web 2, worker 3, drainer, beat, broker"
    for _ in range(20):  # who is impatient is told once as well
        up.process.send_signal(signal.SIGINT)
        time.sleep(0.005)
    up.process.wait(10)
    assert up.process.returncode == 0
    assert up.relatives() == []
    assert "Stopped." in up.output


def test_a_running_task_does_not_hold_the_way_down(start_up: Callable[..., Up]) -> None:
    up = start_up("--port", "0", "--no-beat")
    up.wait_for("READY")
    env = {**_clean_environment(), "TASKLOG_VAR": str(up.folder)}
    send = "from demo.tasks.progress import long; long.delay(300)"
    code = f"import django; django.setup(); {send}"
    env["DJANGO_SETTINGS_MODULE"] = "project.settings"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, check=True)
    until(lambda: "received" in (up.folder / "log/worker.log").read_text(), 15, up.tell)
    up.process.terminate()
    up.process.wait(10)
    assert up.relatives() == []


def test_nothing_survives_a_kill_of_up(start_up: Callable[..., Up]) -> None:
    up = start_up("--port", "0", "--concurrency", "1")
    up.wait_for("READY")
    up.process.kill()
    up.process.wait()
    until(lambda: not up.relatives(), 10, lambda: f"{up.relatives()} live on")


def test_a_second_up_names_the_first_and_a_dead_child_comes_back(
    start_up: Callable[..., Up],
) -> None:
    first = start_up("--port", "0", "--no-beat", "--concurrency", "1")
    first.wait_for("READY")
    second = start_up("--port", "0")
    assert second.process.wait(30) == 1
    assert str(first.process.pid) in second.output
    assert first.url in second.output

    drainer = next(p for p in first.relatives() if b"tasklog_drain" in _read(p, "cmdline"))
    os.kill(drainer, signal.SIGKILL)
    first.wait_for("drainer started again")
    assert "drainer ended (SIGKILL)" in first.output


def test_a_taken_port_is_said_and_the_next_one_used(start_up: Callable[..., Up]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        up = start_up("--port", str(port), "--no-beat")
        up.wait_for(f"Port {port} is taken; using ", 30)


@pytest.mark.parametrize(
    ("words", "env", "says"),
    [
        ((), {"CELERY_TASKLOG_MAX_LINES": "many"}, "CELERY_TASKLOG_MAX_LINES is 'many'; allowed:"),
        ((), {"DEBUG": "perhaps"}, "DEBUG is 'perhaps'; allowed: true or false"),
        ((), {"DATABASE_URL": "oracle://x"}, "DATABASE_URL"),
        ((), {"SECRET_KEY_FILE": "/nowhere"}, "SECRET_KEY_FILE is '/nowhere'"),
        (("--port", "99999"), {}, "no port: a number from 0 to 65535"),
        (("--concurrency", "0"), {}, "no number from 1 to 1000"),
    ],
)
def test_a_wrong_value_stops_the_start_in_one_line(
    start_up: Callable[..., Up], words: tuple[str, ...], env: dict[str, str], says: str
) -> None:
    up = start_up(*words, **env)
    assert up.process.wait(30) != 0
    assert says in up.output
    assert "Traceback" not in up.output


@pytest.mark.parametrize(
    "command",
    [("celery", "-A", "project", "worker"), ("gunicorn", "-c", "python:project.gunicorn_conf")],
)
def test_celery_and_gunicorn_stop_at_a_wrong_value_too(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    env = {**_clean_environment(), "TASKLOG_VAR": str(tmp_path), "CELERY_TASKLOG_DRAINER": "never"}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "CELERY_TASKLOG_DRAINER is 'never'; allowed: auto or external or inline" in done.stderr
    assert "Traceback" not in done.stderr
