"""Everything a task writes, from its stdout to its traceback, into the spool.  WORKER.

A fault of the capture is counted (`guard.faults`) and never the task's fault.
"""

from tasklog.capture.report import current_run, progress, section
from tasklog.capture.revoking import revoke

__all__ = ["current_run", "install", "progress", "revoke", "section"]


def install() -> None:
    """Connects Celery's signals; called once from `TaskLogConfig.ready`."""
    from tasklog.capture import handler, lifecycle, pools, publish, report, worker
    from tasklog.conf import conf

    if not conf().enabled:
        return
    for part in (handler, lifecycle, pools, publish, report, worker):
        part.install()
