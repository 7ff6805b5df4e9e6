"""News that travels upward: lower rooms send, higher rooms listen.

Sent by the drainer after its transaction is committed, in the drainer's process.  Each carries
`task_id`; the others are named below.  A receiver that raises is logged and changes nothing.
`drainer_ticked` is about no run: a moment for what must be done regularly wherever workers live;
a receiver returns at once, whoever needs longer takes a thread.
"""

from django.dispatch import Signal

run_queued = Signal()  # name, queue
run_started = Signal()  # name, attempt (uuid), worker
run_progressed = Signal()  # progress (0–100 or None), message
run_finished = Signal()  # name, state, cause
lines_stored = Signal()  # lines: list[tasklog.line.Line]
drainer_ticked = Signal()  # every 15 seconds; carries nothing
