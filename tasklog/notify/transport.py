"""What went wrong on the way, and whether trying again can help."""

from __future__ import annotations


class TransportError(Exception):
    """The other side did not take it.  `permanent`: it never will, so nobody tries again.

    `retry_after`: the seconds it asked us to wait.  The text is for the delivery's page: no secret
    and nothing of the other side's answer stands in it.
    """

    def __init__(
        self, told: str, *, permanent: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(told)
        self.permanent = permanent
        self.retry_after = retry_after
