"""What a condition found: the unit in which conditions speak to incidents."""

from __future__ import annotations

from dataclasses import dataclass, field
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
