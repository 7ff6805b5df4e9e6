"""When the database or the archive is away, a page that says so instead of a stack trace.  WEB."""

from __future__ import annotations

import logging

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from dashboard.views.errors import archive_away, database_away
from tasklog.archive.archiving import ChunkDamaged
from tasklog.archive.chunks import UnknownCodec

logger = logging.getLogger(__name__)


class DatabaseAwayMiddleware(MiddlewareMixin):
    """Answers 503 for a view that could not reach the database, or read archived lines.

    Quick only if connecting gives up quickly: see the connect timeouts in the settings.
    """

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, (ChunkDamaged, UnknownCodec)):
            logger.error("archived lines cannot be read at %s: %s", request.path, exception)
            return archive_away(request)
        if not isinstance(exception, (OperationalError, InterfaceError)):
            return None
        logger.warning("database away at %s: %s", request.path, exception)
        return database_away(request, exception)
