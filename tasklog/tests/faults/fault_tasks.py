"""Tasks for real workers that print numbered lines, keep their own account, and end badly."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import suppress

from celery import shared_task
from django.contrib.sessions.models import Session
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from tasklog.tests.faults.truth import Truth


@shared_task(name="faults.emit", acks_late=False)
def emit(truth, lines, rate=0, pad=""):
    """Prints `line 1`, `line 2` … at `rate` lines a second, or as fast as it goes."""
    account, began = Truth(truth), time.monotonic()
    for number in range(1, lines + 1):
        account.call(lambda number=number: print(f"line {number}{pad}"))
        if rate and (ahead := began + number / rate - time.monotonic()) > 0:
            time.sleep(ahead)


@shared_task(name="faults.again", bind=True, acks_late=True, reject_on_worker_lost=True)
def again(self, truth, lines, rate):
    """Like `emit`, and delivered again when its process is killed."""
    second = self.request.delivery_info.get("redelivered")
    emit(f"{truth}.{int(bool(second))}", lines, rate)


@shared_task(name="faults.quick")
def quick(lines=1):
    """`lines` lines that carry the task's own id."""
    for number in range(1, lines + 1):
        print(f"line {number} of {quick.request.id}")


@shared_task(name="faults.limit", soft_time_limit=1, time_limit=2, acks_late=False)
def limit(truth):
    """Ignores its soft limit, and prints on in its `finally` when the hard one strikes."""
    account = Truth(truth)
    try:
        account.call(lambda: print("line 1"))
        for _ in range(2):
            with suppress(Exception):
                time.sleep(30)
    finally:
        for number in range(2, 12):
            account.call(lambda number=number: print(f"line {number}"))


@shared_task(name="faults.soft", soft_time_limit=1, time_limit=20, acks_late=False)
def soft(truth):
    emit(truth, 1_000_000, 500)


@shared_task(name="faults.abort")
def abort(truth):
    """Breaks its transaction, closes its connection, prints on; returns queries not its own."""
    account, queries = Truth(truth), []

    def note(execute, sql, params, many, context):
        queries.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note), suppress(DatabaseError), transaction.atomic():
        account.call(lambda: print("line 1"))
        with suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute("SELECT nothing FROM nowhere")
        account.call(lambda: print("line 2"))
        connection.set_rollback(True)
    connection.close()
    account.call(lambda: print("line 3"))
    return [sql for sql in queries if "tasklog" in sql]


@shared_task(name="faults.rows")
def rows(truth, count):
    """Writes rows of its own, a transaction each, and prints between them."""
    account = Truth(truth)
    for number in range(1, count + 1):
        with transaction.atomic():
            Session.objects.filter(pk="nobody").exists()
            Session.objects.update_or_create(
                pk=f"{rows.request.id[:30]}-{number}", defaults={"expire_date": timezone.now()}
            )
        account.call(lambda number=number: print(f"line {number}"))


@shared_task(name="faults.fork")
def fork(truth):
    """Forks a hundred times while four threads print; returns how many children came back."""
    account, over = Truth(truth), threading.Event()

    def noise():
        while not over.is_set():
            print("noise")
            time.sleep(0.0005)

    threads = [threading.Thread(target=noise) for _ in range(4)]
    for thread in threads:
        thread.start()
    back = 0
    for number in range(100):
        account.call(lambda number=number: print(f"line {number + 1}"))
        child = os.fork()
        if child == 0:
            print(f"fork {number}")
            sys.stdout.flush()
            os._exit(0)
        back += os.waitpid(child, 0)[1] == 0
    over.set()
    for thread in threads:
        thread.join()
    return back
