"""What was left lying about: uploads of dead requests, halves of backups, old sessions.  WORKER.

Only files with a name that nothing else makes, of this user, untouched for a day.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from django.conf import settings

from tasklog.conf import conf
from tasklog.maintenance.backup.folder import PARTIAL

# Whoever makes a file that may be left lying about begins its name so.
PREFIX = "tasklog-tmp-"
# Django's TemporaryFileUploadHandler calls them tmpXXXX.upload.NAME.
UPLOADS = "tmp*.upload*"
A_DAY = 24 * 3600
# Files of one run: a folder with a million of them must not keep a worker for hours.
AT_ONCE = 10_000


def remove_files() -> tuple[int, int]:
    """Deletes them; how many there were, and their bytes."""
    gone = size = 0
    for path, length in _old_files():
        try:
            path.unlink()
        except OSError:  # somebody was quicker, or may and we may not
            continue
        gone, size = gone + 1, size + length
        if gone >= AT_ONCE:
            break
    return gone, size


def clear_sessions() -> bool:
    """Deletes the sessions that have expired, where the project keeps any."""
    if "django.contrib.sessions" not in settings.INSTALLED_APPS:
        return False
    try:
        import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    except NotImplementedError:  # a store that forgets by itself
        return False
    return True


def _old_files() -> Iterator[tuple[Path, int]]:
    temporary = Path(tempfile.gettempdir())
    uploads = Path(settings.FILE_UPLOAD_TEMP_DIR or temporary)
    places = [(temporary, f"{PREFIX}*"), (uploads, UPLOADS)]
    if conf().backup_dir:
        places.append((Path(conf().backup_dir), f"{PARTIAL}*"))
    before = time.time() - A_DAY
    for folder, pattern in places:
        for path in folder.glob(pattern):
            if length := _length(path, before):
                yield path, length - 1


def _length(path: Path, before: float) -> int:
    """The file's bytes plus one; 0 for what must stay."""
    try:
        found = path.lstat()
    except OSError:
        return 0
    ours = path.is_file() and not path.is_symlink() and found.st_uid == os.getuid()
    return found.st_size + 1 if ours and found.st_mtime < before else 0
