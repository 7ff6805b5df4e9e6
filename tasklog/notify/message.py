"""What is told to people, in words and facts; each channel draws it in its own way.  BOTH."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

Level = Literal["info", "warning", "error", "resolved"]


@dataclass(frozen=True, slots=True)
class Quote:
    """A line that proves it."""

    number: int
    at: str  # ISO 8601, UTC
    text: str
    level: int = 0
    url: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One piece of news.  Addresses are absolute: it is read outside the product.

    `key` makes it one: what is sent again under the same key reaches nobody twice.  `thread` holds
    together what belongs to the same incident: a thread of a chat, the comments of an issue.
    """

    key: str
    title: str
    text: str = ""
    url: str = ""
    level: Level = "info"
    facts: tuple[tuple[str, str], ...] = ()
    quotes: tuple[Quote, ...] = ()
    thread: str = ""

    def as_json(self) -> dict[str, Any]:
        """As it is kept with its delivery."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The message that `as_json` wrote down.  Raises TypeError for anything else."""
        quotes = tuple(Quote(**quote) for quote in data.get("quotes", ()))
        facts = tuple((str(name), str(value)) for name, value in data.get("facts", ()))
        return cls(**{**data, "quotes": quotes, "facts": facts})
