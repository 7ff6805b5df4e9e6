"""What is fetched: nothing twice, nothing lost, whatever happens between."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from tasklog.models import TaskLogLine, TaskRun
from tasklog.notify.transport import TransportError
from tasklog.sources import connections, poll
from tasklog.sources.kinds import aws, cloudwatch, folder
from tasklog.sources.models import Connection, SeenEvent
from tasklog.sources.tasks import poll_all_connections, process_live_logs

Make = Callable[..., Connection]
pytestmark = pytest.mark.django_db


def texts() -> list[str]:
    """The lines of sources, in the order they came."""
    ours = TaskRun.objects.exclude(source="").values("pk")
    lines = TaskLogLine.objects.filter(task_id__in=ours).order_by("id")
    return list(lines.values_list("message", flat=True))


@pytest.fixture
def make() -> Make:
    def make(kind: str, **settings: Any) -> Connection:
        made = Connection(kind=kind, name=kind, created_by="ada")
        made.settings = settings
        made.save()
        return made

    return make


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A CloudWatch of the test's own, with one log group."""
    import boto3
    from moto import mock_aws

    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.setenv(f"AWS_{name}", "testing")
    with mock_aws():
        client = boto3.client("logs", region_name="eu-central-1")
        client.create_log_group(logGroupName="/orders")
        client.create_log_stream(logGroupName="/orders", logStreamName="a")
        yield client


def put(logs: Any, *lines: str, at: datetime | None = None) -> None:
    at = at or timezone.now()
    events = [
        {"timestamp": int(at.timestamp() * 1000) + n, "message": line}
        for n, line in enumerate(lines)
    ]
    logs.put_log_events(logGroupName="/orders", logStreamName="a", logEvents=events)


@pytest.fixture
def watched(make: Make) -> Connection:
    return make("cloudwatch", region="eu-central-1", group="/orders", look_back=5)


def test_cloudwatch_lines_become_those_of_the_days_run(logs: Any, watched: Connection) -> None:
    at = timezone.now() - timedelta(minutes=1)
    put(logs, "[ERROR] no order 42", '{"level": "info", "logger": "o", "msg": "in"}', at=at)
    assert "2 new lines" in poll.poll(watched.pk)
    run = TaskRun.objects.get()
    assert (run.name, run.source) == ("source:cloudwatch", "connection cloudwatch")
    assert (run.state, run.line_count, run.error_count) == ("STARTED", 2, 1)
    line = TaskLogLine.objects.get(message="in")
    assert (line.level, line.logger) == (20, "o")
    assert abs(line.timestamp - at) < timedelta(seconds=1)
    watched.refresh_from_db()
    assert (watched.lines, watched.failures) == (2, 0)
    assert watched.run_id == run.pk


def test_late_events_and_clocks_that_are_wrong_lose_nothing(logs: Any, watched: Connection) -> None:
    now = timezone.now()
    put(logs, "first")
    put(logs, "from the future", at=now + timedelta(minutes=30))
    poll.poll(watched.pk)
    put(logs, "late", at=now - timedelta(minutes=3))
    put(logs, "after")
    for _ in range(3):
        poll.poll(watched.pk)
    assert sorted(texts()) == ["after", "first", "from the future", "late"]


def test_a_poll_killed_between_pages_goes_on_without_loss_or_double(
    logs: Any, watched: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloudwatch, "PAGE", 3)
    put(logs, *(f"line {n}" for n in range(20)))
    enter, calls = poll._enter, []

    def dying(*words: Any) -> Any:
        calls.append(1)
        if len(calls) % 2 == 0:
            raise MemoryError  # before the commit: rows, ids and cursor go together
        return enter(*words)

    monkeypatch.setattr(poll, "_enter", dying)
    for _ in range(30):
        Connection.objects.update(claimed_until=None)
        try:
            poll.poll(watched.pk)
        except MemoryError:
            continue
    assert sorted(texts()) == sorted(f"line {n}" for n in range(20))


def test_a_page_token_that_is_gone_begins_the_window_anew(logs: Any, watched: Connection) -> None:
    put(logs, *(f"line {n}" for n in range(4)))
    poll.poll(watched.pk)
    watched.refresh_from_db()
    since = watched.cursor["since"]
    gone = {"since": since, "start": since - 300_000, "token": "gone", "newest": since}
    Connection.objects.update(cursor=gone)
    put(logs, "after")
    for _ in range(2):  # AWS answers a token it does not know with an empty page
        poll.poll(watched.pk)
    assert sorted(texts()) == ["after", *(f"line {n}" for n in range(4))]


def test_a_page_token_that_is_refused_is_let_go(
    watched: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ClientError

    class Refusing:
        def filter_log_events(self, **asked: Any) -> dict[str, Any]:
            if asked.get("nextToken"):
                raise ClientError({"Error": {"Code": "InvalidParameterException"}}, "Filter")
            return {"events": [{"eventId": "1", "timestamp": 1, "message": "again"}]}

    monkeypatch.setattr(aws, "client", lambda service, settings: Refusing())
    Connection.objects.update(cursor={"since": 1, "start": 1, "token": "gone", "newest": 1})
    poll.poll(watched.pk)
    assert texts() == ["again"]


def test_an_outage_of_an_hour_is_read_afterwards(logs: Any, watched: Connection) -> None:
    poll.poll(watched.pk)
    hour = timezone.now() - timedelta(hours=1)
    Connection.objects.update(cursor={"since": int(hour.timestamp() * 1000)})
    for minutes in range(0, 60, 10):
        put(logs, f"after {minutes}", at=hour + timedelta(minutes=minutes))
    poll.poll(watched.pk)
    assert len(texts()) == 6


def test_trouble_is_told_and_waited_for_longer_each_time(logs: Any, make: Make) -> None:
    wrong = make("cloudwatch", region="eu-central-1", group="/none")
    for failures in range(1, 4):
        told = poll.poll(wrong.pk)
        assert "no such log group" in told
        wrong.refresh_from_db()
        assert wrong.failures == failures
        assert wrong.next_at > timezone.now()
    waits = [poll.back_off(n, 30) for n in range(40)]
    assert all(5 <= wait <= 300 for wait in waits)
    assert waits[0] < 31 < max(waits)
    assert poll.back_off(0, 30, asked=120) == 120
    assert len({poll.back_off(9, 30) for _ in range(9)}) > 1
    connections.resume(wrong)
    wrong.refresh_from_db()
    assert (wrong.failures, wrong.last_error) == (0, "")


@dataclass
class Other:
    """A program that answers JSON: pages of events by a cursor."""

    url: str = ""
    pages: dict[str, tuple[int, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def other(settings: Any) -> Iterator[Other]:
    known = Other()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known.asked.append(self.path)
            known.headers.append(dict(self.headers))
            status, body = known.pages.get(self.path, (404, {}))
            self.send_response(status)
            if status == 429:
                self.send_header("Retry-After", "200")
            self.end_headers()
            self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

        def log_message(self, *words: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    known.url = f"http://127.0.0.1:{server.server_port}/logs?v=1"
    settings.CELERY_TASKLOG_OUTBOUND_HOSTS = ["127.0.0.1"]
    yield known
    server.shutdown()
    server.server_close()


@pytest.fixture
def followed(make: Make, other: Other) -> Connection:
    return make(
        "http", address=other.url, header="Authorization", header_value="Bearer s3cret",
        items="data.items", cursor="data.next", parameter="after", event_id="id", time="when",
    )  # fmt: skip


def answer(*ids: int, following: str | None) -> tuple[int, Any]:
    items = [{"id": n, "when": 1_795_244_709 + n, "level": "warn", "msg": f"e{n}"} for n in ids]
    return 200, {"data": {"items": items, "next": following}}


def test_http_pages_are_followed_by_their_cursor(other: Other, followed: Connection) -> None:
    other.pages = {
        "/logs?v=1": answer(1, 2, following="b"),
        "/logs?v=1&after=b": answer(3, following="c"),
        "/logs?v=1&after=c": answer(following="c"),
    }
    poll.poll(followed.pk)
    assert [text.split()[0] for text in texts()] == ["e1", "e2", "e3"]
    assert TaskLogLine.objects.all()[0].timestamp == datetime.fromtimestamp(1_795_244_710, UTC)
    assert other.headers[0]["Authorization"] == "Bearer s3cret"
    other.pages["/logs?v=1&after=c"] = answer(3, 4, following="c")
    poll.poll(followed.pk)
    poll.poll(followed.pk)
    assert [text.split()[0] for text in texts()] == ["e1", "e2", "e3", "e4"]


def test_a_cursor_that_is_not_known_any_more_begins_anew_without_doubles(
    other: Other, followed: Connection
) -> None:
    Connection.objects.update(cursor={"cursor": "old"})
    other.pages = {"/logs?v=1&after=old": (410, {}), "/logs?v=1": answer(1, 2, following=None)}
    poll.poll(followed.pk)
    poll.poll(followed.pk)
    assert len(texts()) == 2


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ((429, {}), "It answered 429."),
        ((503, {}), "It answered 503."),
        ((302, {}), "a redirect"),
        ((200, b"<html>"), "no JSON"),
        ((200, b"[" * 100_000), "no JSON"),
        ((200, {"data": {"items": "no"}}), "no list at “data.items”"),
    ],
)
def test_an_answer_that_is_none_is_told(
    page: tuple[int, Any], told: str, other: Other, followed: Connection
) -> None:
    other.pages = {"/logs?v=1": page}
    assert told in poll.poll(followed.pk)
    followed.refresh_from_db()
    assert told in followed.last_error
    assert "s3cret" not in followed.last_error + followed.sealed
    if page[0] == 429:
        assert followed.next_at > timezone.now() + timedelta(seconds=190)


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1/x", "https://169.254.169.254/latest", "https://[::1]/", "http://x.org"],
)
def test_a_private_address_is_not_fetched_from(url: str, make: Make) -> None:
    told = poll.poll(make("http", address=url).pk)
    assert "private network" in told or "https://" in told


@pytest.fixture
def followed_folder(make: Make, settings: Any, tmp_path: Path) -> tuple[Connection, Path]:
    root = tmp_path / "logs"
    root.mkdir()
    settings.CELERY_TASKLOG_SOURCE_DIRS = [str(root)]
    return make("folder", folder=str(root), pattern="*.log", from_start=True), root


def test_files_are_followed_through_rotation_and_cutting(
    followed_folder: tuple[Connection, Path],
) -> None:
    connection, root = followed_folder
    log = root / "app.log"
    log.write_text("one\ntwo\nhal")
    poll.poll(connection.pk)
    assert texts() == ["one", "two"]
    with log.open("a") as file:
        file.write("f\n")
    log.rename(root / "app.log.1")
    log.write_text("new\n")
    poll.poll(connection.pk)
    poll.poll(connection.pk)
    assert sorted(texts()) == ["half", "new", "one", "two"]
    log.write_text("cut\n")
    poll.poll(connection.pk)
    assert sorted(texts()) == ["cut", "half", "new", "one", "two"]


def test_nothing_outside_the_allowed_folders_is_read(
    followed_folder: tuple[Connection, Path], tmp_path: Path, make: Make
) -> None:
    connection, root = followed_folder
    secret = tmp_path / "secret.log"
    secret.write_text("secret\n")
    (root / "link.log").symlink_to(secret)
    (root / "way").symlink_to(tmp_path)
    poll.poll(connection.pk)
    for path in (str(tmp_path), f"{root}/..", f"{root}/way", "/etc", "", "\0"):
        with pytest.raises(TransportError, match=r"not allowed|no folder"):
            folder.allowed(path)
    assert texts() == []


def test_due_connections_are_given_out_once_and_paused_ones_not(
    followed_folder: tuple[Connection, Path], make: Make
) -> None:
    _, root = followed_folder
    (root / "a.log").write_text("one\n")
    paused = make("http", address="https://example.org")
    connections.pause(paused)
    assert poll_all_connections() == 1
    assert poll_all_connections() == 0
    assert texts() == ["one"]
    paused.refresh_from_db()
    assert paused.polled_at is None


def test_two_polls_at_once_store_a_page_once(followed_folder: tuple[Connection, Path]) -> None:
    connection, root = followed_folder
    (root / "a.log").write_text("one\n")
    first, second = (Connection.objects.get(pk=connection.pk) for _ in range(2))
    batch = folder.fetch(connection.settings, {}, timezone.now())
    assert poll.store(first, batch) == 1
    with pytest.raises(poll.Overtaken):
        poll.store(second, batch)
    Connection.objects.update(claimed_until=timezone.now() + timedelta(minutes=1))
    assert "polled by another worker" in poll.poll(connection.pk)


def test_each_day_has_its_run_and_yesterdays_ends(
    followed_folder: tuple[Connection, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, root = followed_folder
    (root / "a.log").write_text("one\n")
    poll.poll(connection.pk)
    tomorrow = timezone.now() + timedelta(days=1)
    monkeypatch.setattr("django.utils.timezone.now", lambda: tomorrow)
    (root / "b.log").write_text("two\n")
    poll.poll(connection.pk)
    runs = TaskRun.objects.order_by("created_at")
    assert sorted(run.state for run in runs) == ["STARTED", "SUCCESS"]
    connection.refresh_from_db()
    connections.pause(connection)
    assert {run.state for run in runs.all()} == {"SUCCESS"}
    connections.resume(connection)
    (root / "c.log").write_text("three\n")
    poll.poll(connection.pk)
    assert sorted(run.state for run in runs.all()) == ["STARTED", "SUCCESS"]
    connections.delete(connection)
    assert {run.state for run in TaskRun.objects.all()} == {"SUCCESS"}
    assert texts() == ["one", "two", "three"]


def test_events_that_are_pushed_are_known_by_their_id(make: Make) -> None:
    connection = make("http", address="https://example.org")
    events = [{"id": "1", "message": "a", "time": "2026-11-21T07:05:09Z"}, {"message": "b"}]
    assert process_live_logs(connection.pk, events) == 2
    assert process_live_logs(connection.pk, events[:1]) == 0
    assert sorted(texts()) == ["a", "b"]
    assert SeenEvent.objects.count() == 1
