"""What one hostile line of 256 KiB costs: masked, coloured, searched by a regex.

Each text is made twice, of half and of the whole size: a cost that grows with more than the size
is four times as much and not twice.  `python -m bench.hostile`; no broker and no worker.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import django

from bench.rig import table

SIZE = 256 * 1024
ROUNDS = 5
MOST = 0.05
E = "\x1b"

# What each part repeats; some end with a sign that looks like the begin of something.
TEXTS = {
    "one letter": "a",
    "spaces": " ",
    "password=": "password=",
    "password": "password",
    "secret_key_": "secret_key_",
    "quotes": "token='",
    "backslashes": '\\"',
    "user:password@": "://u:p@",
    "://a:": "://a:",
    "mail addresses": "a@b.",
    "bearer": "bearer ",
    "dots of a JWT": "eyJh.",
    "digits": "4111 ",
    "hexadecimal": "0f",
    "BEGIN": "-----BEGIN RSA PRIVATE KEY-----",
    "ESC": E,
    "ESC [": f"{E}[",
    "ESC ]": f"{E}]",
    "ESC [ numbers": f"{E}[1;",
    "colours": f"{E}[38;5;196mx",
    "links of a terminal": f"{E}]8;;http://x{E}\\",
    "addresses": "http://x.example/ ",
    "http://": "http://",
    "< and &": "<&",
    "NUL": "\0",
    "four bytes": "😀",
    "combining": "e\u0301",
}
PATTERNS = {"(a+)+$": "(a+)+$", "(.*a){20}$": "(.*a){20}$", "(x+x+)+y": "(x+x+)+y"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    django.setup()
    ways = _ways()
    rows = []
    for name, piece in TEXTS.items():
        whole = (piece * (SIZE // len(piece.encode()) + 1)).encode()[:SIZE].decode(errors="ignore")
        half = whole[: len(whole) // 2]
        costs = {way: (_seconds(work, half), _seconds(work, whole)) for way, work in ways.items()}
        rows += [(name, way, *cost) for way, cost in costs.items()]
    worst = {way: max(row[3] for row in rows if row[1] == way) for way in ways}
    slow = [row for row in rows if row[3] > MOST or row[3] == worst[row[1]]]
    told = [
        (name, way, half * 1000, whole * 1000, whole / half)
        for name, way, half, whole in sorted(slow, key=lambda row: -row[3])
    ]
    head = ("text", "way", "128 KiB, ms", "256 KiB, ms", "times")
    table(f"The worst of {len(rows)}; must reach: 50 ms, 2 times", [head, *told])


def _ways() -> dict[str, Callable[[str], object]]:
    from dashboard.ansi import to_html
    from dashboard.lines import line_html
    from tasklog.capture.redact import Masker
    from tasklog.capture.splitter import Partial
    from tasklog.line import Line
    from tasklog.plain import strip
    from tasklog.search import regex

    blank = Line(1, 0, "stdout", 0, "", "", 1, 0, 1)

    def split(text: str) -> None:
        list(Partial(SIZE).feed(text + "\n"))

    found = {
        f"search {name}": regex.compile_pattern(pattern, ignore_case=True).search
        for name, pattern in PATTERNS.items()
    }
    return {
        "split": split,
        "mask": lambda text: Masker()("o", text),
        "colours": to_html,
        "without colours": strip,
        "line of a page": lambda text: line_html(blank._replace(message=text), uncut=True),
        **found,
    }


def _seconds(work: Callable[[str], object], text: str) -> float:
    """The quickest of some rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.thread_time()
        work(text)
        best = min(best, time.thread_time() - began)
        if best > 1:
            break
    return best


if __name__ == "__main__":
    main()
