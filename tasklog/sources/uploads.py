"""Takes a file that somebody sends: checked, kept in the folder, given to a worker.  BOTH."""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Count, QuerySet, Sum
from django.utils import timezone

from tasklog.conf import conf
from tasklog.drain.door import open_run
from tasklog.drain.text import clean
from tasklog.models import TaskRun
from tasklog.sources import files, unpack
from tasklog.sources.blocks import Readable
from tasklog.sources.models import Upload
from tasklog.sources.refused import Refused
from tasklog.sources.sniff import FORMATS
from tasklog.spool.record import field

logger = logging.getLogger(__name__)

DAY = timedelta(days=1)
# An open upload of which no worker has given a sign for so long is queued again.
ABANDONED = timedelta(minutes=5)
NAME_CHARS = 200


def take(stream: Readable, name: str, user: str, *, chosen: str = "", size: int = 0) -> Upload:
    """The upload, on its way to a worker.  As `receive`."""
    upload = receive(stream, name, user, chosen=chosen, size=size)
    queue(upload)
    return upload


def receive(stream: Readable, name: str, user: str, *, chosen: str = "", size: int = 0) -> Upload:
    """The upload, kept for a worker.  Raises `Refused`; then nothing is left behind.

    `size`: what the sender says, looked at first; what counts are the bytes that come.
    """
    if chosen and chosen not in FORMATS:
        raise Refused(f"{chosen!r} is no format. There are {', '.join(FORMATS)}.")
    _check_quota(user, size)
    stored_as, size = files.save(stream, conf().upload_max_bytes)
    try:
        unpack.parts_of(files.path_of(stored_as))
        return _enter(plain_name(name), user, stored_as, size, chosen)
    except BaseException:
        files.delete(stored_as)
        raise


def plain_name(name: str) -> str:
    """The last part of what the browser calls it, one printable line."""
    last = clean(name).replace("\\", "/").rstrip("/").rpartition("/")[2]
    plain = field(last.strip()) or "unnamed"
    return plain if len(plain) <= NAME_CHARS else plain[: NAME_CHARS - 1] + "…"


def _check_quota(user: str, size: int) -> None:
    most = conf().upload_max_bytes
    if size > most:
        raise files.too_large(most)
    lately = Upload.objects.filter(user=user, created_at__gt=timezone.now() - DAY)
    sent = lately.aggregate(files=Count("pk"), size=Sum("size"))
    if sent["files"] >= conf().upload_files_a_day:
        raise Refused(f"You have sent {sent['files']} files in 24 hours; that is the most.", 429)
    if (sent["size"] or 0) + size > conf().upload_bytes_a_day:
        told = f"More than {conf().upload_bytes_a_day:,} bytes in 24 hours. Try again tomorrow."
        raise Refused(told, 429)


def _enter(name: str, user: str, stored_as: str, size: int, chosen: str) -> Upload:
    run_id = str(uuid.uuid4())
    with transaction.atomic():
        _one_at_a_time(user)
        _check_quota(user, size)
        open_run(run_id, title=f"upload:{name}", source=f"upload {name}", user=user)
        return Upload.objects.create(
            run_id=run_id, name=name, user=user, stored_as=stored_as, size=size, format=chosen
        )


def _one_at_a_time(user: str) -> None:
    """Files that come at once see each other in the quota.  SQLite has one writer anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"upload of {user}"])


def queue(upload: Upload) -> bool:
    """Gives it to a worker; without a broker it waits until it is looked for again."""
    from tasklog.sources.tasks import process_log_file

    try:
        process_log_file.delay(upload.pk)
    except Exception as error:  # whatever kombu's transports raise
        logger.warning("upload %s waits for a broker: %s", upload.pk, type(error).__name__)
        return False
    return True


def take_up() -> int:
    """Queues uploads again that a dead worker or an absent broker left behind."""
    gone = timezone.now() - ABANDONED
    left = Upload.objects.filter(state__in=["waiting", "reading"], touched_at__lt=gone)
    found = list(left[:100])
    for upload in found:
        Upload.objects.filter(pk=upload.pk).update(touched_at=timezone.now())
        queue(upload)
    return len(found)


def tidy() -> int:
    """Forgets uploads whose run is gone, and files that belong to none."""
    there = TaskRun.objects.filter(pk__in=Upload.objects.values("run_id")).values("pk")
    old = Upload.objects.filter(created_at__lt=timezone.now() - 2 * DAY)
    gone = list(old.exclude(run_id__in=there)[:1000])
    for upload in gone:
        files.delete(upload.stored_as)
        upload.delete()
    return len(gone) + _strays()


def _strays() -> int:
    """Files older than two days that no upload knows: a web process died while it wrote."""
    limit = (timezone.now() - 2 * DAY).timestamp()
    known = set(Upload.objects.exclude(stored_as="").values_list("stored_as", flat=True))
    strays = [
        path
        for path in files.folder().iterdir()
        if files.is_ours(path.name) and path.name not in known and path.lstat().st_mtime < limit
    ]
    for path in strays:
        files.delete(path.name)
    return len(strays)


def visible_to(user: object) -> QuerySet[Upload]:
    """Those whose run this user may see."""
    return Upload.objects.filter(run_id__in=TaskRun.objects.visible_to(user).values("pk"))
