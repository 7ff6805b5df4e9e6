"""Numbers, names and paths nobody would type: an answer below 500, and soon."""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client

from project.tests.security.addresses import Address, every_address, one_of_each
from tasklog.api import stream
from tasklog.download.files import file_name
from tasklog.models import TaskLogLine, TaskRun

pytestmark = pytest.mark.django_db
OWN = [a for a in every_address() if not a.pattern.startswith("admin/")]
# Of this thread's own work: another test's process may have the core at the moment.
SOON = 2.0


@pytest.fixture
def root(signed_in: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(stream, "PATIENCE", 0)
    monkeypatch.setattr("tasklog.pages.is_ready", lambda: True)
    client = signed_in(User.objects.create_superuser("root"))
    client.raise_request_exception = False
    return client


@pytest.fixture
def run() -> TaskRun:
    run = TaskRun.objects.create(task_id="row", name="orders.import")
    TaskLogLine.objects.create(task=run, message="a line")
    return run


def soon(client: Client, path: str, **more: Any) -> int:
    """The status; fails for one of 500 or more, and where it took long."""
    began = time.thread_time()
    response = client.get(path, **more)
    if response.streaming and not response.is_async:
        list(response)
    took = time.thread_time() - began
    assert response.status_code < 500, path
    assert took < SOON, (path, took)
    return response.status_code


NUMBERS = (
    "-1", "0", "1", "1000000000", "9223372036854775807", "9223372036854775808", "1e309", "NaN",
    "inf", "9" * 400, "1.5", "0x10", "1_000", "٣", "²", " 5", "", "\x00", "1;--", "None", "[]",
)  # fmt: skip
PARAMETERS = (
    "after", "before", "limit", "at", "line", "from", "attempt", "level", "stream", "status",
    "since", "until", "cursor", "q", "find", "dir", "counted", "format", "tab", "state", "task",
    "queue", "worker", "logger", "action", "result", "name",
)  # fmt: skip


# For every parameter by itself: together the first that is refused hides the others.
KINDS = ("-1", "0", "9223372036854775808", "1e309", "NaN", "٣", "", "\x00")


EACH = pytest.mark.parametrize(
    "address", one_of_each(OWN), ids=lambda address: address.pattern or "/"
)


@EACH
def test_no_number_breaks_an_address(address: Address, root: Client, run: TaskRun) -> None:
    """Every number, and every parameter with one of the kinds: over all addresses with each."""
    for value in NUMBERS:
        soon(root, f"{address.path('row')}?{urlencode(dict.fromkeys(PARAMETERS, value))}")
    first = zlib.crc32(address.pattern.encode())
    for number, name in enumerate(PARAMETERS[:10]):
        value = KINDS[(first + number) % len(KINDS)]
        soon(root, f"{address.path('row')}?{urlencode({name: value})}")


@pytest.mark.nightly
@EACH
def test_no_number_of_any_kind_breaks_an_address(
    address: Address, root: Client, run: TaskRun
) -> None:
    for value in KINDS:
        for name in PARAMETERS:
            soon(root, f"{address.path('row')}?{urlencode({name: value})}")


LISTS = ("/admin/tasklog/taskrun/", "/admin/tasklog/tasklogline/", "/admin/tasklog_api/apikey/")
ADMIN_PARAMETERS = ("p", "o", "q", "created_at__year", "created_at__month", "level", "e", "all")


@pytest.mark.parametrize("path", LISTS)
def test_no_number_breaks_a_list_of_the_admin(path: str, root: Client, run: TaskRun) -> None:
    for value in KINDS:
        for name in ADMIN_PARAMETERS:
            soon(root, f"{path}?{urlencode({name: value})}")


ORDERS = ("-password", "user__password", "id;DROP TABLE", "?", "1) UNION SELECT", "__class__")


@pytest.mark.parametrize("text", ORDERS)
def test_no_order_or_lookup_of_the_callers_own_is_taken(
    text: str, root: Client, run: TaskRun
) -> None:
    for path in ("/", "/tasklog/api/tasks/", "/audit/", "/admin/tasklog/taskrun/"):
        for name in ("o", "order_by", "ordering", "sort", "fields", "columns"):
            soon(root, f"{path}?{urlencode({name: text})}")
    for lookup in ("triggered_by__password", "task__lines__message__regex", "name__regex"):
        status = soon(root, f"/admin/tasklog/taskrun/?{lookup}={quote('(a+)+$')}")
        assert status in (302, 400), lookup
        assert soon(root, f"/tasklog/api/tasks/?{lookup}=x") == 200


TRAVERSALS = (
    "../../etc/passwd", "..%2f..%2fetc%2fpasswd", "..%252f..%252fetc%252fpasswd", "....//....//etc",
    "..\\..\\etc\\passwd", "..%5c..%5cetc", "/etc/passwd", "//etc/passwd", "%2fetc%2fpasswd",
    "file:///etc/passwd", "~root/.ssh/id_rsa", ".env", ".git/config", "project/settings.py",
    "../project/settings.py", "%2e%2e/project/settings.py", "%2e%2e%2fproject%2fsettings.py",
    "..%c0%afetc", "..%00/", "a%00.txt", "%uff0e%uff0e/etc", "．．／etc", "con", "nul.txt", "C:\\x",
    "\\\\host\\share", "|id", "$(id)", "`id`", "{{7*7}}", "${7*7}", "%0d%0aX-Evil: 1", "x" * 5000,
)  # fmt: skip
INSIDES = ("root:x:0", "SECRET_KEY =", "[core]", "BEGIN OPENSSH", "uid=0")


@pytest.mark.parametrize("text", TRAVERSALS, ids=lambda text: text[:30])
def test_no_path_leaves_its_place(text: str, root: Client, run: TaskRun) -> None:
    places = ("/static/{}", "/runs/{}/", "/runs/{}/download/", "/tasklog/api/tasks/{}/")
    for place in (*places, "/login/{}/", "/admin/r/1/{}/", "/runs/row/download/?format={}"):
        response = root.get(place.format(text))
        assert response.status_code in (200, 301, 302, 400, 404), place
        told = b"".join(response) if response.streaming else response.content
        assert not [inside for inside in INSIDES if inside in told.decode("utf-8", "replace")]
        assert "X-Evil" not in response.headers
        assert b"49" not in told or b"{{7" not in text.encode(), "a template was evaluated"


NAMES = (
    "orders.import", "", "../../etc/passwd", "a\r\nSet-Cookie: x=1", 'a"; filename="b.html',
    "a\x00b",
    "x" * 300, "\u202egnp.exe", "report.html", "CON", "..", ".", "-rf", "~", "naïve", "日本語",
    "a;b", "a\\b", "a/b", "%2e%2e%2f", "$HOME", "a\tb", "a'b", "ﬁle", "a.txt.exe ",
    "<svg onload=x>",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_the_name_of_a_file_is_of_harmless_characters(name: str, root: Client) -> None:
    for task_id in ("5f3c1a2b", name.replace("/", "-").replace("\0", "")[:255] or "x"):
        run, _ = TaskRun.objects.get_or_create(
            task_id=task_id, defaults={"name": name.replace("\0", "")[:255]}
        )
        for kind in ("txt", "csv", "jsonl"):
            told = file_name(run, kind)
            assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", told), told
            assert told.endswith(f".{kind}")
    TaskRun.objects.filter(pk="5f3c1a2b").update(name=name.replace("\0", "")[:255])
    header = root.get("/runs/5f3c1a2b/download/").headers["Content-Disposition"]
    assert re.fullmatch(r'attachment; filename="[A-Za-z0-9._-]{1,100}"', header), header


# What sends a backtracking engine into minutes, or asks for much memory.
PATTERNS = (
    "(a+)+$", "(a|aa)+$", "(a|a?)+$", "(.*a){20}$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(x+x+)+y",
    "((a{1,100}){1,100}){1,100}", "(?:a?){60}a{60}", "(" * 200 + "a" + ")" * 200, r"(\w+\s?)+$",
    "[", "(?<=a)b", r"(a)\1", "a{1000000}", "(?i)" + "a" * 480,
)  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern[:20])
def test_no_pattern_holds_the_search(pattern: str, root: Client, run: TaskRun) -> None:
    TaskLogLine.objects.create(task=run, message="a" * 65_536 + "!")
    TaskLogLine.objects.create(task=run, message="a" * 31)
    for path in ("/search/?q=", "/runs/row/?find=", "/runs/row/find/?find=", "/?q="):
        soon(root, f"{path}{quote(f'/{pattern}/')}")


@pytest.mark.parametrize("stars", [10, 100, 240])
def test_no_stars_hold_a_list(stars: int, root: Client) -> None:
    TaskRun.objects.create(task_id="long", name="a" * 250, worker="a" * 250, queue="a" * 250)
    value = "a*" * stars + "b"
    for query in (f"task:{value}", f"worker:{value}", f"queue:{value}"):
        soon(root, f"/?q={quote(query)}")
        soon(root, f"/search/?q={quote(query)}+a")
    soon(root, f"/?task={quote(value)}")


BODIES = (
    b"", b"null", b"[]", b"1", b'"x"', b"{", b"[" * 100_000, b"[" * 60_000,
    b'{"task_type": ' + b"[" * 5000,
    b'{"task_type": "quick", "duration": NaN}', b'{"task_type": "quick", "duration": 1e309}',
    b'{"task_type": "quick", "duration": -1}', b'{"task_type": {"$gt": ""}}', b"\xff\xfe",
    b'{"task_type": "__import__(\'os\')"}', b'{"task_type": "celery.chord"}', b'{"__class__": 1}',
)  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:30]))
def test_no_body_starts_what_is_not_on_the_list(body: bytes, root: Client) -> None:
    response = root.post("/demo/api/trigger-demo/", body, "application/json")
    assert response.status_code == (413 if len(body) > 65_536 else 400)
    assert set(response.json()) == {"error", "code", "fields"}
    assert not TaskRun.objects.exists()


def test_options_of_the_callers_own_do_not_reach_the_task(
    root: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: dict[str, Any] = {}
    from demo.catalogue import DEMOS

    def apply_async(args: Any = (), kwargs: Any = None, **named: Any) -> None:
        sent.update(named, args=args, kwargs=kwargs)

    monkeypatch.setattr(DEMOS["quick"].task, "apply_async", apply_async)
    more = {"queue": "evil", "eta": "x", "link": "x", "headers": {}, "serializer": "pickle"}
    body = {"task_type": "quick", **more}
    assert root.post("/demo/api/trigger-demo/", body, "application/json").status_code == 400
    assert not sent, "nothing is started"
    alone = {"task_type": "quick"}
    assert root.post("/demo/api/trigger-demo/", alone, "application/json").status_code == 200
    assert set(sent) - {"args", "kwargs"} == {"task_id", "producer", "retry"}
    assert not set(sent["kwargs"] or {}) & set(more)


def test_a_thousand_equal_headers_and_parameters_are_taken_calmly(root: Client) -> None:
    soon(root, "/?" + "&".join(["q=x"] * 900))
    soon(root, "/tasklog/api/tasks/?" + "&".join(["status=SUCCESS"] * 900))
    soon(root, "/", headers={"X-Forwarded-For": ", ".join(["1.1.1.1"] * 1000)})
    soon(root, "/", headers={"Cookie": "; ".join(f"c{n}=1" for n in range(1000))})
    soon(root, "/", headers={"X-Request-ID": "a\r\nX-Evil: 1" + "b" * 5000})
