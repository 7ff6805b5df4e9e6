"""How values are said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from dashboard.templatetags import tasklog_ui as ui

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "–"), (0, "0 s"), (0.042, "42 ms"), (0.84, "0.84 s"), (0.0996, "0.10 s"),
        (4.2, "4.2 s"), (9.96, "10 s"), (38, "38 s"), (59.7, "1 m 00 s"), (112, "1 m 52 s"),
        (3599.6, "1 h 00 m"), (7800, "2 h 10 m"), (273_600, "3 d 04 h"),
    ],
)  # fmt: skip
def test_durations(seconds: float | None, said: str) -> None:
    value = None if seconds is None else timedelta(seconds=seconds)
    assert ui.human_duration(value) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "now"), (40, "40 s ago"), (360, "6 min ago"), (7200, "2 h ago"), (90_000, "1 d ago"),
        (86400 * 30, "2026-10-22"), (-30, "in 30 s"),
    ],
)  # fmt: skip
def test_moments(seconds: float, said: str) -> None:
    with time_machine.travel(NOON, tick=False):
        assert ui.ago_words(NOON - timedelta(seconds=seconds)) == said


def test_a_moment_carries_its_exact_time() -> None:
    assert 'title="2026-11-21 12:00:00 UTC"' in ui.ago(NOON)


@pytest.mark.parametrize(
    ("value", "said"), [(None, ""), ("", ""), (0, "0"), (1204, "1,204"), (2.25, "2.2"), ("7", "7")]
)
def test_numbers(value: float | str | None, said: str) -> None:
    assert ui.number(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0 B"), (1023, "1023 B"), (1500, "1.5 KiB"), (20_000, "20 KiB"), (5 << 40, "5.0 TiB")],
)
def test_sizes(value: float, said: str) -> None:
    assert ui.bytes_(value) == said


def test_short_ids() -> None:
    assert ui.short_id("5f3c2a10-0000-4000-8000-00000000e91a") == "5f3c…e91a"
    assert ui.short_id("nightly-42") == "nightly-42"
