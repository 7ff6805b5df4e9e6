"""Settings of the test run: the project's own, with a database that real workers can open too."""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("TASKLOG_VAR", tempfile.mkdtemp(prefix="tl-", dir="/tmp"))
os.environ.setdefault("SECRET_KEY", "for-tests-only")

from project.settings import *  # noqa: F403
from project.settings import DATABASES, VAR_DIR

Path(VAR_DIR).mkdir(parents=True, exist_ok=True)
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, not memory: the test's workers and drainers are processes of their own.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
# Test clients log in without a request, which the guard of the login form wants.
AXES_ENABLED = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_TASKLOG_DRAINER = os.environ.get("CELERY_TASKLOG_DRAINER", "inline")
CELERY_TASK_ALWAYS_EAGER = os.environ.get("TASKLOG_TEST_EAGER", "1") == "1"
# Every test client makes a site of its own, which would look at all static files: 30 ms.
WHITENOISE_AUTOREFRESH = True
