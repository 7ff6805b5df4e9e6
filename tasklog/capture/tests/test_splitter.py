import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasklog.capture.splitter import Partial


def split(*pieces, limit=1000):
    partial = Partial(limit)
    lines = [line for piece in pieces for line in partial.feed(piece)]
    return lines, partial.text


@pytest.mark.parametrize(
    ("pieces", "lines", "rest"),
    [
        (["a\nb\n"], ["a", "b"], ""),
        (["a", "b", "\n", "c"], ["ab"], "c"),
        (["a\r\nb\r", "\nc"], ["a", "b"], "c"),
        (["\n\n"], ["", ""], ""),
        (["10 %\r20 %\r30 %"], [], "30 %"),
        (["\r10 %", "\r20 %", "\n"], ["20 %"], ""),
        (["50 %\r", "done\n"], ["done"], ""),
        (["a\r\r\r\n"], ["a"], ""),
        (["a\u2028b\x85c\x0bd\n"], ["a\u2028b\x85c\x0bd"], ""),
    ],
)
def test_lines_end_with_lf_and_redraw_with_cr(pieces, lines, rest):
    assert split(*pieces) == (lines, rest)


@given(st.lists(st.text("ab\r\né")))
def test_it_makes_no_difference_where_the_text_is_cut(pieces):
    assert split(*pieces) == split("".join(pieces))


@given(st.text("ab\r\n é"))
def test_a_line_is_its_newest_frame(text):
    expected = []
    for line in text.split("\n"):
        frames = [frame for frame in line.split("\r") if frame]
        expected.append(frames[-1] if frames else "")
    lines, rest = split(text)
    assert [*lines, rest] == expected


def test_a_long_line_is_cut_with_its_true_size():
    lines, _ = split("x" * 700, "é" * 300, "y" * 5, "\n", limit=1001)
    assert lines == ["x" * 700 + "é" * 150 + " … [cut: 1,305 bytes]"]


def test_a_cut_line_ends_with_a_whole_word():
    """Masking sees it afterwards, and would not know the half of a password."""
    lines, _ = split("." * 960 + ' {"url":"postgres://shop:hunter2hunter2@db"}\n', limit=1000)
    assert lines == ["." * 960 + ' {"url":" … [cut: 1,004 bytes]']


def test_a_hundred_megabytes_keep_only_the_limit():
    partial = Partial(1 << 18)
    for _ in range(1600):
        assert list(partial.feed("x" * 65_536)) == []
    assert len(partial.text) == 1 << 18
    assert re.search(r"cut: 104,857,600 bytes\]$", partial.take())


@pytest.mark.parametrize("step", [65_536, 100 << 20])
def test_a_hundred_megabytes_cost_little_memory(step):
    """In pieces and at once: what is past the limit is only counted."""
    text, partial = "x" * (100 << 20), Partial(1 << 18)
    tracemalloc.start()
    for at in range(0, len(text), step):
        assert list(partial.feed(text[at : at + step])) == []
    partial.take()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8 << 20
