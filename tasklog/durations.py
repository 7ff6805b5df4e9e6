"""Durations counted in buckets, so that hours add up to days and still know their p95.  BOTH.

The edges lie at 1 ms × 10^(n/12): each is 21 % above the one before, so a quantile is read with
an error of at most 10 %.  Every twelfth edge is a power of ten.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

PER_DECADE = 12
SHORTEST = 0.001
# The last one holds everything from 11 days on.
LAST = 9 * PER_DECADE


def bucket_of(seconds: float) -> int:
    """The bucket of a duration; what is shorter than a millisecond is in the first."""
    if seconds <= SHORTEST:
        return 0
    # Rounded, so that 10 s is not below its own edge.
    return min(math.ceil(round(PER_DECADE * math.log10(seconds / SHORTEST), 9)), LAST)


def edge_of(bucket: int) -> float:
    """The longest duration in the bucket, in seconds."""
    return SHORTEST * 10 ** (bucket / PER_DECADE)


def quantile(buckets: Mapping[int, int], share: float) -> float | None:
    """The duration that `share` (0–1) of them do not exceed, in seconds; None without any.

    The geometric middle of the bucket in which it lies.
    """
    total = sum(buckets.values())
    if not total:
        return None
    below = 0
    for place in sorted(buckets):
        below += buckets[place]
        if below >= share * total:
            return edge_of(place) / 10 ** (0.5 / PER_DECADE) if place else SHORTEST
    return None
