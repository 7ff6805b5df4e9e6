import pytest
from django.db import connection, transaction

from tasklog import memo, tags
from tasklog.archive.archiving import archive_run
from tasklog.models import TaskLogLine, TaskRun
from tasklog.search import hunt, rows, runs
from tasklog.search.bounded import TooSlow, bounded
from tasklog.search.find import find
from tasklog.search.query import parse

ANYBODY = None


def search(text, cursor="", **options):
    return find(parse(text), ANYBODY, cursor, **options)


def hits(found):
    """Which lines matched: `{run: [numbers, newest first]}`."""
    return {
        group.run.task_id: sorted(
            (line.number for part in group.passages for line, hit in part.lines if hit),
            reverse=True,
        )
        for group in found.groups
    }


def all_hits(text, **options):
    """Every page, from the first to the last."""
    seen, cursor, pages = [], "", 0
    while pages == 0 or cursor:
        found = search(text, cursor, **options)
        seen += [(run, number) for run, numbers in hits(found).items() for number in numbers]
        cursor, pages = found.cursor, pages + 1
        assert pages < 200
    return seen


def test_all_words_must_be_in_the_line_in_any_case(say):
    say("a", "Disk FULL on /dev/sda", "disk is fine", "full moon")
    assert hits(search("disk full")) == {"a": [1]}


EVERY_SIGN = (
    "100% done", "1000 done", "a_b", "axb", r"C:\tmp", "GRÖSSE", "größe", "grosse", "l’été",
    "日本語", "x␀y",
)  # fmt: skip


@pytest.mark.parametrize("archived", [False, True])
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("100%", ["100% done"]),
        ("a_b", ["a_b"]),
        (r'"c:\tmp"', [r"C:\tmp"]),
        ("grösse", ["GRÖSSE"]),
        ("GRÖße", ["größe"]),
        ("ÉTÉ", ["l’été"]),
        ("日本", ["日本語"]),
        ("\0", ["x␀y"]),
        ("-ö -É -done -_ -b -\\", ["x␀y", "日本語", "grosse"]),
    ],
)
def test_signs_and_letters_of_all_kinds_are_only_text(say, query, said, archived):
    say("a", *EVERY_SIGN)
    if archived:
        archive_run("a")
    assert [EVERY_SIGN[number - 1] for number in hits(search(query))["a"]] == said


@pytest.mark.parametrize("archived", [False, True])
@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("level:error", [4, 3]),
        ("level:=warning", [2]),
        ("-level:warning", [6, 5, 1]),
        ("stream:stderr", [5]),
        ("logger:app.db", [3, 2]),
        ("logger:app.*", [4, 3, 2]),
        ("logger:=app", [1]),
        ("/^line [0-9]$/", [6, 5, 4, 3, 2, 1]),
        ("/LINE [12]/i", [2, 1]),
        ("-/[1-4]/", [6, 5]),
        (r"/\Aline 2\z/", [2]),
        ("line -2 -/3/", [6, 5, 4, 1]),
        ("after:2026-11-20T12:00 before:2026-11-20T12:01", [6, 5, 4, 3, 2, 1]),
        ("before:2026-11-20T12:00", []),
    ],
)  # fmt: skip
def test_a_line_is_found_by_what_it_is(say, query, numbers, archived):
    say(
        "a",
        {"message": "line 1", "level": 20, "stream": "log", "logger": "app"},
        {"message": "line 2", "level": 30, "stream": "log", "logger": "app.db"},
        {"message": "line 3", "level": 40, "stream": "log", "logger": "app.db.pool"},
        {"message": "line 4", "level": 50, "stream": "log", "logger": "app.web"},
        {"message": "line 5", "stream": "stderr"},
        {"message": "line 6"},
    )
    if archived:
        archive_run("a")
    assert hits(search(query)).get("a", []) == numbers


@pytest.mark.parametrize("archived", [False, True])
@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("task:import", ["c", "a"]),
        ("task:orders.*", ["a"]),
        ("-task:import", ["b"]),
        ("task:=stock.import", ["c"]),
        ("state:failed", ["c", "b"]),
        ("state:FAILURE", ["b"]),
        ("queue:high", ["b"]),
        ("worker:w1", ["c", "a"]),
        ("run:b", ["b"]),
        ("-run:b", ["c", "a"]),
        ("after:2026-11-20T12:05", ["c", "b"]),
        ("before:2026-11-20T12:05", ["a"]),
        ("task:nothing", []),
        ("tag:nightly", ["c", "a"]),
        ("-tag:NIGHTLY", ["b"]),
        ("tag:nothing", []),
    ],
)
def test_a_line_is_found_by_its_run(say, query, ids, archived):
    memo.forget("tags")
    tags.write("orders.import", ["nightly"])
    tags.write("stock.import", ["nightly"])
    say("a", "hello", name="orders.import", worker="w1")
    say("b", "hello", name="mail.send", state="FAILURE", queue="high", minutes=5)
    say("c", "hello", name="stock.import", state="TIMEOUT", worker="w1", minutes=9)
    if archived:
        for run in "abc":
            archive_run(run)
    assert list(hits(search(f"hello {query}"))) == ids


def test_two_lines_stand_around_a_match_and_neighbours_flow_together(say):
    say("a", *(f"line {n}" for n in range(1, 21)), "end")
    (group,) = search("/line (8|11|18)$/").groups
    shown = [[(line.number, hit) for line, hit in part.lines] for part in group.passages]
    assert [numbers[0][0] for numbers in shown] == [16, 6]
    assert [n for n, hit in shown[1] if hit] == [8, 11]
    assert [n for n, _ in shown[1]] == list(range(6, 14))


def test_a_chatty_run_leaves_room_for_others(say):
    say("quiet", "word")
    say("chatty", *["word"] * 30, minutes=1)
    found = search("word")
    assert hits(found) == {"chatty": list(range(30, 20, -1)), "quiet": [1]}
    assert [group.more for group in found.groups] == [True, False]


@pytest.mark.parametrize("query", ["word", "word task:orders", "/w.rd/", "word -nothing"])
@pytest.mark.parametrize("archived", [False, True])
def test_pages_follow_each_other_without_a_gap_or_a_double(say, monkeypatch, query, archived):
    monkeypatch.setattr(hunt, "PAGE_LINES", 5)
    for n in range(9):
        say(f"r{n}", *["word", "other", "word", "word"], minutes=n)
        if archived and n < 5:
            archive_run(f"r{n}")
    expected = [(f"r{n}", number) for n in range(8, -1, -1) for number in (4, 3, 1)]
    assert all_hits(query) == expected


@pytest.mark.parametrize("query", ["word", "word state:succeeded"])
def test_a_search_out_of_time_says_so_and_goes_on_to_the_end(say, monkeypatch, query):
    monkeypatch.setattr(rows, "FIRST", 3)
    monkeypatch.setattr(rows, "LARGEST", 3)
    monkeypatch.setattr(runs, "TOGETHER", 3)
    monkeypatch.setattr(runs, "LISTED", 2)
    for n in range(6):
        say(f"r{n}", "other", "word" if n == 0 else "other", minutes=n)
    first = search(query, seconds=0)
    assert first.cursor
    assert first.count == 0
    assert 0 < first.looked_at < 12
    assert all_hits(query, seconds=0) == [("r0", 2)]


def test_the_end_is_known_and_every_line_counted(say):
    say("a", "one", "two", "three")
    found = search("nowhere")
    assert (found.cursor, found.looked_at, found.count) == ("", 3, 0)


@pytest.mark.parametrize(
    "cursor", ["", "l", "l99999999999999999999", "r1.2", "c1.x", "zzz", "r9.9.9"]
)
def test_a_mangled_cursor_begins_anew_or_finds_nothing_new(say, cursor):
    say("a", "word")
    assert hits(search("word", cursor)) in ({"a": [1]}, {})


@pytest.mark.parametrize("query", ["secret", "secret level:info"])
def test_lines_of_runs_one_may_not_see_are_not_found(say, settings, query):
    say("mine", {"message": "secret", "level": 20}, triggered_by="ada")
    say("theirs", {"message": "secret", "level": 20}, triggered_by="bob")
    settings.CELERY_TASKLOG_VISIBILITY = lambda user, all_runs: all_runs.filter(triggered_by=user)
    found = find(parse(query), "ada")
    assert list(hits(found)) == ["mine"]


def test_lines_whose_run_is_gone_are_not_found(say):
    say("a", "word")
    TaskRun.objects.filter(pk="a").delete()
    TaskLogLine.objects.create(task_id="b", number=1, message="word")
    assert search("word").count == 0


SLOW = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900000000)"
    " SELECT max(i) FROM n"
)


def test_a_statement_is_stopped_when_its_time_is_up_and_the_next_one_works(db):
    def ask(sql):
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()

    with pytest.raises(TooSlow), transaction.atomic(), bounded(0.05):
        ask(SLOW)
    with bounded(5):
        assert ask("SELECT 1") == (1,)
