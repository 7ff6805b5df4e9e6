"""Users by the batch, and cleaning up those that nobody used.

Each user made here is marked by a `DemoUser`, and only marked ones are ever taken away: a person's
account has no such mark, whatever it is called.
"""

from __future__ import annotations

import logging
import random
from datetime import datetime, timedelta
from typing import Any

from celery import shared_task
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from demo.models import DemoUser
from demo.tasks.retrying import RetryingTask
from tasklog.capture import progress

logger = logging.getLogger("shop.people")

AT_ONCE = 50
# No mail ever goes there (RFC 2606).
DOMAIN = "demo.invalid"
# So far back lies the last time such a user was seen, at most (days).
SPREAD = 180


@shared_task(base=RetryingTask, name="demo.create_users")
def create_users(count: int = 50, prefix: str = "guest") -> dict[str, int]:
    """Makes `count` users `prefix-000123` that nobody can log in as: all of them or none, so that
    a second attempt makes no more.
    """
    print(f"making {count} users {prefix}-…@{DOMAIN} in batches of {AT_ONCE}")
    made = 0
    with transaction.atomic():
        while made < count:
            batch = _make(prefix, min(AT_ONCE, count - made))
            made += len(batch)
            print(f"{made:>4}/{count}  {batch[0]} … {batch[-1]}")
            progress(100 * made / count, f"{made} of {count} users")
    logger.info("%d users made, none of them can log in", made)
    return {"created": made}


def _make(prefix: str, count: int) -> list[str]:
    """One batch; the new names."""
    marks = DemoUser.objects.bulk_create(DemoUser(seen_at=_some_day()) for _ in range(count))
    users = [_user(f"{prefix}-{mark.pk:06d}", mark) for mark in marks]
    made = get_user_model().objects.bulk_create(users)
    for mark, user in zip(marks, made, strict=True):
        mark.user = user
    DemoUser.objects.bulk_update(marks, ["user"])
    return [user.get_username() for user in made]


def _some_day() -> datetime:
    return timezone.now() - timedelta(days=random.randrange(SPREAD))


def _user(name: str, mark: DemoUser) -> Any:
    return get_user_model()(
        username=name,
        email=f"{name}@{DOMAIN}",
        password=make_password(None),
        is_active=False,
        date_joined=mark.seen_at,
    )


@shared_task(base=RetryingTask, name="demo.clean_up_users")
def clean_up_users(days: int = 90, dry_run: bool = True) -> dict[str, int]:
    """Takes away demo users not seen for `days`; with `dry_run` only counts them."""
    edge = timezone.now() - timedelta(days=days)
    old = DemoUser.objects.filter(seen_at__lt=edge).select_related("user").order_by("pk")
    total, kept = old.count(), DemoUser.objects.filter(seen_at__gte=edge).count()
    print(f"{total} demo users were not seen for {days} days, {kept} were")
    if dry_run:
        for mark in old[:10]:
            print(f"would delete {mark} (last seen {mark.seen_at:%Y-%m-%d})")
        return {"deleted": 0, "would_delete": total, "kept": kept}
    deleted = 0
    while batch := list(old[:AT_ONCE]):
        deleted += _delete(batch)
        print(f"{deleted:>4}/{total}  deleted up to {batch[-1]}")
        progress(100 * deleted / max(total, deleted), f"{deleted} of {total} users")
    logger.info("%d users deleted, %d kept", deleted, kept)
    return {"deleted": deleted, "would_delete": 0, "kept": kept}


def _delete(batch: list[DemoUser]) -> int:
    """The marks go with their users; a mark whose user is gone already goes by itself."""
    with transaction.atomic():
        get_user_model().objects.filter(demo_mark__in=batch).delete()
        DemoUser.objects.filter(pk__in=[mark.pk for mark in batch]).delete()
    return len(batch)
