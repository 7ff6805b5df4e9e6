"""Archiving and retention in the drainer's calm moments, one bounded step at a time.  HOST.

The drainer is the one process that always runs and may write; a step is at most one chunk or one
expired run, so lines that arrive meanwhile wait for milliseconds.
"""

from __future__ import annotations

import logging
import time
from collections import deque

from tasklog.archive.archiving import ChunkDamaged, archive_step, due
from tasklog.archive.chunks import UnknownCodec
from tasklog.archive.retention import delete_run, expired

logger = logging.getLogger(__name__)

# How often the tables are asked whether anything is due (seconds), and for how many runs.
LOOK_SECONDS = 60.0
AT_ONCE = 200


class Housekeeping:
    """What is due, step by step.  Several hosts may do it at once: each step locks its run."""

    def __init__(self) -> None:
        self._to_archive: deque[str] = deque()
        self._to_delete: deque[str] = deque()
        # Not in the first seconds: starting is busy enough.
        self._looked = time.monotonic() - LOOK_SECONDS + 5

    def step(self) -> bool:
        """Does one step; True when there was one to do.  Raises what the database raises."""
        self._look()
        if self._to_delete:
            delete_run(self._to_delete.popleft())
        elif self._to_archive:
            self._archive(self._to_archive[0])
        else:
            return False
        return True

    def _look(self) -> None:
        if self._to_delete or self._to_archive:
            return
        if (now := time.monotonic()) < self._looked + LOOK_SECONDS:
            return
        self._looked = now
        self._to_delete.extend(expired().values_list("task_id", flat=True)[:AT_ONCE])
        self._to_archive.extend(due().values_list("task_id", flat=True)[:AT_ONCE])

    def _archive(self, task_id: str) -> None:
        try:
            moved = len(archive_step(task_id))
        except (ChunkDamaged, UnknownCodec, OSError) as error:
            # Its rows are where they were; the next look tries again.
            logger.error("Archiving %s: %s", task_id, error)  # noqa: TRY400
            moved = 0
        if not moved:
            self._to_archive.popleft()
