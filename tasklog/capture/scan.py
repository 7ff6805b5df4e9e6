"""What a secret looks like.  WORKER.

Every pattern here is bounded or deterministic, so that a scan is linear in the text: no pattern
has two unbounded parts that can match the same character.
"""

from __future__ import annotations

import re
from collections.abc import Callable

MASKED = "[masked]"

_NAMES = (
    r"passw(?:or)?d|passwd|passphrase|passcode|pwd|secret|token|api[_-]?key|access[_-]?key(?:[_-]?id)?"
    r"|secret[_-]?key|private[_-]?key|signing[_-]?key|encryption[_-]?key|auth[_-]?key"
    r"|authorization|cookie|session(?:[_-]?(?:id|key))?|sessid|csrf(?:middleware)?|credentials?"
)
# For lowered text: ignoring case takes seven times as long.
_PAIR = re.compile(rf"(?:{_NAMES})[0-9]{{0,2}}\\{{0,4}}[\"']?[ \t]{{0,4}}(?:=>|=|:)[ \t]{{0,4}}")
_NAME = re.compile(rf"(?:{_NAMES}|auth)[0-9]{{0,2}}$", re.IGNORECASE)
# What opens a quoted value, or is one that has been masked.
_QUOTED = re.compile(r"b?(\\{0,4}[\"'])|\[masked\]")
_PLAIN = re.compile(r"[^\s,;&\"'<>(){}\[\]\\]+")
_SCHEME = re.compile(r"(?:bearer|basic|digest|token|api-key)[ ]{1,3}", re.IGNORECASE)
_BEARER = re.compile(r"\b(bearer|basic)[ ]{1,3}([A-Za-z0-9._~+/=-]{8,})", re.IGNORECASE)
_KNOWN = re.compile(
    r"\b(?:(?:AKIA|ASIA)[A-Z0-9]{16}|gh[ps]_[A-Za-z0-9]{36}|xox[abprs]-[A-Za-z0-9-]{10,200})\b"
)
_URL = re.compile(r"://([^\s/:@?#\"'<>]{0,128}):([^\s/\"'<>]{1,256})@")
# In one piece, or in the groups that are printed on cards: a counter before a Unix time is none.
_CARD = re.compile(
    r"(?<![0-9])[2-6](?:[0-9]{12,18}|[0-9]{3}(?P<gap>[ -])"
    r"(?:[0-9]{4}(?P=gap)[0-9]{4}(?P=gap)[0-9]{1,7}|[0-9]{6}(?P=gap)[0-9]{4,5}))(?![0-9])"
)
# Ids in hexadecimal: two UUIDs of a thousand hold digits that could be a card's (measured).
_ID = (
    r"(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[0-9A-Fa-f]{32,128}+)"
    r"(?![0-9A-Za-z])"
)
_ID_OR_CARD = re.compile(f"{_ID}|({_CARD.pattern})")
# What every card number contains: so many digits, spaces and dashes on end.  Found by turning all
# of them into the same byte, in half the time a pattern takes.
_RUNS = bytes.maketrans(b"0123456789 -", b"0" * 12)
_THIRTEEN = b"0" * 13
# A word is taken whole, so that no letter of it is looked at again from each `eyJ` in it.
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]*+(\.eyJ[A-Za-z0-9_-]*+\.[A-Za-z0-9_-]*+)?")
# What doubling a digit gives, its own digits added.
_DOUBLED = bytes.maketrans(b"0123456789", bytes([0, 2, 4, 6, 8, 1, 3, 5, 7, 9]))
_BEGIN = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----")


def suspicious(text: str) -> bool:
    """True when the text may hold a secret.  All that a clean line costs."""
    low = text.lower()
    # A chain of `in` is quicker than any pattern, and a single letter than a word (measured).
    return (
        (("=" in low or ":" in low) and _names_a_secret(low))
        or "bearer" in low
        or "basic" in low
        or ("J" in text and "eyJ" in text)
        or ("I" in text and ("-----BEGIN" in text or "AKIA" in text or "ASIA" in text))
        or ("_" in text and ("ghp_" in text or "ghs_" in text))
        or "xox" in text
        or (
            # `in` would ask first whether this is a number: five times as long (measured).
            text.encode("utf-8", "surrogatepass").translate(_RUNS).find(_THIRTEEN) >= 0
            and _CARD.search(text) is not None
        )
    )


def _names_a_secret(low: str) -> bool:
    return (
        "pass" in low
        or "key" in low
        or "secret" in low
        or "token" in low
        or "auth" in low
        or "cookie" in low
        or "sess" in low
        or "cred" in low
        or "pwd" in low
        or "csrf" in low
        or "://" in low
    )


def mask(text: str) -> str:
    """The text with what looks like a secret masked."""
    for step in _STEPS:
        text = step(text)
    return text


def is_secret_name(name: str) -> bool:
    """True for the name of a setting, header or argument that holds a secret."""
    return _NAME.search(name[-64:]) is not None


def opens_key(text: str) -> bool:
    """True when a private key begins in the text and does not end there."""
    last = text.rpartition("-----BEGIN")
    return bool(last[1]) and "-----END" not in last[2] and _BEGIN.search(text) is not None


def _mask_pairs(text: str) -> str:
    """`key=value`, `key: value`, `"key": "value"`."""
    parts, done = [], 0
    for pair in _PAIR.finditer(_lowered(text)):
        begin = pair.end()
        if begin <= done:
            continue
        start, end = _value(text, begin, is_cookie=pair[0].startswith("cookie"))
        if end > start:
            parts += [text[done:start], MASKED]
            done = end
    return "".join([*parts, text[done:]]) if parts else text


def _lowered(text: str) -> str:
    """The text in small letters, each where it was: one capital alone becomes two characters."""
    return (text if text.isascii() else text.replace("\u0130", "I")).lower()


def _value(text: str, start: int, *, is_cookie: bool) -> tuple[int, int]:
    """Where the value begins and ends."""
    quoted = _QUOTED.match(text, start)
    if quoted:
        start = quoted.end()
        return start, _closing(text, start, quoted[1]) if quoted[1] else start
    if is_cookie:
        return start, _end_of_header(text, start)
    scheme = _SCHEME.match(text, start)
    if scheme:
        start = scheme.end()
    plain = _PLAIN.match(text, start)
    return start, plain.end() if plain else start


def _closing(text: str, start: int, quote: str) -> int:
    end = text.find(quote, start)
    while end > start and len(quote) == 1 and _escaped(text, start, end):
        end = text.find(quote, end + 1)
    return len(text) if end < 0 else end


def _escaped(text: str, start: int, end: int) -> bool:
    position = end
    while position > start and text[position - 1] == "\\":
        position -= 1
    return (end - position) % 2 == 1


def _end_of_header(text: str, start: int) -> int:
    ends = (text.find(mark, start) for mark in ('"', "'"))
    return min((end for end in ends if end >= 0), default=len(text))


def _mask_bearer(text: str) -> str:
    return _BEARER.sub(_bearer, text)


def _bearer(match: re.Match[str]) -> str:
    scheme, token = match.groups()
    if token.isalpha() and token.islower():
        return match.group()  # "basic training"
    return f"{scheme} {MASKED}"


def _mask_jwt(text: str) -> str:
    """`eyJ….eyJ….…`"""
    return _JWT.sub(_jwt, text) if "eyJ" in text else text


def _jwt(match: re.Match[str]) -> str:
    return match[0] if match[1] is None else MASKED


def _mask_known(text: str) -> str:
    return _KNOWN.sub(MASKED, text)


def _mask_urls(text: str) -> str:
    return _URL.sub(rf"://\1:{MASKED}@", text) if "://" in text else text


def _mask_cards(text: str) -> str:
    runs = text.encode("utf-8", "surrogatepass").translate(_RUNS)
    return _ID_OR_CARD.sub(_card, text) if _THIRTEEN in runs else text


def _card(match: re.Match[str]) -> str:
    number = match[1]
    if number is None:
        return match[0]
    return MASKED if _luhn(number.encode().translate(None, b" -")) else number


def _luhn(digits: bytes) -> bool:
    single = digits[-1::-2]
    total = sum(single) - 48 * len(single) + sum(digits[-2::-2].translate(_DOUBLED))
    return total % 10 == 0 and digits.count(digits[0]) != len(digits)


def _mask_key_blocks(text: str) -> str:
    """Every block from its BEGIN to its END, or to the end of the text."""
    parts, done = [], 0
    while begin := _BEGIN.search(text, done):
        end = text.find("-----END", begin.end())
        end = len(text) if end < 0 else end
        parts += [text[done : begin.end()], MASKED if end > begin.end() else ""]
        done = end
    return "".join([*parts, text[done:]])


_STEPS: tuple[Callable[[str], str], ...] = (
    _mask_key_blocks,
    _mask_urls,
    _mask_pairs,
    _mask_bearer,
    _mask_jwt,
    _mask_known,
    _mask_cards,
)
