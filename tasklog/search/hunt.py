"""One page of matches in the making: what was found, what was looked at, how much time is left.

WEB.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from tasklog.line import Line
from tasklog.search.condition import Condition

# A page shows at most so many lines of so many runs, and so many of one run: the others of a
# chatty run are one click away in its own log, and would push all other runs off the page.
PAGE_LINES = 50
PAGE_RUNS = 20
RUN_LINES = 10
# A statement may take this much longer than the page has time for (seconds).
GRACE = 0.3


@dataclass(slots=True)
class Hunt:
    """Filled by the walkers until it is `over`.

    `looked_at` counts lines, `reached` is the time (microseconds) of the oldest of them;
    `indexed`: an index looked at all rows, so they are not counted.
    """

    condition: Condition
    seconds: float
    found: dict[str, list[Line]] = field(default_factory=dict)
    sated: set[str] = field(default_factory=set)
    looked_at: int = 0
    reached: int | None = None
    indexed: bool = False
    began: float = field(default_factory=time.monotonic)

    def offer(self, task_id: str, line: Line) -> None:
        """Takes the line if the query keeps it and its run has room."""
        if task_id in self.sated or not self.condition.keeps(line):
            return
        lines = self.found.setdefault(task_id, [])
        if len(lines) == RUN_LINES:
            self.sated.add(task_id)
        else:
            lines.append(line)

    def looked(self, count: int, at: int | None = None) -> None:
        """So many lines more were looked at, back to the moment `at` (microseconds)."""
        self.looked_at += count
        self.reached = at or self.reached

    @property
    def full(self) -> bool:
        count = sum(map(len, self.found.values()))
        return count >= PAGE_LINES or len(self.found) >= PAGE_RUNS

    @property
    def left(self) -> float:
        return self.seconds - (time.monotonic() - self.began)

    @property
    def patience(self) -> float:
        """How long one statement may take (seconds)."""
        return max(self.left, 0) + GRACE

    @property
    def over(self) -> bool:
        return self.full or self.left <= 0
