"""No text a task, a worker or a reader wrote becomes an element, an attribute or a handler.

Every field holds every payload; each view must have the very elements and attributes that it has
with harmless texts of the same length.  Only colours and links of lines may come on top, and they
have exactly the form that `dashboard.ansi` and `dashboard.lines` give them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.test import Client

from dashboard.lines import render
from dashboard.views import stream as pages_stream
from project.tests.security.payloads import PAYLOADS, harmless
from tasklog.alerts.finding import Quoted
from tasklog.alerts.models import Incident, Rule
from tasklog.api import stream as api_stream
from tasklog.api.models import ApiKey
from tasklog.audit.models import AuditEntry
from tasklog.line import Line
from tasklog.live import sse
from tasklog.models import Drainer, TaskAttempt, TaskLogLine, TaskRun, TaskWorker
from tasklog.notify.message import Message, Quote
from tasklog.notify.models import Channel, Delivery, InboxMessage

pytestmark = pytest.mark.django_db
STATES = ("STARTED", "FAILURE", "SUCCESS", "RETRY")
Shape = list[tuple[str, tuple[str, ...]]]
# Where an address is followed or a script is taken from.
FOLLOWED = ("href", "src", "action", "formaction", "hx-get", "hx-post", "xlink:href", "srcdoc")


class Page(HTMLParser):
    """The elements of a page with the names of their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.shape: Shape = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        for name in FOLLOWED:
            address = re.sub(r"[\x00-\x20]", "", given.get(name, "")).lower()
            ours = address.startswith("data:image/svg+xml,") and tag == "link"
            assert ours or not address.startswith(("javascript:", "vbscript:", "data:")), given
        if not self._of_a_line(tag, given):
            self.shape.append((tag, tuple(sorted(given))))

    def _of_a_line(self, tag: str, given: dict[str, str]) -> bool:
        """A colour, or a link to the web."""
        if tag == "span" and set(given) == {"class"}:
            return re.fullmatch("[a-z0-9 ]+", given["class"]) is not None
        rel = given.get("rel") == "noopener noreferrer nofollow"
        return tag == "a" and set(given) == {"href", "rel", "target"} and rel

    def handle_comment(self, data: str) -> None:
        self.shape.append(("!--", ()))

    def handle_decl(self, decl: str) -> None:
        self.shape.append((f"!{decl.lower()}", ()))

    def unknown_decl(self, data: str) -> None:
        self.shape.append(("![", ()))

    def handle_pi(self, data: str) -> None:
        self.shape.append(("?", ()))


def fill(texts: list[str]) -> None:
    """A run, its lines, its worker and so on for each text, with the text in every field."""
    for number, text in enumerate(texts):
        _fill(f"run{number:03}", number, text.replace("\0", ""))


def _fill(task_id: str, number: int, text: str) -> None:
    name = text[:255]
    state = STATES[number % len(STATES)]
    run = TaskRun.objects.create(
        task_id=task_id, name=name, state=state, queue=name, worker=name, reason=text,
        args=text, kwargs=json.dumps({text: text}), result=text, exception=text, traceback=text,
        progress=40, progress_message=name, triggered_by=text[:150], request_id=text[:200],
        schedule=text[:200], parent_id=name, root_id=name, group_id=name, rerun_of=name,
    )  # fmt: skip
    attempt = TaskAttempt.objects.create(
        task=run, worker=name, outcome="FAILURE", reason=text, exception=text
    )
    for level, source in ((0, "stdout"), (40, "log"), (30, "stderr"), (0, "system")):
        TaskLogLine.objects.create(
            task=run, attempt=attempt, message=text * 3, logger=name, level=level, stream=source
        )
    TaskWorker.objects.create(name=f"{number}{name}"[:255], host=name, pool=text[:32])
    Drainer.objects.create(host=f"{number}{name}"[:255], error=text)
    ApiKey.objects.create(name=f"{number}{text}"[:100], prefix=f"{number:08}", digest="x")
    AuditEntry.objects.create(user=text[:150], address=text[:45], action="login", target=text[:300])
    _alarm(task_id, number, text)


def _alarm(run_id: str, number: int, text: str) -> None:
    """A rule, its incident, the channel that told of it, and the letter in everybody's inbox."""
    name = f"{number}{text}"[:100]
    channel = Channel.objects.create(name=name, kind="inbox", last_error=text)
    rule = Rule.objects.create(
        name=name, condition="pattern", tasks=text[:500], queues=text[:500], problem=text,
        limits={"pattern": text}, created_by=text[:150],
    )  # fmt: skip
    rule.channels.add(channel)
    quote = Quoted(run_id, 1, "2026-01-31T12:00:00+00:00", text, 40)
    incident = Incident.objects.create(
        rule=rule, about=text[:255], title=text[:300], text=text, run_id=run_id,
        quotes=[quote.as_json()], acknowledged_by=text[:150],
    )  # fmt: skip
    Delivery.objects.create(
        channel=channel, key=name, thread=f"incident:{incident.pk}", title=text[:300], message={},
        state="failed", error=text, reference=text[:200],
    )  # fmt: skip
    message = Message(
        key=name, title=text, text=text, url="/alerts/", facts=((text, text),),
        quotes=(Quote(1, "", text, 40, "/runs/"),),
    )  # fmt: skip
    for user in User.objects.all():
        InboxMessage.objects.create(user=user, key=name, message=message.as_json())


OURS = (
    InboxMessage, Delivery, Incident, Rule, Channel,
    TaskLogLine, TaskAttempt, TaskRun, TaskWorker, Drainer, ApiKey, AuditEntry,
)  # fmt: skip


def empty() -> None:
    for model in OURS:
        model._default_manager.all().delete()


@pytest.fixture
def root(signed_in: Callable[[User], Client]) -> Client:
    return signed_in(User.objects.create_superuser("root"))


LISTS = (
    "/", "/?state=failed", "/demo/", "/diagnostics/", "/audit/", "/search/?q=trap",
    "/alerts/", "/alerts/channels/", "/inbox/", "/alerts/rules/new/?condition=failed",
    "/admin/tasklog/taskrun/", "/admin/tasklog/tasklogline/", "/admin/tasklog/taskattempt/",
    "/admin/tasklog/taskworker/", "/admin/tasklog/drainer/", "/admin/tasklog_api/apikey/",
)  # fmt: skip


def test_lists_of_hostile_texts_are_built_like_those_of_harmless_ones(
    root: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasklog import memo

    # Which of them are on offer depends on the texts.
    monkeypatch.setattr("dashboard.views.runs._offers", lambda user: {})
    shapes: list[dict[str, Shape]] = []
    for texts in (list(PAYLOADS), [harmless(text) for text in PAYLOADS]):
        memo.clear()
        empty()  # signing in is in the trail, too
        fill(texts)
        shapes.append({path: Page(root.get(path).content.decode()).shape for path in LISTS})
    for path, hostile in shapes[0].items():
        plain = shapes[1][path]
        assert len(hostile) > 50
        # What a reader sees is searched: hidden sequences are not.
        same = set(hostile) == set(plain) if path.startswith("/search/") else hostile == plain
        assert same, path


RUNS = (
    "/runs/{id}/", "/runs/{id}/?tab=details", "/runs/{id}/?tab=attempts", "/runs/{id}/lines/",
    "/runs/{id}/status/", "/runs/{id}/?level=error", "/admin/tasklog/taskrun/{id}/change/",
    "/tasklog/task/{id}/", "/demo/task/{id}/",
)  # fmt: skip


# A few at a time: filling the rows costs what ten pages do, and all would be a test of minutes.
@pytest.mark.parametrize("several", [RUNS[:3], RUNS[3:6], RUNS[6:]], ids=" ".join)
def test_the_pages_of_a_hostile_run_are_built_like_those_of_a_harmless_one(
    several: tuple[str, ...], root: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # `/tasklog/…` is the plain page of a project without the dashboard.
    monkeypatch.setattr("tasklog.pages._dashboard", lambda *words: "")
    paths = [path.format(id=f"run{n:03}") for path in several for n in range(len(PAYLOADS))]
    _same_for_both(root, lambda: paths)


def _same_for_both(root: Client, paths: Callable[[], list[str]]) -> None:
    """Pages of as many rows as there are payloads, once with those and once with harmless texts."""
    shapes: list[list[Shape]] = []
    for texts in (list(PAYLOADS), [harmless(text) for text in PAYLOADS]):
        fill(texts)
        shapes.append([Page(root.get(path).content.decode()).shape for path in paths()])
        asked = paths()
        empty()
    for path, hostile, plain in zip(asked, *shapes, strict=True):
        # Channels stand by their names, so the ticked one may stand elsewhere.
        assert sorted(hostile) == sorted(plain), path
        assert hostile


ALARMS = {
    "/alerts/{}/": Incident,
    "/alerts/rules/{}/": Rule,
    "/alerts/rules/{}/edit/": Rule,
    "/alerts/channels/{}/": Channel,
    "/alerts/channels/{}/edit/": Channel,
}


@pytest.mark.parametrize("several", [[*ALARMS][:3], [*ALARMS][3:]], ids=" ".join)
def test_the_pages_of_a_hostile_alarm_are_built_like_those_of_a_harmless_one(
    several: list[str], root: Client
) -> None:
    def paths() -> list[str]:
        rows = {path: ALARMS[path].objects.order_by("pk") for path in several}
        return [path.format(row.pk) for path, found in rows.items() for row in found]

    _same_for_both(root, paths)


ASKED = (
    "/?q={}", "/?task={}", "/?state={}", "/?since={}", "/search/?q={}", "/search/?q=level:{}",
    "/search/?q=/{}/", "/audit/?q={}", "/audit/?action={}", "/runs/run000/?q={}",
    "/runs/run000/?find={}", "/runs/run000/?logger={}", "/runs/run000/?tab={}", "/runs/{}/",
    "/{}/", "/alerts/{}/", "/alerts/?before={}", "/alerts/rules/new/?condition={}",
    "/alerts/rules/new/?condition=pattern&pattern={}", "/inbox/?before={}",
    "/runs/run000/download/?format={}", "/login/?next={}", "/admin/tasklog/taskrun/?q={}",
    "/admin/tasklog/tasklogline/?q={}", "/admin/login/?next={}",
)  # fmt: skip


@pytest.mark.parametrize("path", ASKED)
def test_what_a_reader_asks_for_is_drawn_as_text(path: str, root: Client) -> None:
    """Elements may differ (more is found, or an error is said), but none is the payload's."""
    fill(["plain"])
    client = Client() if "login" in path else root
    known = {shape for text in ("plain", "a:b", "(") for shape in _shape(client, path, text)}
    for text in PAYLOADS:
        strange = set(_shape(client, path, text)) - known - NOTICES
        assert not strange, text


NOTICES: set[tuple[str, tuple[str, ...]]] = {
    ("a", ("class", "href")), ("p", ("class", "role")), ("mark", ()), ("p", ("class",)),
    ("code", ()), ("ul", ("class",)), ("li", ()), ("option", ("selected",)), ("h2", ()), ("p", ()),
    ("a", ("href",)), ("b", ()), ("br", ()), ("div", ("class",)), ("pre", ("class",)),
}  # fmt: skip


def _shape(client: Client, path: str, text: str) -> Shape:
    response = client.get(path.format(quote(text.replace("\0", ""), safe="")))
    assert response.status_code < 500
    if "html" not in response.headers.get("Content-Type", ""):
        return []
    return Page(response.content.decode()).shape


@pytest.mark.parametrize(
    "several", [("/", "/demo/", "/audit/"), ("/admin/", "/admin/auth/user/")], ids=" ".join
)
def test_the_name_of_who_is_signed_in_is_text(
    several: tuple[str, ...], signed_in: Callable[[User], Client]
) -> None:
    def drawn(name: str) -> list[Shape]:
        AuditEntry.objects.all().delete()
        User.objects.all().delete()
        client = signed_in(User.objects.create_superuser(name, first_name=name[:150]))
        return [Page(client.get(path).content.decode()).shape for path in several]

    plain = drawn("plain")
    for text in PAYLOADS:
        assert drawn(text[:150]) == plain, text


def lines(text: str) -> list[Line]:
    run = TaskRun.objects.create(task_id=f"r{TaskRun.objects.count()}", name=text[:255])
    TaskLogLine.objects.create(task=run, message=text, logger=text[:255], level=40)
    from tasklog.archive.reader import read_lines

    return read_lines(run.pk)


def events(frames: bytes) -> Iterator[dict[str, str]]:
    """Server-sent events, parsed as the WHATWG says: CR, LF and CRLF all end a line."""
    event: dict[str, str] = {}
    for line in re.split(r"\r\n|\r|\n", frames.decode()):
        name, _, value = line.partition(":")
        if not line:
            if event:
                yield event
            event = {}
        elif name == "data":
            event["data"] = event["data"] + "\n" + value[1:] if "data" in event else value[1:]
        else:
            event[name] = value.removeprefix(" ")


@pytest.mark.parametrize("text", PAYLOADS, ids=lambda text: repr(text[:30]))
def test_a_line_is_one_event_whose_elements_are_those_of_a_line(text: str) -> None:
    drawn = [render(lines(given)) for given in (text, harmless(text))]
    (event,) = events(sse.frame("lines", drawn[0], 7))
    assert (event["event"], event["id"]) == ("lines", "7")
    assert Page(event["data"]).shape == Page(drawn[1]).shape
    (tail,) = events(sse.frame("tail", pages_stream._tail({"text": text})))
    assert Page(tail["data"]).shape == []
    (program,) = events(api_stream._lines("r", lines(text)))
    assert json.loads(program["data"])["message"] == text
    assert set(program) == {"data", "id"}


@pytest.mark.parametrize("kind", ["txt", "jsonl", "csv"])
def test_a_file_is_no_page(kind: str, root: Client) -> None:
    fill(list(PAYLOADS))
    response = root.get(f"/runs/run000/download/?format={kind}")
    assert response.headers["Content-Type"].split(";")[0] in (
        "text/plain", "application/x-ndjson", "text/csv",
    )  # fmt: skip


FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "＋1", "－1", "＠x", "\n=1")
CALM = ("1=1", "a,=1", 'a"=1', "plain", " =1", "'=1")


@pytest.mark.parametrize("text", FORMULAS + CALM, ids=repr)
def test_a_cell_is_no_formula_and_other_formats_are_unchanged(text: str, root: Client) -> None:
    import csv
    import io

    run = TaskRun.objects.create(task_id="r", name="x")
    TaskLogLine.objects.create(task=run, message=text, logger=text)
    sheet = b"".join(root.get("/runs/r/download/?format=csv")).decode()
    row = list(csv.reader(io.StringIO(sheet, newline="")))[1]
    wanted = f"'{text}" if text in FORMULAS else text
    assert row[-2:] == [wanted, wanted]
    told = json.loads(b"".join(root.get("/runs/r/download/?format=jsonl")))
    assert told["message"] == text


def _strange(text: str) -> bool:
    try:
        return Page(f"<p>{text}</p>").shape != [("p", ())]
    except AssertionError:
        return True


def test_most_payloads_are_seen_where_nothing_escapes_them() -> None:
    """The tests above can fail."""
    assert sum(map(_strange, PAYLOADS)) >= 25


def test_known_attacks_are_refused_by_the_parser_itself() -> None:
    for html in ('<a href=" java\nscript:x">', '<img src="data:text/html,x">'):
        with pytest.raises(AssertionError):
            Page(html)
