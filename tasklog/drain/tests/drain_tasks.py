"""Tasks for real workers: they print, sleep, roll back and run out of time."""

import time
from contextlib import suppress

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction


# Both limits: Celery starts the hard one's clock when the soft one has run out, and the project
# has a soft limit of its own for tasks without.
@shared_task(name="drain.too_long", soft_time_limit=1, time_limit=2, acks_late=False)
def too_long():
    print("before the limit")
    with suppress(SoftTimeLimitExceeded):
        time.sleep(60)
    time.sleep(60)


@shared_task(name="drain.sleep", acks_late=False)
def sleep(seconds):
    print("asleep")
    time.sleep(seconds)
    print("awake")


@shared_task(name="drain.roll_back")
def roll_back():
    from tasklog.models import TaskWorker

    with transaction.atomic():
        TaskWorker.objects.create(name="rolled back")
        print("inside the transaction")
        raise ValueError("undone")
