"""From pieces of text to lines.  WORKER.

LF and CRLF end a line.  A lone CR redraws it: of a progress bar only the newest frame is kept.
Nothing else ends a line: not U+2028, not NEL.  Memory is bounded: past `limit` bytes a line's
text is only counted.
"""

from __future__ import annotations

from collections.abc import Iterator

# A long text is measured and cut in steps of this many characters.
STEP = 65_536
# A line that is cut ends where a word does, if one begins in its last so many characters.
LONGEST_WORD = 1024
WORD_ENDS = " \t\"',;(<"


class Partial:
    """A line that has not ended yet."""

    __slots__ = ("_kept", "_pieces", "_size", "limit", "redraw")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.redraw = False
        self._clear()

    def _clear(self) -> None:
        self._pieces: list[str] = []
        self._kept = self._size = 0

    def __bool__(self) -> bool:
        return self._size > 0

    def feed(self, text: str) -> Iterator[str]:
        """Takes the text; the lines that it ends."""
        start, end = 0, text.find("\n")
        while end >= 0:
            self._add(text, start, end)
            yield self.take()
            start, end = end + 1, text.find("\n", end + 1)
        self._add(text, start, len(text))

    def take(self) -> str:
        """The whole line; the next one starts empty."""
        line = self.text
        if self._size > self._kept:
            line = cut(line, self._size)
        self._clear()
        self.redraw = False
        return line

    @property
    def text(self) -> str:
        """What is known of the line so far."""
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    def _add(self, text: str, start: int, end: int) -> None:
        """Adds `text[start:end]`, which holds no LF."""
        if start == end:
            return
        if self.redraw and text[start] != "\r":
            self._redraw()
        cut = text.rfind("\r", start, end)
        if cut >= 0:
            start, end = self._newest_frame(text, start, end, cut)
        for position in range(start, end, STEP):
            self._keep(text[position : min(position + STEP, end)])

    def _newest_frame(self, text: str, start: int, end: int, cut: int) -> tuple[int, int]:
        if cut + 1 < end:
            self._redraw()
            return cut + 1, end
        # It ends with CR: the frame before stays until something is drawn over it.
        self.redraw = True
        last = end
        while last > start and text[last - 1] == "\r":
            last -= 1
        cut = text.rfind("\r", start, last)
        if cut >= 0:
            self._clear()
            return cut + 1, last
        return start, last

    def _redraw(self) -> None:
        self._clear()
        self.redraw = False

    def _keep(self, piece: str) -> None:
        size = len(piece) if piece.isascii() else len(piece.encode("utf-8", "surrogatepass"))
        room = self.limit - self._kept
        if size > room:
            piece = _cut(piece, room) if self._kept == self._size else ""
        self._kept += size if size <= room else len(piece.encode("utf-8", "surrogatepass"))
        self._size += size
        if piece:
            self._pieces.append(piece)


def cut(text: str, size: int) -> str:
    """The beginning of a line that had `size` bytes, with a mark that says so."""
    return f"{_to_the_last_word(text)} … [cut: {size:,} bytes]"


def _to_the_last_word(text: str) -> str:
    """Without the word that the limit halved: half a secret looks like none."""
    start = max(0, len(text) - LONGEST_WORD)
    return text[: max(text.rfind(end, start) for end in WORD_ENDS) + 1] or text


def _cut(text: str, size: int) -> str:
    """The start of the text that fits into so many bytes, no character halved."""
    encoded = text[:size].encode("utf-8", "surrogatepass")[:size]
    while True:
        try:
            return encoded.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            encoded = encoded[: error.start]
