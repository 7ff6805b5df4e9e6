"""Tasks worth watching, each with another kind of output.  WORKER.

Nothing in here knows how its lines reach the page: the tasks print and log as any task does.
"""

from demo.tasks import (
    arithmetic,
    canvas,
    delivery,
    failures,
    flood,
    mail,
    output,
    people,
    progress,
    reports,
    shop,
    steps,
    upkeep,
    workflows,
)

__all__ = [
    "arithmetic", "canvas", "delivery", "failures", "flood", "mail", "output", "people",
    "progress", "reports", "shop", "steps", "upkeep", "workflows",
]  # fmt: skip
