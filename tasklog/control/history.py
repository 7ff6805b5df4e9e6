"""How deep a queue was over a span of time, in points enough for a curve.  WEB."""

from __future__ import annotations

import time
from typing import NamedTuple

from tasklog.control.models import COARSE, SECONDS, QueueSample

# A curve has at most so many points; a span of more than a day has only coarse samples.
POINTS = 240
SPANS = {"1h": 3600, "6h": 6 * 3600, "24h": 86_400, "7d": 7 * 86_400, "30d": 30 * 86_400}


class Point(NamedTuple):
    """The deepest within one step; None where nobody looked."""

    at: int  # seconds since 1970
    depth: int | None


def history(queue: str, span: str) -> list[Point]:
    """The curve over the last `span` (a key of SPANS), oldest first; walks (queue, slot)."""
    last = int(time.time()) // SECONDS
    slots = SPANS[span] // SECONDS
    least = COARSE if slots > SPANS["24h"] // SECONDS else 1
    step = max(least, -(-slots // POINTS))
    first = last - slots
    rows = QueueSample.objects.filter(queue=queue, slot__gt=first, slot__lte=last)
    if least == COARSE:
        rows = rows.filter(coarse=True)
    deepest: dict[int, int] = {}
    for slot, depth in rows.order_by("slot").values_list("slot", "depth"):
        place = (slot - first - 1) // step
        deepest[place] = max(depth, deepest.get(place, 0))
    count = -(-slots // step)
    return [Point((first + place * step) * SECONDS, deepest.get(place)) for place in range(count)]
