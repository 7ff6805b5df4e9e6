"""What alerts cost the drainer, and how soon a mail server has the news.

100 pattern rules are asked about lines in the drainer's batches; a task fails on a real worker and
its mail is timed until a mail server has all of it.  `python -m bench.alerts [sqlite|postgres]`
"""

from __future__ import annotations

import email
import re
import socket
import statistics
import sys
import time
from email import policy
from typing import Any

from bench.rig import Rig, rig, table, wait

RULES, LINES, BATCH, EVERY = 100, 200_000, 2_500, 500
PER_SECOND = 10_000
FAILURES = 10
TEXT = "batch 361/580  ok  50 orders  12.4 ms/order  warehouse Gdansk, committed, next"


def main(database: str) -> None:
    with rig(database, CELERY_TASKLOG_DRAINER="external", LOG_LEVEL="WARNING") as own:
        rare, often = _share(LINES + 1), _share(EVERY)
        delays = _mails(own)
    head = ("what", "measured")
    title = f"{database}: {RULES} pattern rules on {PER_SECOND:,} lines/s"
    table(title, [head, ("no match, of a core", f"{rare:.2%}"),
                  (f"a match in {EVERY}, of a core", f"{often:.2%}")])  # fmt: skip
    median, worst = statistics.median(delays), max(delays)
    table(f"{database}: a task fails → the mail server has the mail, {FAILURES} times",
          [("median", "worst"), (f"{median:.2f} s", f"{worst:.2f} s")])  # fmt: skip


def _share(every: int) -> float:
    """The share of a core that the rules take, with a match in `every` lines."""
    from tasklog.alerts import watching
    from tasklog.alerts.models import Incident, Rule
    from tasklog.models import TaskRun

    TaskRun.objects.get_or_create(task_id="bench", defaults={"name": "bench.big"})
    Rule.objects.bulk_create(_rule(number) for number in range(RULES))
    watching.forget()
    batches = [_batch(first, every) for first in range(1, LINES, BATCH)]
    began = time.process_time()
    for lines in batches:
        watching.on_lines("bench", lines)
    took = time.process_time() - began
    watching.write_down()
    found = sum(Incident.objects.values_list("count", flat=True))
    if found != LINES // every:
        raise AssertionError(f"{found} of {LINES // every} matches found")
    Rule.objects.all().delete()
    watching.forget()
    return took / LINES * PER_SECOND


def _rule(number: int) -> Any:
    """Half of them texts, half of them expressions; the last one finds what is planted."""
    from tasklog.alerts.models import Rule

    last = number == RULES - 1
    pattern = "needle" if last else f"E{number:04}: (timeout|refused) after [0-9]+ s"
    limits = {"pattern": pattern, "regex": bool(number % 2), "level": 0}
    return Rule(name=f"rule {number}", condition="pattern", limits=limits)


def _batch(first: int, every: int) -> list[Any]:
    from tasklog.line import Line

    return [
        Line(n, n, "stdout", 0, "", f"{TEXT} {'needle' if n % every == 0 else n}", 1, 0, n)
        for n in range(first, first + BATCH)
    ]


class Server:
    """A mail server that notes how long ago the failure was that a mail tells of."""

    def __init__(self) -> None:
        self.delays: list[float] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        mail = email.message_from_bytes(envelope.content, policy=policy.default)
        found = re.search(r"torn at (\d+\.\d+)", mail["Subject"])
        self.delays += [time.time() - float(found[1])] if found else []
        return "250 OK"


def _mails(own: Rig) -> list[float]:
    from aiosmtpd.controller import Controller

    from tasklog.alerts.models import Incident, Rule
    from tasklog.notify.models import Channel

    channel = Channel(name="mail", kind="email")
    channel.settings = {"to": ["ops@example.com"]}
    channel.save()
    Rule.objects.create(name="torn", condition="failed").channels.add(channel)
    server = Server()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(server, hostname="127.0.0.1", port=port)
    controller.start()
    own.drainer()
    own.worker(EMAIL_URL=f"smtp://127.0.0.1:{port}")
    for number in range(1, FAILURES + 1):
        own.app.send_task("bench.torn")
        wait(lambda number=number: len(server.delays) == number, 30)  # type: ignore[misc]
        Incident.objects.all().delete()
        Rule.objects.update(told_at=None)  # no cool-down
    controller.stop()
    return server.delays


if __name__ == "__main__":
    main((sys.argv[1:] or ["sqlite"])[0])
