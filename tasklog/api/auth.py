"""Who asks, what they may, how often.  WEB.

A key counts only in the header `Authorization: Api-Key KEY`; with it, cookies count for nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from tasklog.api.keys import KeyUser, find_key, note_use, prefix_of
from tasklog.api.models import ALL, ApiKey
from tasklog.audit.trail import record
from tasklog.roles import Role, role_of

SCHEME = "Api-Key"
READS, WRITES = "600/min", "60/min"
# What each scope asks of a person; a key of a person's may no more than that person.
ROLES = {
    ALL: Role.ADMINISTRATOR,
    "tasks:read": Role.VIEWER,
    "logs:read": Role.VIEWER,
    "control": Role.OPERATOR,
    # To look; what changes something says by `least` who may.
    "uploads": Role.VIEWER,
    "alerts": Role.VIEWER,
    "metrics": Role.ADMINISTRATOR,
}


def key_of(request: HttpRequest) -> ApiKey | None:
    """The request's key; None when it brings none.  Raises AuthenticationFailed for a bad one."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != SCHEME.lower():
        return None
    key = find_key(text.strip())
    if key is None:
        record("use key", request=request, target=prefix_of(text.strip()), refused=True)
        raise AuthenticationFailed("This key is wrong, expired or revoked.")
    note_use(key)
    return key


def user_of(key: ApiKey) -> Any:
    """Whose runs the key sees."""
    return key.user or KeyUser(key)


def user_of_session(key: str | None) -> Any:
    """Whose session it is, by the database; nobody's for none or one that has ended."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    return get_user(request)


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Api-Key KEY`."""

    def authenticate(self, request: Request) -> tuple[Any, ApiKey] | None:
        key = key_of(request._request)
        return (user_of(key), key) if key else None

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


def may(user: Any, key: ApiKey | None, scope: str) -> bool:
    """By the key's scopes, and by the role of the person it belongs to or who is signed in."""
    if key is not None and not key.allows(scope):
        return False
    return holds(user, key, ROLES[scope])


def holds(user: Any, key: ApiKey | None, least: Role) -> bool:
    """Has the person this role?  A key that is nobody's may what its scopes say."""
    nobodys = key is not None and key.user is None
    return nobodys or role_of(user) >= least


def lacking(key: ApiKey | None, scope: str) -> str:
    """The sentence for one who may not."""
    if key is not None and not key.allows(scope):
        return f"This key lacks the scope {scope}."
    return "Your account may not do this."


def scope_of(view: Any, method: str) -> str:
    """What a key needs for this method; a method that the view has not counts as reading."""
    scope: str | dict[str, str] = view.scope  # a view without one must fail
    return scope if isinstance(scope, str) else scope.get(method, scope["GET"])


class HasScope(BasePermission):
    """Signed in; and a key must hold the view's `scope`, a person the role of the method."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        scope = scope_of(view, str(request.method))
        key = request.auth if isinstance(request.auth, ApiKey) else None
        self.message = lacking(key, scope)
        least = getattr(view, "least", {}).get(request.method, Role.NOBODY)
        return may(request.user, key, scope) and holds(request.user, key, least)


class KeyThrottle(SimpleRateThrottle):
    """600 reads and 60 writes a minute for each key, counted in Django's cache."""

    def __init__(self) -> None:
        """The rate depends on the request, so it is set in `allow_request`."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        self.kind = "read" if request.method in SAFE_METHODS else "write"
        self.rate = READS if self.kind == "read" else WRITES
        self.num_requests, self.duration = self.parse_rate(self.rate)
        return super().allow_request(request, view)

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        if not isinstance(request.auth, ApiKey):
            return None
        return f"tasklog-api-{self.kind}-{request.auth.pk}"


class Caller:
    """Who opened a stream; asked again while it is open."""

    def __init__(self, request: HttpRequest, scope: str) -> None:
        """Raises AuthenticationFailed for nobody."""
        self.scope = scope
        self.key = key_of(request)
        self.session = "" if self.key else request.session.session_key or ""
        self.user: Any = user_of(self.key) if self.key else request.user
        if not self.user.is_authenticated:
            raise AuthenticationFailed("Sign in, or send a key.")

    @property
    def name(self) -> str:
        """One per person or key, to count its streams by."""
        return f"key:{self.key.pk}" if self.key else f"user:{self.user.pk}"

    def may(self) -> bool:
        return may(self.user, self.key, self.scope)

    def still_may(self) -> bool:
        """Asks the database anew: was the key revoked, the session ended, the right taken?"""
        if self.key is not None:
            key = ApiKey.objects.select_related("user").filter(pk=self.key.pk).first()
            if key is None or key.state != "active":
                return False
            return may(user_of(key), key, self.scope)
        return may(user_of_session(self.session), None, self.scope)
