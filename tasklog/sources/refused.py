"""Why something cannot be taken, in a sentence for who sent it.  BOTH."""


class Refused(ValueError):
    """`status` is what HTTP calls it: 400 wrong, 413 too large, 429 too often."""

    def __init__(self, told: str, status: int = 400) -> None:
        super().__init__(told)
        self.status = status
