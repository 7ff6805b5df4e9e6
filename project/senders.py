"""Who may send a long body, told by the headers alone, before a byte of it is kept.  WEB."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError, close_old_connections
from rest_framework.exceptions import AuthenticationFailed

from tasklog.api.auth import holds, key_of, may, user_of, user_of_session
from tasklog.roles import Role


def may_upload(scope: dict[str, Any]) -> bool:
    """Is it an operator's session, or a key for uploads?  With no database nobody's."""
    close_old_connections()
    try:
        request = ASGIRequest(scope, BytesIO())
        key, session = key_of(request), request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        user = user_of(key) if key else user_of_session(session)
        return may(user, key, "uploads") and holds(user, key, Role.OPERATOR)
    except (AuthenticationFailed, DatabaseError):
        return False
    finally:
        close_old_connections()
