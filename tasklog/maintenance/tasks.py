"""The maintenance tasks; what each did stands in its run's log.  WORKER.

Each may be killed half-way and run twice: it does what is left to do, in bounded steps.
"""

from __future__ import annotations

import logging

from celery import Task, shared_task

from tasklog.archive.retention import prune
from tasklog.health import run_probes
from tasklog.maintenance import expired, optimise, system, temporary, usage
from tasklog.maintenance.backup.folder import Busy
from tasklog.maintenance.backup.make import NoBackup, make

logger = logging.getLogger(__name__)


class Kept(Task):  # type: ignore[type-arg]
    """Kept also where only marked tasks are; see `TerminalLoggingTask`, which stands above us."""

    abstract = True
    tasklog = True


class Unwell(Exception):
    """A probe failed; the run's log names it and says what to do."""


@shared_task(base=Kept)
def remove_expired_keys() -> int:
    """Deletes API keys that have expired; how many."""
    gone = expired.remove_keys()
    for name in gone:
        logger.info("deleted the expired key %s", name)
    logger.info("%s expired keys deleted", f"{len(gone):,}")
    return len(gone)


@shared_task(base=Kept)
def update_usage_statistics() -> int:
    """Counts today, yesterday and the days nobody has counted; how many days."""
    days = usage.update()
    for day in days:
        logger.info(
            "%s: %s runs (%s failed), %s lines, %s bytes, %s people, %s keys", day.day,
            *(f"{n:,}" for n in (day.runs, day.failed, day.lines, day.size, day.users, day.keys)),
        )  # fmt: skip
    return len(days)


@shared_task(base=Kept)
def backup_database() -> str:
    """Copies the database into CELERY_TASKLOG_BACKUP_DIR; the file's name.

    Fails where no backup could be made.  Where another is being made, that one counts.
    """
    try:
        return make(logger.info).name
    except Busy as busy:
        logger.warning("%s", busy)
        return ""
    except NoBackup as error:
        logger.error("%s", error)  # noqa: TRY400 - its traceback says nothing more
        raise


@shared_task(base=Kept)
def check_health() -> int:
    """Asks every probe; how many there are.  Fails when one of them fails."""
    probes = run_probes()
    for probe in probes:
        level = {True: logging.INFO, None: logging.WARNING, False: logging.ERROR}[probe.ok]
        advice = f" – {probe.advice}" if probe.advice and probe.ok is not True else ""
        logger.log(level, "%s: %s%s", probe.title, probe.value, advice)
    if bad := [probe.title for probe in probes if probe.ok is False]:
        raise Unwell(f"{len(bad)} of {len(probes)} probes failed: {', '.join(bad)}")
    return len(probes)


@shared_task(base=Kept)
def remove_temporary_files() -> int:
    """Deletes files and sessions that were left; how many files."""
    gone, size = temporary.remove_files()
    logger.info("%s files with %s bytes deleted", f"{gone:,}", f"{size:,}")
    if temporary.clear_sessions():
        logger.info("expired sessions deleted")
    return gone


@shared_task(base=Kept)
def optimise_database() -> int:
    """Renews the database's statistics and gives free pages back; how many steps."""
    steps = optimise.optimise(lambda step, took: logger.info("%s: %.2f s", step, took))
    logger.info("%s steps done", steps)
    return steps


@shared_task(base=Kept)
def report_system() -> int:
    """Writes the system report into its log; how many lines."""
    lines = list(system.report())
    for line in lines:
        logger.info("%s", line)
    return len(lines)


@shared_task(base=Kept)
def remove_old_notifications() -> int:
    """Deletes notifications that are old; how many."""
    gone = expired.remove_notifications()
    for name, count in gone.items():
        logger.info("%s: %s deleted", name, f"{count:,}")
    return sum(gone.values())


@shared_task(base=Kept)
def cleanup_old_logs() -> int:
    """Deletes runs that are past their days, with all their lines; how many runs."""
    pruned = prune()
    logger.info("%s runs with %s lines deleted", f"{pruned.runs:,}", f"{pruned.lines:,}")
    return pruned.runs
