"""When a schedule runs, in words: "Mondays at 08:30 UTC", "every 5 minutes"."""

from __future__ import annotations

from datetime import UTC
from typing import Any

DAYS = ("Sundays", "Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
# More moments a day than these are said as the pattern, not one by one.
MOMENTS = 4


def words_of(task: Any) -> str:
    """For a `PeriodicTask`; where nothing can be said, what stands in its row."""
    if task.interval:
        return _every(task.interval.every, task.interval.period)
    if task.crontab:
        return crontab_words(task.crontab)
    if task.clocked:
        return f"once, {task.clocked.clocked_time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    if task.solar:
        place = f"{task.solar.latitude:.2f}, {task.solar.longitude:.2f}"
        return f"at {task.solar.get_event_display().lower()} at {place}"
    return "never: it has no times"


def crontab_words(row: Any) -> str:
    """Weekdays or dates, then times, then the zone."""
    from celery.schedules import ParseException

    try:
        cron = row.schedule
        when = _times(row, sorted(cron.hour), sorted(cron.minute))
        days = _days(row, sorted(cron.day_of_week), sorted(cron.day_of_month))
        months = _months(row, sorted(cron.month_of_year))
    except (ParseException, ValueError):
        return str(row)
    day = f"{days}{months}" or ("every day" if when.startswith("at") else "")
    return " ".join(filter(None, (day, when, str(row.timezone))))


def _every(count: int, period: str) -> str:
    return f"every {period[:-1]}" if count == 1 else f"every {count:,} {period}"


def _times(row: Any, hours: list[int], minutes: list[int]) -> str:
    if len(hours) * len(minutes) <= MOMENTS:
        return "at " + _list([f"{hour:02}:{minute:02}" for hour in hours for minute in minutes])
    within = "" if len(hours) == 24 else f", hours {_ranges(hours, 2)}"
    if len(minutes) == 60:
        return f"every minute{within}"
    if len(minutes) == 1:
        past = "every hour" if minutes == [0] else f"every hour at minute {minutes[0]}"
        return past + within
    if (step := _step(minutes, 60)) and minutes[0] == 0:
        return f"every {step} minutes{within}"
    return f"every hour at minutes {_list([str(minute) for minute in minutes])}{within}"


def _days(row: Any, weekdays: list[int], dates: list[int]) -> str:
    said = []
    if len(weekdays) < 7:
        said.append(
            "weekdays" if weekdays == [1, 2, 3, 4, 5] else _list([DAYS[n] for n in weekdays])
        )
    if len(dates) < 31:
        said.append(f"day {_ranges(dates)} of the month")
    # Both must hold, other than in cron.
    return " that are ".join(said)


def _months(row: Any, months: list[int]) -> str:
    return "" if len(months) == 12 else f" in {_list([MONTHS[n - 1] for n in months])}"


def _step(values: list[int], top: int) -> int:
    """The distance between neighbours, where it is the same all round."""
    steps = {b - a for a, b in zip(values, [*values[1:], values[0] + top], strict=True)}
    return steps.pop() if len(steps) == 1 else 0


def _ranges(values: list[int], width: int = 1) -> str:
    """`1–5, 8` from 1, 2, 3, 4, 5, 8."""
    runs: list[list[int]] = []
    for value in values:
        if runs and runs[-1][-1] == value - 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    said = [
        f"{run[0]:0{width}}–{run[-1]:0{width}}" if len(run) > 1 else f"{run[0]:0{width}}"
        for run in runs
    ]
    return ", ".join(said)


def _list(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
