"""Patterns over stored lines: all at once, linear, bounded."""

from __future__ import annotations

import pytest

from tasklog.alerts.models import Rule
from tasklog.alerts.patterns import expression_of, watch
from tasklog.line import Line
from tasklog.search.regex import BadPattern


def lines(*messages: str, level: int = 0) -> list[Line]:
    return [Line(n, 0, "stdout", level, "", text, 1, 0, n) for n, text in enumerate(messages, 1)]


def rule(number: int, pattern: str, **limits: object) -> Rule:
    return Rule(pk=number, condition="pattern", limits={"pattern": pattern, **limits})


def found(rules: list[Rule], texts: list[Line]) -> dict[int, list[int]]:
    hits = watch(rules)[0].hits(texts)
    return {number: [line.number for line in matched] for number, matched in hits.items()}


def test_each_rule_gets_its_own_lines() -> None:
    rules = [rule(1, "disk full"), rule(2, "time(d )?out$", regex=True), rule(3, "never")]
    texts = lines("all well", "Disk FULL on sda", "it timed out", "timed out twice")
    assert found(rules, texts) == {1: [2], 2: [3]}


def test_a_plain_text_is_no_expression() -> None:
    assert found([rule(1, "a.c (1+1)")], lines("abc (11)", "A.C (1+1)")) == {1: [2]}


def test_only_lines_of_the_level_count() -> None:
    rules = [rule(1, "disk", level=40)]
    assert found(rules, lines("disk")) == {}
    assert found(rules, lines("disk", level=40)) == {1: [1]}


@pytest.mark.parametrize("limits", [{}, {"pattern": "x" * 501}, {"pattern": "(", "regex": True}])
def test_a_pattern_that_cannot_be_used_is_said(limits: dict[str, object]) -> None:
    with pytest.raises(BadPattern):
        expression_of(limits)


def test_a_bad_rule_keeps_no_other_from_matching() -> None:
    compiled, problems = watch([rule(1, "(", regex=True), rule(2, "disk")])
    assert 1 in problems
    assert compiled.hits(lines("disk"))[2]


def test_hostile_expressions_over_a_long_line_end(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = [rule(n, "(a+)+$|(a|aa)+b", regex=True) for n in range(1, 4)]
    assert set(found(rules, lines("a" * 262_144 + "!"))) <= {1, 2, 3}
