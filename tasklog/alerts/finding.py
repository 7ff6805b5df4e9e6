"""What a condition found: the unit in which conditions speak to incidents."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Quoted:
    """A line that proves it."""

    run_id: str
    number: int
    at: str
    text: str
    level: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "run_id": self.run_id,
            "number": self.number,
            "at": self.at,
            "text": self.text,
            "level": self.level,
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """Something is as the rule says.  `about` tells incidents of one rule apart."""

    about: str
    title: str
    text: str = ""
    run_id: str = ""
    count: int = 1
    quotes: tuple[Quoted, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Sample:
    """One of the times a rule would have fired."""

    told: str
    at: datetime | None = None
    run_id: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """`count` findings in `looked` of what is named in `of`, back to `since`.

    `note` says what this kind of look cannot see.
    """

    count: int
    looked: int
    of: str
    since: datetime | None = None
    samples: tuple[Sample, ...] = ()
    note: str = ""
