"""Lines that open and close a group, as the server marks them."""

from __future__ import annotations

import pytest

from dashboard.lines import line_html
from tasklog.line import Line


def drawn(message: str, logger: str = "") -> str:
    return line_html(Line(1, 0, "stdout", 0, logger, message, 1, 0, 1))


def test_a_group_has_a_class_and_its_name_apart_from_the_mark() -> None:
    html = drawn("::group::Load \x1b[31m<b>red</b>")
    assert 'class="line out group-start"' in html
    assert '<span class="marker">::group::</span><span class="name">Load <span class="f1">' in html
    assert "&lt;b&gt;" in html


def test_the_end_of_a_group_has_a_class() -> None:
    html = drawn("::endgroup::  ")
    assert 'class="line out group-end"' in html
    assert '<span class="marker">::endgroup::  </span>' in html


@pytest.mark.parametrize(
    "message",
    ["::error::no", "::endgroup::x", " ::group::a", "say ::group::a", "::", "::Group::a", "::grou"],
)
def test_anything_else_is_a_line_like_any_other(message: str) -> None:
    html = drawn(message)
    assert 'class="line out"' in html
    assert f'<span class="text">{message}</span>' in html


def test_a_mark_can_break_out_of_nothing() -> None:
    assert "<script>" not in drawn('::group::<script>alert(1)</script>" onclick="x')
