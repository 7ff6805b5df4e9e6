"""Failures of one kind share a signature; different ones do not."""

from __future__ import annotations

import json
import traceback

from tasklog.signature import plain, sign

BEGIN = "Traceback (most recent call last):\n"


def refuse(amount: int) -> None:
    if amount > 100:
        raise ValueError(f"no price for {amount}")
    raise ValueError(f"negative {amount}")


def within_a_library() -> None:
    json.loads("{")


def key_of(call, *args) -> tuple[str, str]:
    try:
        call(*args)
    except Exception as error:
        trace = traceback.format_exc()
        said = sign(f"{type(error).__name__}: {error}", trace, "", "exception")
        return said.key, said.place
    raise AssertionError


def test_the_same_line_is_the_same_failure_whatever_it_says() -> None:
    assert key_of(refuse, 101) == key_of(refuse, 999)


def test_another_line_is_another_failure() -> None:
    assert key_of(refuse, 101) != key_of(refuse, -1)


def test_an_edit_further_up_moves_nothing() -> None:
    trace = f'{BEGIN}  File "/srv/shop/a.py", line {{}}, in pay\n    x()\nE: e'
    one, other = (sign("E: e", trace.format(line), "", "exception") for line in (10, 99))
    assert one.key == other.key


def test_the_place_is_our_own_code_not_that_of_a_library() -> None:
    assert "within_a_library" in key_of(within_a_library)[1]


def test_a_chained_exception_counts_by_its_last_part() -> None:
    first = f'{BEGIN}  File "/srv/a.py", line 1, in inner\n    f()\nKeyError: 1\n\n'
    between = "During handling of the above exception, another exception occurred:\n\n"
    last = f'{BEGIN}  File "/srv/a.py", line 2, in outer\n    g()\nValueError: 2'
    trace = first + between + last
    said = sign("", trace, "", "exception")
    assert (said.kind, said.place) == ("ValueError", "srv/a.py · outer")


def test_without_a_traceback_the_words_count() -> None:
    one, other = (sign("", "", f"killed by signal 9, pid {pid}", "killed") for pid in (7, 4711))
    assert one.key == other.key
    assert one.kind == "killed"
    assert one.key != sign("", "", "the worker process vanished", "lost").key


def test_what_differs_each_time_is_taken_out_of_a_message() -> None:
    said = plain(
        "order 4711 of 'acme' (5f3c1a2b-9d1e-4c55-8a70-3f1b2c3de91a) at 0x7f2a failed\nmore"
    )
    assert said == "order ‹n› of ‹text› (‹id›) at ‹id› failed"


def test_hostile_tracebacks_are_read_quickly_and_give_a_signature() -> None:
    for text in ("", "\0", "Traceback" * 9000, ' File "' * 9000, "'" * 99_999, "(" * 9999):
        assert len(sign(text, text, text, "").key) == 16
