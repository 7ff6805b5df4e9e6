"""Reads settings from the environment; a wrong value ends the start in one clear line.

Every name may also be given as `NAME_FILE`, the path of a file with the value: so come secrets.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import environ

YES = ("1", "true", "yes", "on")
NO = ("0", "false", "no", "off", "")


class WrongValue(SystemExit):
    """Ends the program with a sentence; no traceback leads away from it."""

    def __init__(self, name: str, allowed: str, value: str | None = None) -> None:
        got = "is missing" if value is None else f"is {value!r}"
        super().__init__(f"TaskLog cannot start: {name} {got}; allowed: {allowed}.")


class Environment:
    """Typed readers.  `names` collects what was asked for: the documentation is tested by it."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.names: dict[str, str] = {}

    def text(self, name: str, default: str = "", *, choices: Iterable[str] = ()) -> str:
        value = self._read(name, default)
        if choices and value not in choices:
            raise WrongValue(name, " or ".join(choices), value)
        return value

    def flag(self, name: str, default: bool) -> bool:
        value = self._read(name, str(default)).lower()
        if value not in YES + NO:
            raise WrongValue(name, "true or false", value)
        return value in YES

    def number(self, name: str, default: int, *, least: int = 0, most: int = 2**53) -> int:
        value = self._read(name, str(default))
        if not re.fullmatch(r"[0-9]{1,16}", value) or not least <= int(value) <= most:
            raise WrongValue(name, f"a whole number from {least} to {most}", value)
        return int(value)

    def optional_number(self, name: str, *, least: int = 0) -> int | None:
        return self.number(name, 0, least=least) if self._read(name, "") else None

    def words(self, name: str, default: Iterable[str] = ()) -> list[str]:
        """Parts between commas; spaces around them do not count."""
        parts = self._read(name, ",".join(default)).split(",")
        return [part.strip() for part in parts if part.strip()]

    def patterns(self, name: str) -> list[str]:
        """Regular expressions, one on each line: a comma may belong to one."""
        return [line for line in self._read(name, "").splitlines() if line.strip()]

    def url(self, name: str, default: str = "", *, schemes: Iterable[str]) -> str:
        value = self._read(name, default)
        if value and value.partition("://")[0] not in schemes:
            raise WrongValue(name, "a URL with " + ", ".join(f"{s}://" for s in schemes), value)
        return value

    def database(self, name: str, default: Path) -> dict[str, Any]:
        """Django's settings of the database in this URL; SQLite in `default` without one."""
        schemes = ("postgres", "postgresql", "sqlite", "mysql")
        if not (url := self.url(name, schemes=schemes)):
            return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(default)}
        return self._parsed(name, url, environ.Env.db_url_config)

    def cache(self, name: str) -> dict[str, Any]:
        schemes = ("locmemcache", "rediscache", "redis", "rediss", "filecache", "dbcache")
        url = self.url(name, "locmemcache://", schemes=schemes)
        return self._parsed(name, url, environ.Env.cache_url_config)

    def email(self, name: str) -> dict[str, Any]:
        schemes = ("smtp", "smtp+tls", "smtp+ssl", "submission", "consolemail", "dummymail")
        url = self.url(name, "consolemail://", schemes=schemes)
        return self._parsed(name, url, environ.Env.email_url_config)

    def _parsed(self, name: str, url: str, parse: Any) -> dict[str, Any]:
        try:
            return dict(parse(url))
        except Exception:  # django-environ raises whatever urllib and int() did
            # The value is not repeated: it may hold a password.
            raise WrongValue(name, "a URL such as scheme://user:password@host:port/name") from None

    def _read(self, name: str, default: str) -> str:
        self.names[name] = default
        if path := self._values.get(f"{name}_FILE"):
            try:
                return Path(path).read_text().strip()
            except (OSError, UnicodeDecodeError):
                raise WrongValue(f"{name}_FILE", "the path of a readable file", path) from None
        return self._values.get(name, default).strip()


def local_secret_key(folder: Path) -> str:
    """The key kept in `folder` (mode 0600), made at the first start."""
    path = folder / "secret_key"
    try:
        if not path.exists():
            _write_once(path, secrets.token_urlsafe(50))
        return path.read_text().strip()
    except OSError:
        allowed = f"a long random text, or SECRET_KEY_FILE, or a writable {folder}"
        raise WrongValue("SECRET_KEY", allowed) from None


def _write_once(path: Path, text: str) -> None:
    """Two first starts at once end with one key: the link is made by exactly one of them."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
