"""Terminal colours to HTML: escaped text in `<span>`s with class names from a fixed list.  WEB.

Only SGR (colour and weight) is understood; cursor moves, titles and hyperlinks are left out.  One
pass over the text, and no pattern here can backtrack: a hostile line of 256 KiB costs
milliseconds.  Colours of the 256 and 24-bit palettes become the nearest of the 16 that the theme
knows, so that every one is readable in light and in dark.
"""

from __future__ import annotations

from functools import lru_cache
from html import escape
from itertools import islice

from tasklog.plain import ESCAPE, strip

# A line with more escapes than this is drawn plainly from there on.
MAX_ESCAPES = 4000
_PARAMETERS = 64

# Control characters are shown as their pictures, so that nothing is invisible.
_VISIBLE = {code: 0x2400 + code for code in range(32) if code != 9} | {0x7F: 0x2421}
_VISIBLE[0x0A] = 0x0A

# What each SGR number does to (foreground, background, weights); see ECMA-48, 8.3.117.
_WEIGHTS = {1: "bold", 2: "faint", 3: "italic", 4: "under", 7: "swap", 9: "struck"}
_WEIGHTS_OFF = {
    22: {"bold", "faint"}, 23: {"italic"}, 24: {"under"}, 27: {"swap"}, 29: {"struck"},
}  # fmt: skip

Style = tuple[int | None, int | None, frozenset[str]]
PLAIN: Style = (None, None, frozenset())


def to_html(text: str) -> str:
    """The text as HTML that holds no tag but `span`."""
    if "\x1b" not in text:
        return _plain(text)
    parts: list[str] = []
    style, at = PLAIN, 0
    for found in islice(ESCAPE.finditer(text), MAX_ESCAPES):
        if found.start() > at:
            parts.append(_dressed(text[at : found.start()], style))
        at = found.end()
        if found[2] == "m":
            style = _after(style, found[1])
    parts.append(_dressed(strip(text[at:]), style))
    return "".join(parts)


def _plain(text: str) -> str:
    return escape(text if text.isprintable() else text.translate(_VISIBLE))


def _dressed(text: str, style: Style) -> str:
    if style is PLAIN or not text:
        return _plain(text)
    return f'<span class="{_classes(style)}">{_plain(text)}</span>'


@lru_cache(maxsize=512)
def _classes(style: Style) -> str:
    front, back, weights = style
    names = [] if front is None else [f"f{front}"]
    if back is not None:
        names.append(f"b{back}")
    return " ".join([*names, *sorted(weights)])


@lru_cache(maxsize=1024)
def _after(style: Style, parameters: str) -> Style:
    """The style after one `ESC [ parameters m`."""
    words = parameters.replace(":", ";").split(";", _PARAMETERS)[:_PARAMETERS]
    codes = [int(word) if word.isdecimal() and len(word) < 4 else 0 for word in words]
    front, back, weights = style
    while codes:
        code = codes.pop(0)
        if code in (38, 48):
            colour = _extended(codes)
            front, back = (colour, back) if code == 38 else (front, colour)
            continue
        front, back, weights = _apply(code, front, back, weights)
    changed = (front, back, weights)
    return PLAIN if changed == PLAIN else changed


def _apply(code: int, front: int | None, back: int | None, weights: frozenset[str]) -> Style:
    if code == 0:
        return PLAIN
    if code in _WEIGHTS:
        return front, back, weights | {_WEIGHTS[code]}
    if code in _WEIGHTS_OFF:
        return front, back, weights - _WEIGHTS_OFF[code]
    for first, bright in ((30, 0), (90, 8)):
        if first <= code < first + 8:
            return code - first + bright, back, weights
        if first + 10 <= code < first + 18:
            return front, code - first - 10 + bright, weights
    if code in (39, 49):
        return (None, back, weights) if code == 39 else (front, None, weights)
    return front, back, weights


def _extended(codes: list[int]) -> int | None:
    """Takes `5;N` or `2;R;G;B` from the codes; the nearest of the 16 colours."""
    kind = codes.pop(0) if codes else 0
    if kind == 5 and codes:
        return _of_256(codes.pop(0))
    if kind == 2 and len(codes) >= 3:
        red, green, blue = codes.pop(0), codes.pop(0), codes.pop(0)
        return _nearest(red, green, blue)
    return None


def _of_256(index: int) -> int | None:
    if index < 16:
        return index
    if index > 255:
        return None
    if index >= 232:
        return _nearest(*[8 + 10 * (index - 232)] * 3)
    cube = index - 16
    return _nearest(*(51 * (cube // step % 6) for step in (36, 6, 1)))


def _nearest(red: int, green: int, blue: int) -> int | None:
    """By hue: bit 1 red, bit 2 green, bit 4 blue; +8 where it is bright; None for a mid grey."""
    high, low = max(red, green, blue), min(red, green, blue)
    if high - low < 40:
        return 0 if high < 64 else 8 if high < 144 else 7 if high < 224 else 15
    middle = (high + low) / 2
    hue = (red > middle) + 2 * (green > middle) + 4 * (blue > middle)
    return hue + (8 if high > 192 else 0)
