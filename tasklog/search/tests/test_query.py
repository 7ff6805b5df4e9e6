from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasklog.search import regex
from tasklog.search.problems import QueryError
from tasklog.search.query import LONGEST, parse
from tasklog.search.terms import Level, Logger, Regex, RunId, RunName, RunState, Stream, Text
from tasklog.states import State

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)


def meant(text):
    return [term.what for term in parse(text, NOW).terms]


def problems(text):
    with pytest.raises(QueryError) as caught:
        parse(text, NOW)
    return [(text[p.start : p.end], p.said) for p in caught.value.problems]


def test_words_and_quoted_text_are_terms_of_their_own():
    assert meant('timeout "disk full"') == [Text("timeout"), Text("disk full")]


def test_a_dash_negates_a_word_and_a_term():
    assert [term.negated for term in parse("-debug -level:error x").terms] == [True, True, False]


def test_command_line_options_and_a_lone_dash_are_text():
    assert meant("--verbose -") == [Text("--verbose"), Text("-")]


def test_a_level_is_at_least_or_with_a_sign_exactly():
    assert meant("level:error level:=info level:warn") == [Level(40), Level(20, True), Level(30)]


def test_streams_may_be_listed():
    assert meant("stream:err,log") == [Stream(("stderr", "log"))]


def test_names_are_parts_patterns_or_with_a_sign_the_whole():
    assert meant('task:import logger:app.* queue:="my queue"') == [
        RunName("task", "name", "import"),
        Logger("logger", "logger", "app.*"),
        RunName("queue", "queue", "my queue", True),
    ]


@pytest.mark.parametrize(
    ("word", "states"),
    [
        ("failed", (State.FAILURE, State.TIMEOUT, State.LOST)),
        ("FAILURE", (State.FAILURE,)),
        ("running", (State.STARTED,)),
        ('"timed out"', (State.TIMEOUT,)),
    ],
)
def test_states_go_by_the_words_of_the_pages_and_by_celerys(word, states):
    (state,) = meant(f"state:{word}")
    assert isinstance(state, RunState)
    assert state.states == states


@pytest.mark.parametrize(
    ("typed", "at"),
    [
        ("1h", NOW - timedelta(hours=1)),
        ("2d", NOW - timedelta(days=2)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T03:12", datetime(2026, 11, 20, 3, 12, tzinfo=UTC)),
        ("2026-11-20T03:12+01:00", datetime(2026, 11, 20, 2, 12, tzinfo=UTC)),
    ],
)
def test_times_are_spans_or_moments_in_utc(typed, at):
    assert meant(f"after:{typed}")[0].at == at
    assert meant(f"before:{typed}")[0].at == at


def test_a_pattern_may_hold_spaces_and_slashes():
    (pattern,) = meant(r"/disk (full|failed) on /dev/i")
    assert isinstance(pattern, Regex)
    assert pattern.pattern == "disk (full|failed) on /dev"
    assert pattern.ignore_case


def test_a_path_and_an_address_are_text():
    assert meant("/var/log/app https://example.com") == [
        Text("/var/log/app"),
        Text("https://example.com"),
    ]


def test_a_time_of_day_is_text():
    assert meant("12:30:01") == [Text("12:30:01")]


def test_within_quotes_everything_is_text():
    assert meant(r'"level:error" "say \"hi\"" "C:\tmp"') == [
        Text("level:error"),
        Text('say "hi"'),
        Text(r"C:\tmp"),
    ]


def test_a_run_is_named_by_its_id():
    assert meant("run:5f3c-1") == [RunId("5f3c-1")]


def test_an_unknown_field_is_pointed_at_with_what_is_meant():
    ((part, said),) = problems("x levl:error")
    assert part == "levl"
    assert "Did you mean “level”?" in said
    assert "queue" in said


def test_several_problems_are_told_at_once_in_the_order_of_the_text():
    found = problems('level:loud after:noon run: "never closed')
    assert [part for part, _ in found] == ["loud", "noon", "run:", '"never closed']
    assert "debug, info, warning, error, critical" in found[0][1]


def test_the_caret_stands_under_the_bad_part():
    with pytest.raises(QueryError) as caught:
        parse("a level:loud b")
    assert caught.value.carets == "        ^^^^"


def test_a_bad_pattern_is_pointed_at_where_it_breaks():
    ((part, said),) = problems(r"/disk (full [a-/")
    assert part == "[a-"
    assert "missing ]" in said


def test_a_pattern_that_only_a_backtracking_engine_could_run_is_refused():
    assert problems(r"/(a)\1/")[0][0] == r"\1"


def test_without_the_extra_a_pattern_says_its_name(monkeypatch):
    monkeypatch.setattr(regex, "re2", None)
    assert "celery-tasklog[regex]" in problems("/a+/")[0][1]


def test_a_query_is_bounded():
    ((part, said),) = problems("x" * (LONGEST + 1))
    assert part == "x"
    assert "500" in said


def test_an_empty_value_is_a_problem():
    assert [part for part, _ in problems('"" level:')] == ['""', "level:"]


@pytest.mark.parametrize("time", ["999999w", "0001-01-01", "9999-12-31T23:59-14:00", "soon"])
def test_what_no_line_could_bear_is_no_time(time):
    assert problems(f"after:{time}")[0][0] == time


def test_nul_is_looked_for_as_it_is_stored():
    assert meant("a\0b") == [Text("a␀b")]


PIECES = st.sampled_from(
    ["level:", "error", "-", '"', "\\", "/", "task:", "=", "*", ":", " ", "a.b", "after:", "1h",
     "stream:", "err", ",", "state:", "failed", "é", "\0", "i", "(", "run:", "logger:", "\n"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=600), st.lists(PIECES, max_size=40).map("".join)))
def test_every_text_is_a_query_or_has_problems_within_it(text):
    query, found = attempt(text)
    assert all(0 <= problem.start < problem.end <= len(text) for problem in found)
    assert (query is None) == bool(found)


@given(st.lists(PIECES, max_size=40).map("".join))
def test_a_query_said_again_is_the_same_query(text):
    query, _ = attempt(text)
    if query is not None and len(str(query)) <= LONGEST:
        assert parse(str(query), NOW) == query


def attempt(text):
    try:
        return parse(text, NOW), ()
    except QueryError as error:
        return None, error.problems
