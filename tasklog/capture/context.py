"""What the capture knows about here and now.  BOTH."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tasklog.capture.attempt import Attempt

# Who asked, in which web request: `{"user", "request_id"}`; set by the middleware.
ORIGIN: ContextVar[Mapping[str, str] | None] = ContextVar("tasklog_origin", default=None)

# Whose output is written here: None outside of tasks, and while a logging handler is at work
# (what it writes to the console has been recorded already).
CURRENT: ContextVar[Attempt | None] = ContextVar("tasklog_current", default=None)
