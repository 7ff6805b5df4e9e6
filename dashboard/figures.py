"""A worker's own figures, as rows for people.  WEB."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from dashboard.templatetags.tasklog_ui import bytes_, human_duration, number
from tasklog.control.answers import Answer

Rows = list[tuple[str, str]]


def figures_of(answer: Answer) -> Rows:
    """What Celery's `stats` tell, those that people ask for."""
    stats, usage = answer.stats, _mapping(answer.stats, "rusage")
    broker = _mapping(stats, "broker")
    rows = [
        ("Process", str(stats.get("pid", ""))),
        ("Up for", _duration(stats.get("uptime"))),
        ("Processes", _size(answer)),
        ("Scales by itself", _range(answer)),
        ("Messages ahead", _count(stats.get("prefetch_count"))),
        ("Tasks so far", _total(_mapping(stats, "total"))),
        ("Replaced after", _replaced(answer.pool)),
        ("Time limits", _limits(answer.pool)),
        ("Processor time", _processor(usage)),
        ("Memory at most", bytes_(usage["maxrss"] * 1024) if _is(usage.get("maxrss")) else ""),
        ("Broker", f"{broker.get('transport', '')}"),
        ("Clock", _count(stats.get("clock"))),
    ]
    return [(title, told) for title, told in rows if told]


def _mapping(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = found.get(name)
    return inner if isinstance(inner, dict) else {}


def _is(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _count(value: Any) -> str:
    try:
        return number(float(value)) if value is not None else ""
    except (TypeError, ValueError):
        return ""


def _duration(value: Any) -> str:
    return human_duration(timedelta(seconds=float(value))) if _is(value) else ""


def _size(answer: Answer) -> str:
    pids = answer.pool.get("processes")
    listed = f" · pids {', '.join(map(str, pids[:12]))}" if isinstance(pids, list) else ""
    return f"{answer.size}{listed}" if answer.size is not None else ""


def _range(answer: Answer) -> str:
    scaler = answer.autoscaler
    return f"{scaler.get('min')} to {scaler.get('max')}" if scaler else ""


def _total(total: Mapping[str, Any]) -> str:
    counts = [int(n) for n in total.values() if _is(n)]
    return f"{sum(counts):,} of {len(counts):,} kinds" if counts else ""


def _replaced(pool: Mapping[str, Any]) -> str:
    most = pool.get("max-tasks-per-child")
    return f"{most} tasks" if _is(most) else ""


def _limits(pool: Mapping[str, Any]) -> str:
    limits = pool.get("timeouts")
    if not isinstance(limits, list) or not any(limits):
        return ""
    words = [f"{word} {value} s" for word, value in zip(("soft", "hard"), limits, strict=False)]
    return ", ".join(words)


def _processor(usage: Mapping[str, Any]) -> str:
    user, system = usage.get("utime"), usage.get("stime")
    if not (_is(user) and _is(system)):
        return ""
    return f"{float(user or 0):.1f} s of its own, {float(system or 0):.1f} s of the system's"
