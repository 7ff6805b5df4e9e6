"""Texts that only this project can read again: Fernet under CELERY_TASKLOG_SEAL_KEYS.  BOTH.

The first key writes, all of them read: a key is rotated by putting the new one in front.  Without
keys of their own the project's SECRET_KEY and its fallbacks are used.  Raises ImportError where
`cryptography` is not installed (the extra `encrypt`).
"""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings

from tasklog.conf import conf

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

# Bound into the derived key: a SECRET_KEY that signs cookies as well gives nothing away here.
_PURPOSE = b"tasklog.sealing"


class Unreadable(ValueError):
    """Sealed under a key that is not among ours, or tampered with."""


def seal(text: str) -> str:
    """The text as a token for a spool or a table."""
    return _box(_keys()).encrypt(text.encode("utf-8", "surrogatepass")).decode("ascii")


def unseal(token: str) -> str:
    """The text again.  Raises `Unreadable`."""
    from cryptography.fernet import InvalidToken

    try:
        return _box(_keys()).decrypt(token.encode("ascii")).decode("utf-8", "surrogatepass")
    except (InvalidToken, UnicodeEncodeError) as error:
        raise Unreadable("Sealed under a key that is not known here.") from error


def _keys() -> tuple[str, ...]:
    return conf().seal_keys or (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    from cryptography.fernet import Fernet, MultiFernet

    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE)
    return base64.urlsafe_b64encode(kdf.derive(key.encode()))
