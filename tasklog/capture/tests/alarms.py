"""What signals do to capture, each scenario in a process of its own: `alarms.py NAME FOLDER`.

A signal strikes whatever its process is doing, so these must not share one with other tests.
Prints what it saw as JSON on the real stdout.
"""

import json
import os
import signal
import sys
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.test_settings")
sys.path.insert(0, str(Path(__file__).parents[3]))


def ring(handler, seconds, again=0):
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, seconds, again)


def time_limits(attempt):
    """A soft time limit raised 300 times in the middle of a print."""
    from celery.exceptions import SoftTimeLimitExceeded

    # Python itself swallows what is raised in a finalizer, and says so here.
    unheard = []
    sys.unraisablehook = lambda report: unheard.append(report.exc_type)
    rung, caught = [], 0

    def limit(*_):
        rung.append(1)
        raise SoftTimeLimitExceeded

    for turn in range(300):
        try:
            ring(limit, 0.0005 + turn % 7 / 10_000, 0.2)
            while True:
                print("spin", turn)
        except SoftTimeLimitExceeded:
            caught += 1
    signal.setitimer(signal.ITIMER_REAL, 0)
    attempt.finish_lines()
    return {"caught": caught, "lost": len(rung) - caught - unheard.count(SoftTimeLimitExceeded)}


def handlers_that_print(attempt):
    """A signal handler prints 100 times in the middle of a print."""
    print("spin")  # opens the file: who speaks into that gets a file of its own
    rung = []

    def speak(*_):
        rung.append(1)
        sys.stderr.write("from the handler\n")

    for _ in range(100):
        before = len(rung)
        ring(speak, 0.0005)
        while len(rung) == before:
            print("spin")
    return {"rung": len(rung)}


def main(name, folder):
    os.environ["CELERY_TASKLOG_SPOOL_DIR"] = folder
    console = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)  # stderr stays: a crash is told there
    django.setup()
    from tasklog.capture import streams
    from tasklog.capture.attempt import Attempt
    from tasklog.capture.context import CURRENT
    from tasklog.spool import record
    from tasklog.spool.appender import Appender

    attempt = Attempt("t", "n", Appender())
    CURRENT.set(attempt)
    streams.ensure()
    seen = globals()[name](attempt)
    CURRENT.set(None)
    raws = attempt.sink.path.read_bytes().splitlines()
    lines = [entry for entry in map(record.decode, raws) if isinstance(entry, record.LineRecord)]
    seen |= {"seq": attempt.seq, "seqs": [line.seq for line in lines]}
    seen["messages"] = sorted({line.message.split()[0] for line in lines})
    os.write(console, json.dumps(seen).encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
