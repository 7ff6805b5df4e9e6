"""Who may send a long body, told by the headers alone, before a byte of it is kept.  WEB."""

from __future__ import annotations

from importlib import import_module
from io import BytesIO
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError, close_old_connections
from rest_framework.exceptions import AuthenticationFailed

from tasklog.api.auth import holds, key_of, may, user_of
from tasklog.roles import Role


def may_upload(scope: dict[str, Any]) -> bool:
    """Is it an operator's session, or a key for uploads?  With no database nobody's."""
    close_old_connections()
    try:
        request = ASGIRequest(scope, BytesIO())
        key = key_of(request)
        user = user_of(key) if key else _signed_in(request)
        return may(user, key, "uploads") and holds(user, key, Role.OPERATOR)
    except (AuthenticationFailed, DatabaseError):
        return False
    finally:
        close_old_connections()


def _signed_in(request: ASGIRequest) -> Any:
    engine = import_module(settings.SESSION_ENGINE)
    request.session = engine.SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    return get_user(request)
