"""Makes keys, finds them again, and notes their use.  BOTH."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from tasklog.api.models import SCOPES, ApiKey
from tasklog.audit.trail import record

DAYS = 90
LONGEST_DAYS = 3650
# The last use is written at most this often.
USE_NOTED_EVERY = timedelta(minutes=1)
_FORM = re.compile(r"([0-9a-f]{8})\.[A-Za-z0-9_-]{43}")


class KeyUser(AnonymousUser):
    """Who asks with a key that belongs to nobody: signed in, with no rights of a person."""

    def __init__(self, key: ApiKey) -> None:
        super().__init__()
        self._name = f"key:{key.name}"

    def get_username(self) -> Any:
        return self._name

    @property
    def is_anonymous(self) -> Any:
        return False

    @property
    def is_authenticated(self) -> Any:
        return True


def create_key(
    name: str,
    scopes: Collection[str],
    *,
    days: int | None = DAYS,
    until: datetime | None = None,
    user: Any = None,
    request: HttpRequest | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its text, which nobody can read again.  `days` None: it never expires.

    `until`: when it ends in any case.

    Raises ValueError for a scope that does not exist.
    """
    if wrong := set(scopes) - set(SCOPES) or not scopes:
        named = ", ".join(sorted(wrong)) if isinstance(wrong, set) else "nothing"
        raise ValueError(f"No such scope: {named}. There are: {', '.join(SCOPES)}.")
    prefix = secrets.token_hex(4)
    text = f"{prefix}.{secrets.token_urlsafe(32)}"
    ends = [until, None if days is None else timezone.now() + timedelta(days=days)]
    expires_at = min((end for end in ends if end), default=None)
    key = ApiKey.objects.create(
        name=name, prefix=prefix, digest=_digest(text), scopes=sorted(set(scopes)),
        user=user, expires_at=expires_at,
    )  # fmt: skip
    record("make key", request=request, target=f"{key} {','.join(key.scopes)}")
    return key, text


def find_key(text: str) -> ApiKey | None:
    """The active key with this text.  A wrong one takes as long as a right one."""
    form = _FORM.fullmatch(text)
    key = ApiKey.objects.select_related("user").filter(prefix=form[1]).first() if form else None
    same = secrets.compare_digest(key.digest if key else _NOBODY, _digest(text))
    return key if key is not None and same and key.state == "active" else None


def prefix_of(text: str) -> str:
    """The part of a key that people may see; what is no key is not repeated."""
    form = _FORM.fullmatch(text)
    return f"{form[1]}…" if form else "(no key)"


def revoke(keys: QuerySet[ApiKey], request: HttpRequest | None = None) -> int:
    """Ends these keys now; how many there were to end."""
    ended = list(keys.filter(revoked_at=None))
    ApiKey.objects.filter(pk__in=[key.pk for key in ended]).update(revoked_at=timezone.now())
    for key in ended:
        record("revoke key", request=request, target=str(key))
    return len(ended)


def note_use(key: ApiKey) -> None:
    now = timezone.now()
    if key.last_used_at is not None and key.last_used_at > now - USE_NOTED_EVERY:
        return
    old = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
    with suppress(DatabaseError):  # a busy database is no reason to refuse a reader
        ApiKey.objects.filter(old, pk=key.pk).update(last_used_at=now)


def _digest(text: str) -> str:
    """A fast hash is right here: 256 random bits cannot be guessed, however fast one tries."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


_NOBODY = "0" * 64
