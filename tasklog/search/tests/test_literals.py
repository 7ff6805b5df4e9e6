import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasklog.search.literals import literals
from tasklog.search.regex import BadPattern, compile_pattern
from tasklog.search.terms import fold


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (r"took [0-9]{4,} ms", ["took ", " ms"]),
        (r"^A-7+.*-needle\.$", ["A-7", "-needle."]),
        (r"colou?r", ["colo"]),
        (r"disk (full|failed)", []),
        (r"order (\d+) refused", ["order ", " refused"]),
        (r"\x41bc abc", []),
    ],
)
def test_what_stands_outside_groups_and_repetitions_is_in_every_match(pattern, found):
    assert literals(pattern, ignore_case=False) == found


def test_letters_with_odd_relatives_are_left_out_where_case_does_not_matter():
    assert literals("basket", ignore_case=True) == []
    assert literals("basket", ignore_case=False) == ["basket"]


PIECES = [
    "abc", "xyz", "a", "b", "c", "*", "+", "?", "{2}", "{0,1}", "(", ")", "(?:", "(?i)", "[", "]",
    "[^", "\\", "\\.", "\\d", "^", "$", ".", "|", "-", "{", "}", ",",
]  # fmt: skip
PATTERNS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@given(PATTERNS, st.lists(st.sampled_from(["abc", "ABC", "xyz", "a", "b", ".", "-", "1"])))
def test_no_match_is_without_them(pattern, parts):
    text = "".join(parts)
    try:
        match = compile_pattern(pattern, ignore_case=False).search(text)
    except BadPattern:
        return
    if match:
        assert all(fold(piece) in fold(text) for piece in literals(pattern, ignore_case=False))
