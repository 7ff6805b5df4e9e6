"""What is wrong with a query, and where: positions count characters of the typed text.  WEB."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """`text[start:end]` cannot be understood; `said` tells why and what is allowed."""

    start: int
    end: int
    said: str


class QueryError(ValueError):
    """The query makes no sense; `problems` is never empty and stands in the order of the text."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.start))
        super().__init__("; ".join(problem.said for problem in self.problems))

    @property
    def carets(self) -> str:
        """A line to draw under the typed text: `^` below every bad character."""
        marks = [" "] * max(problem.end for problem in self.problems)
        for problem in self.problems:
            marks[problem.start : problem.end] = "^" * (problem.end - problem.start)
        return "".join(marks).rstrip()
