"""A task that spills secrets in every way a task can."""

import logging
import sys
import threading
import warnings

from celery import shared_task

from project.tests.security.canaries import spilled
from tasklog.capture import progress, section
from tasklog.conf import conf

logger = logging.getLogger("shop.orders")


@shared_task(name="security.leak", bind=True)
def leak(self, *args, **kwargs):
    for spill in (spill_output, spill_logs, spill_long):
        spill()
    for text in spilled("progress"):
        progress(10, text)
        progress(100, text)
    for text in spilled("state"):
        self.update_state(state="PROGRESS", meta={"progress": 100, "message": text})
    for text in spilled("section"):
        with section(text):
            pass
    return spilled("result")


def spill_output():
    print("\n".join(spilled("stdout")))
    print("\n".join(spilled("stderr")), file=sys.stderr)
    for text in spilled("pieces"):
        for piece in (text[:7], text[7:19], text[19:], "\n"):
            sys.stdout.write(piece)
    thread = threading.Thread(target=lambda: print("\n".join(spilled("thread"))))
    thread.start()
    thread.join()
    for text in spilled("bar"):
        sys.stdout.write(f"\r{text.splitlines()[0]}")
        sys.stdout.flush()
    print()


def spill_logs():
    for text in spilled("log"):
        logger.info(text)
    for text in spilled("log arguments"):
        logger.warning("got %s from %s", text, {"text": text})
    for text in spilled("log exception"):
        try:
            int(text)
        except ValueError:
            logger.exception("failed")
    for text in spilled("warning"):
        warnings.warn(text, stacklevel=1)


def spill_long():
    """The secret lies where a long text is cut."""
    for text in spilled("long line"):
        for at in (4, 15, 30):
            print("." * (conf().max_line_bytes - len(text) + at) + " " + text)
    for text in spilled("long progress"):
        for at in (4, 15, 30):
            progress(100, "." * (255 - len(text) + at) + " " + text)


@shared_task(name="security.fail")
def fail(number):
    raise RuntimeError(spilled("exception")[number])
