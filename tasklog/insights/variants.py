"""Words that vary although they hold no digit: names of people, cities, hosts.  WORKER.

When so many templates of a task differ at one place only, that place varies: the next one is
counted under the common template.  Two or three that differ there ("started", "failed") stay apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

ANY = "<*>"
# Templates that differ at one place alone, before it counts as varying.
ENOUGH = 8
# Longer templates are seldom alike and cost a look for each word.
WORDS = 30


class Variants:
    """What is known of one task's templates."""

    def __init__(self, templates: Iterable[str] = ()) -> None:
        self._seen: Counter[str] = Counter()
        self._common: set[str] = set()
        for template in templates:
            self.add(template)

    def add(self, template: str) -> None:
        if ANY in template.split():
            self._common.add(template)
            return
        self._seen.update(_with_holes(template))

    def place(self, template: str) -> str:
        """The template to count it under: its own, or one it shares with others."""
        holes = list(_with_holes(template))
        for hole in holes:
            if hole in self._common or self._seen[hole] >= ENOUGH:
                self._common.add(hole)
                return hole
        self._seen.update(holes)
        return template


def _with_holes(template: str) -> Iterator[str]:
    """The template once for each of its plain words, with a hole there."""
    words = template.split()
    if not 3 <= len(words) <= WORDS:
        return
    for place, word in enumerate(words):
        if "<" not in word:
            yield " ".join([*words[:place], ANY, *words[place + 1 :]])
