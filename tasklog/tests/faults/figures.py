"""The promises under fault, as the tests hold them: seconds unless their name says otherwise."""

from __future__ import annotations

import os

# One write or log call of a task waits at most so long, whatever is broken.
CALL = 0.05
# All waiting that faults add to a task: this share of its time, at most so much.
SHARE, WAITED = 0.01, 2.0
# A killed child's run says so, once Celery's main process has noticed, which takes it up to 5 s
# (billiard counts its children that often); a run whose whole worker is gone is closed.
KILLED, NOTICED, LOST = 2.0, 5.0, 60.0
# What capture adds to a worker's warm shutdown.
SHUTDOWN = 2.0
# After a fault of the database: everything stored, nothing waiting.
CAUGHT_UP = 30.0
# A page whose database is away says so.
PAGE = 2.0
# Redis went: open pages poll.  Redis is back: they are live again, workers take tasks.
POLLING, BACK = 5.0, 15.0
# A hundred forks under load.
FORKS = 30.0
# The list of runs, with hundreds of them.
LIST = 0.5
# What capture may hold in a process that prints (bytes).
MEMORY = 8 << 20
# A line that is printed now is stored, when nothing is wrong.
FRESH = 10.0


def allowed(seconds: float) -> float:
    """The figure where other tests share the processors: as much more as there is more to do.

    Never much more than a minute: a test has two.
    """
    busy = os.getloadavg()[0] / (os.cpu_count() or 1)
    return min(seconds * max(1.0, busy * 1.5), max(seconds, 60.0))
