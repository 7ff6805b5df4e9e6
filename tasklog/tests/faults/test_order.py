"""Two writers of one run, of whom the first commits last.

F-25  test_a_reader_by_number_never_skips_a_late_commit
"""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection, transaction

from conftest import wait_for
from tasklog.archive.reader import read_lines
from tasklog.tests.faults import figures
from tasklog.tests.faults.written import LINES, Written, drain

HELD = 2.0


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_a_reader_by_number_never_skips_a_late_commit(folder):
    """Two hosts store lines of one run: redelivery, or a clock that is wrong."""
    places = [folder / name for name in ("one", "two")]
    for place in places:
        place.mkdir()
        Written("t").leave(place)
    began = threading.Event()

    def hold():
        with transaction.atomic():
            drain(places[0])
            began.set()
            time.sleep(HELD)
        connection.close()

    def follow():
        drain(places[1])
        connection.close()

    first, second = threading.Thread(target=hold), threading.Thread(target=follow)
    first.start()
    assert began.wait(figures.allowed(figures.FRESH))
    second.start()
    seen = []

    def all_seen():
        # As every page and stream does: what comes after the number it has.
        seen.extend(line.number for line in read_lines("t", after=seen[-1] if seen else 0))
        return len(seen) >= 2 * LINES

    wait_for(all_seen, figures.allowed(HELD + figures.FRESH))
    first.join()
    second.join()
    assert seen == list(range(1, 2 * LINES + 1))
    assert [line.number for line in read_lines("t")] == seen
