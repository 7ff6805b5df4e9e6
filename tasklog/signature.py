"""Failures of one kind have one signature: the exception's type and the place it came from.  BOTH.

The place is the innermost frame of the project's own code: file, function and the text of the
line, so that an edit further up moves nobody into another group.  Where there is no traceback (a
killed worker, a time limit) the words of the reason count, with what differs each time taken out.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

_FRAME = re.compile(
    r'^\s*File "([^"\n]{1,500})", line \d+, in (\S{1,200})[^\n]*(?:\n +(\S[^\n]*))?', re.M
)
_TYPE = re.compile(r"([A-Za-z_][\w.]{0,200})(?:: |\(|$)")
# Code that is not the project's own.
_FOREIGN = ("site-packages", "dist-packages", "/lib/python", "<frozen ")
# In their order: what was replaced is not looked at again.
_DIFFERS = (
    (re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"), "‹id›"),
    (re.compile(r"0x[0-9a-fA-F]+"), "‹id›"),
    (re.compile(r"'[^'\n]*'|\"[^\"\n]*\""), "‹text›"),
    (re.compile(r"\b(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{8,}\b"), "‹id›"),
    (re.compile(r"\d+(?:[.,:]\d+)*"), "‹n›"),
)
# Longer messages are cut first: nothing is gained from the rest.
_MESSAGE = 300
# A traceback's end is where the exception came from.
_TAIL = 20_000


class Signature(NamedTuple):
    """The key of a group, and what people read of it."""

    key: str
    kind: str
    place: str
    message: str


def sign(exception: str, traceback: str, reason: str, cause: str) -> Signature:
    """The signature of a bad end; there always is one."""
    last = traceback[-_TAIL:].rpartition("Traceback (most recent call last)")[2]
    said = _said(exception, last) or reason.strip() or cause
    kind = _kind(said) if exception or traceback else ""
    message = plain(said.removeprefix(kind).lstrip(": ("))
    file, function, code = _own_frame(last)
    place = f"{_short(file)} · {function}" if file else ""
    facts = (kind, _short(file), function, code) if file else (cause, kind, message)
    digest = hashlib.blake2s("\0".join(facts).encode("utf-8", "replace"), digest_size=8)
    return Signature(digest.hexdigest(), kind or cause, place, message)


def plain(message: str) -> str:
    """The first line, with numbers, ids and quoted texts replaced: `no price for ‹n›`."""
    text = message.strip().partition("\n")[0][:_MESSAGE]
    for pattern, word in _DIFFERS:
        text = pattern.sub(word, text)
    return text


def _said(exception: str, traceback: str) -> str:
    """`ValueError: no price`: the exception's own words, else the traceback's last line."""
    if exception.strip():
        return exception.strip()
    lines = [line for line in traceback.splitlines() if line[:1].strip()]
    return lines[-1].strip() if len(lines) > 1 else ""


def _kind(said: str) -> str:
    """`ValueError`, without the module it comes from."""
    found = _TYPE.match(said)
    return found[1].rpartition(".")[2] if found else ""


def _own_frame(traceback: str) -> tuple[str, str, str]:
    """File, function and code of the innermost frame of our own; else of the innermost at all."""
    frames = [(m[1], m[2], (m[3] or "").strip(" ~^")) for m in _FRAME.finditer(traceback)]
    own = [frame for frame in frames if not any(part in frame[0] for part in _FOREIGN)]
    return (own or frames or [("", "", "")])[-1]


def _short(file: str) -> str:
    """The last three parts of a path: machines install in different folders."""
    return "/".join(file.replace("\\", "/").rsplit("/", 3)[-3:]).lstrip("/")
