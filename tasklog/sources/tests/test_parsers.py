"""One contract for every format."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasklog.sources import times
from tasklog.sources.parsers import NOTHING, Parsed
from tasklog.sources.parsers.plain_text import PlainText
from tasklog.sources.parsers.syslog import Syslog
from tasklog.sources.sniff import FORMATS, PARSERS, parser_for, sniff

AT = int(datetime(2026, 11, 21, 7, 5, 9, 123000, UTC).timestamp() * 1e6)
SECOND = AT - 123_000

# The same record in every format: three of them, and what a parser must make of the second.
FILES = {
    "json": [
        '{"time": "2026-11-21T07:05:09.123Z", "level": "error", "logger": "orders", "msg": "no 42"}'
    ] * 3,
    "csv": [
        "timestamp,level,logger,message",
        '2026-11-21 07:05:09.123,ERROR,orders,"no 42"',
        "2026-11-21 07:05:09.123,ERROR,orders,no 42",
    ],
    "logfmt": ['time=2026-11-21T07:05:09.123Z level=error logger=orders msg="no 42"'] * 3,
    "syslog": ["<11>1 2026-11-21T07:05:09.123Z web1 orders 77 - - no 42"] * 3,
    "plain": ["2026-11-21 07:05:09,123 ERROR orders: no 42"] * 3,
}  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_reads_time_level_logger_and_message(name: str) -> None:
    parser = parser_for(name, {})
    read = [parser.parse(line) for line in FILES[name]]
    assert read[1] == read[2] == Parsed(AT, 40, "orders", "no 42")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_found_by_its_lines(name: str) -> None:
    assert sniff(FILES[name]) == name


@pytest.mark.parametrize("name", FORMATS)
def test_a_parser_goes_on_with_what_another_remembered(name: str) -> None:
    first = parser_for(name, {})
    first.parse(FILES[name][0])
    memory = json.loads(json.dumps(first.memory))
    assert parser_for(name, memory).parse(FILES[name][1]) == Parsed(AT, 40, "orders", "no 42")


@pytest.mark.parametrize("name", FORMATS)
@given(text=st.text(max_size=300))
def test_no_text_makes_a_parser_raise(name: str, text: str) -> None:
    found = PARSERS[name]({}).parse(text)
    assert found is None or isinstance(found, Parsed)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("unit", ["[", "{", '"', " - ", "a.", 'a="', "\\", "<1>1 ", "2026-11-21 "])
def test_a_hostile_line_takes_no_longer_than_its_length(name: str, unit: str) -> None:
    """Would run into the suite's time limit if any expression tried every way."""
    text = (unit * 65_536)[:65_536]
    PARSERS[name]({}).parse(text)
    PARSERS[name]({}).parse(FILES[name][0] + text)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-21T07:05:09.123Z", AT),
        ("2026-11-21T07:05:09.123456789Z", AT + 456),
        ("2026-11-21 07:05:09,123", AT),
        ("2026-11-21T09:05:09.123+02:00", AT),
        ("2026-11-21T09:05:09.123+0200", AT),
        ("2026/11/21 07:05:09", SECOND),
        ("21/Nov/2026:08:05:09 +0100", SECOND),
        ("Sat, 21 Nov 2026 07:05:09 +0000", SECOND),
        ("Sat Nov 21 07:05:09 2026", SECOND),
        ("20261121T070509Z", SECOND),
        (SECOND / 1e6, SECOND),
        (AT / 1e6, AT),
        (AT // 1000, AT),
        (AT, AT),
        (AT * 1000, AT),
        (str(AT // 1000), AT),
        ("tomorrow", None),
        ("2026-13-45T99:99:99Z", None),
        ("2026-02-30 07:05:09.1", None),
        (float("inf"), None),
        (float("nan"), None),
        (True, None),
        (12, None),
        (10**4000, None),
        ("٢٠٢٦-١١-٢١ ٠٧:٠٥:٠٩", None),
    ],
)
def test_moments(text: object, at: int | None) -> None:
    assert times.moment(text) == at


@pytest.mark.parametrize(
    ("month", "day", "now", "year"),
    [
        (11, 21, (2026, 11, 21), 2026),
        (11, 22, (2026, 11, 21), 2026),  # a clock ahead
        (11, 23, (2026, 11, 21), 2025),
        (12, 31, (2027, 1, 1), 2026),
        (1, 1, (2026, 12, 31), 2027),
    ],
)
def test_a_year_is_guessed_from_now(month: int, day: int, now: tuple[int, ...], year: int) -> None:
    assert times.guess_year(month, day, datetime(*now, tzinfo=UTC)) == year


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("[2026-11-21 07:05:09,123: WARNING/ForkPoolWorker-1] low", (AT, 30, "", "low")),
        ("2026-11-21 07:05:09,123 - shop.orders - DEBUG - hi", (AT, 10, "shop.orders", "hi")),
        ("2026-11-21 07:05:09.123 [main] ERROR com.acme.App - x", (AT, 40, "com.acme.App", "x")),
        ("2026/11/21 07:05:09 [error] 12#0: *1 open()", (SECOND, 40, "", "12#0: *1 open()")),
        ("2026-11-21 07:05:09,123 ERROR ValueError: no", (AT, 40, "", "ValueError: no")),
        ("2026-11-21 07:05:09,123 plain words", (AT, 0, "", "plain words")),
        ("ERROR:root:hello", (None, 40, "root", "hello")),
        ('1.2.3.4 - - [21/Nov/2026:07:05:09 +0000] "GET /"',
         (SECOND, 0, "", '1.2.3.4 - - [21/Nov/2026:07:05:09 +0000] "GET /"')),
    ],
)  # fmt: skip
def test_plain_text_in_its_many_forms(line: str, read: tuple[object, ...]) -> None:
    assert PlainText({}).parse(line) == read


def test_both_syslogs() -> None:
    old = Syslog({}).parse("<34>Oct 11 22:14:15 web1 su[1234]: 'su root' failed")
    assert old is not None
    assert old[1:] == (50, "su", "'su root' failed")
    new = Syslog({}).parse('<165>1 2026-11-21T07:05:09.123Z h app 1 ID [x@1 k="v]"] hi')
    assert new == (AT, 20, "app", '[x@1 k="v]"] hi')


def test_what_has_no_part_of_its_own_follows_the_message() -> None:
    line = '{"ts": 1795244709.123, "level": 30, "pid": 1, "hostname": "h", "msg": "done", "n": 4}'
    read = parser_for("json", {}).parse(line)
    assert read == Parsed(AT, 20, "", "done  pid=1 hostname=h n=4")


def test_the_head_of_a_table_says_nothing_also_when_it_comes_again() -> None:
    parser = parser_for("csv", {})
    assert [parser.parse(FILES["csv"][0]) for _ in range(2)] == [NOTHING, NOTHING]
    assert parser.parse("one,cell,too,many,here") is None
