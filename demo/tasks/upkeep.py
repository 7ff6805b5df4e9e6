"""Looking whether everything answers, and clearing away old logs."""

from __future__ import annotations

import logging
import shutil
import sys
import time
import uuid
from collections.abc import Callable

from celery import shared_task
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection

from tasklog.capture import progress

logger = logging.getLogger("shop.upkeep")


class Unhealthy(Exception):
    """Something a worker needs does not answer."""


@shared_task(name="demo.health_check")
def health_check() -> dict[str, str]:
    """Asks the worker's database, cache and disk; fails when one of them is not well."""
    answers, ill = dict[str, str](), list[str]()
    for done, (name, check) in enumerate(CHECKS.items(), 1):
        began = time.perf_counter()
        try:
            answers[name] = check()
        except Exception as error:  # whatever it is, it is the answer
            answers[name] = f"{type(error).__name__}: {error}"
            ill.append(name)
        took = (time.perf_counter() - began) * 1000
        word, stream = ("ill", sys.stderr) if name in ill else ("ok", sys.stdout)
        print(f"{name:<9} {word:<4} {answers[name]}  ({took:.1f} ms)", file=stream)
        progress(100 * done / len(CHECKS), name)
    if ill:
        raise Unhealthy(", ".join(ill))
    return answers


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return str(connection.display_name)


def _cache() -> str:
    key = f"demo-health-{uuid.uuid4().hex}"
    cache.set(key, "well", 5)
    if cache.get(key) != "well":
        raise Unhealthy("what was written did not come back")
    cache.delete(key)
    return "what was written came back"


def _disk() -> str:
    usage = shutil.disk_usage(".")
    free = 100 * usage.free / usage.total
    if free < 2:
        raise Unhealthy(f"only {free:.1f} % free")
    return f"{free:.0f} % free, {usage.free / 2**30:,.1f} GB"


CHECKS: dict[str, Callable[[], str]] = {"database": _database, "cache": _cache, "disk": _disk}


@shared_task(name="demo.clean_up_logs")
def clean_up_logs(days: int | None = None, dry_run: bool = True) -> str:
    """Counts what is older than `days`; without `dry_run` the retention as it is set, now."""
    if dry_run:
        told = f"{days} days" if days else "the days they are kept"
        print(f"counting runs older than {told}")
        call_command("tasklog_prune", days=days, dry_run=True, stdout=sys.stdout)
        return "counted"
    logger.warning("deleting what is past its days")
    call_command("tasklog_prune", stdout=sys.stdout)
    return "deleted"
