"""The lines of one attempt, and what stands in their gaps."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from demo.seed.job import Script
from tasklog.line import LOG, NO_LEVEL, STDERR, STDOUT

_LEVELS = {"D": logging.DEBUG, "I": logging.INFO, "W": logging.WARNING, "E": logging.ERROR}
_STREAMS = {"P": STDOUT, "S": STDERR}
_PLACES = ("Hamburg", "Lyon", "Turin", "Gdansk", "head office")


class Said(NamedTuple):
    """A line before it has a run and a number."""

    stream: str
    level: int
    logger: str
    message: str


def gaps(random: Random) -> dict[str, object]:
    """What a line may name."""
    return {
        "order": random.randint(40_000, 59_999),
        "amount": f"{random.lognormvariate(3.6, 0.8):.2f}",
        "hex": f"{random.getrandbits(40):010x}",
        "ms": int(random.lognormvariate(3.7, 0.7)) + 1,
        "n": random.randint(1, 48),
        "count": random.randint(50, 990),
        "place": random.choice(_PLACES),
        "item": random.randint(10_000, 99_999),
    }


def lines_of(
    script: Script, random: Random, kept: dict[str, object], *, repeats: int, recent: bool
) -> list[Said]:
    """What an attempt that ends well writes; `kept` are gaps that stay the same throughout."""
    texts = [*script.opening, *(() if recent else script.formerly)]
    for _ in range(repeats):
        texts += script.body
        if script.rare and random.random() < 0.05:
            texts.append(random.choice(script.rare))
    texts += script.closing
    return list(_fill(texts, script.logger, random, kept))


def said(text: str, logger: str) -> Said:
    """A line of a script whose gaps are filled."""
    mark, message = text[0], text[2:]
    if mark in _STREAMS:
        return Said(_STREAMS[mark], NO_LEVEL, "", message)
    return Said(LOG, _LEVELS[mark], logger, message)


def _fill(texts: list[str], logger: str, random: Random, kept: dict[str, object]) -> Iterator[Said]:
    for text in texts:
        yield said(text[0] + text[1:].format(**(gaps(random) | kept)), logger)
