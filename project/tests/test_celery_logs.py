"""How worker and beat log: as people know it, or one object a line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Stack


def line_with(output: str, text: str) -> str:
    return next(line for line in output.splitlines() if text in line)


def test_a_worker_logs_objects_where_it_was_asked_to(stack: Stack) -> None:
    worker = stack.worker("solo", 1, LOG_FORMAT="json")
    told = json.loads(line_with(stack.output(worker), "ready."))
    assert (told["level"], told["logger"]) == ("INFO", "celery.apps.worker")
    assert told["message"].endswith("ready.")


def test_a_worker_logs_as_celery_does_otherwise(stack: Stack) -> None:
    worker = stack.worker("solo", 1, LOG_FORMAT="text")
    assert "INFO/MainProcess]" in line_with(stack.output(worker), "ready.")
