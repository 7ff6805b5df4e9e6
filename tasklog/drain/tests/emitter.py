"""A process that writes numbered lines into the spool and keeps its own count of them.

    python -m tasklog.drain.tests.emitter FOLDER TASK_ID LINES PER_SECOND TRUTH_FILE [end]

With `end` it says goodbye in order; without, it leaves its attempt open.
"""

import fcntl
import os
import sys
import time
import uuid

from tasklog.spool.record import encode_event, encode_line, line_prefix


def main(folder, task_id, lines, rate, truth, *ends):
    stem, attempt = f"{task_id}-{os.getpid()}-{uuid.uuid4().hex[:6]}", uuid.uuid4().hex
    out = os.open(f"{folder}/{stem}.0.spool", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    fcntl.flock(out, fcntl.LOCK_EX)
    counter = os.open(truth, os.O_WRONLY | os.O_CREAT)
    about = {"task_id": task_id, "attempt": attempt}
    os.write(out, encode_event("S", {**about, "spool": stem, "name": "emit", "at": time.time()}))
    prefix, began = line_prefix(task_id, attempt, 0), time.monotonic()
    for seq in range(1, int(lines) + 1):
        micros = int(time.time() * 1_000_000)
        os.write(out, encode_line(prefix, seq, micros, "o", 0, "", f"line {seq} " + "x" * 60))
        os.pwrite(counter, b"%d" % seq, 0)
        if (ahead := began + seq / float(rate) - time.monotonic()) > 0:
            time.sleep(ahead)
    if ends:
        at = {"at": time.time(), "state": "SUCCESS", "emitted": int(lines)}
        os.write(out, encode_event("E", {**about, **at}))


if __name__ == "__main__":
    main(*sys.argv[1:])
