"""Downloading a run of 1,000,000 lines from the real web process: `python -m bench.download`.

How many megabytes a second, and how much memory the web process takes meanwhile; from rows and
from chunks.  `--lines N`, `--postgres`.
"""

from __future__ import annotations

import argparse
import http.client
import socket
import time
from pathlib import Path

from bench.find import TASK, fill
from bench.rig import Rig, rig, table, tree, wait


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--postgres", action="store_true")
    asked = parser.parse_args()
    kind = "postgresql" if asked.postgres else "sqlite"
    # The pool is what compose.yaml gives the web.
    with rig(kind, LOG_LEVEL="ERROR", DATABASE_POOL_SIZE="10") as own:
        from tasklog.archive.archiving import archive_run

        fill(asked.lines)
        web = Web(own)
        rows = [("rows", *web.fetch(kind)) for kind in ("txt", "jsonl", "csv")]
        archive_run(TASK)
        rows += [("chunks", *web.fetch(kind)) for kind in ("txt", "jsonl", "csv")]
        head = ("from", "as", "MB", "seconds", "MB/s", "memory, MB", "more, MB")
        table(f"{kind}: {asked.lines:,} lines", [head, *rows])


class Web:
    """gunicorn with the project, and somebody signed in."""

    def __init__(self, own: Rig) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        words = ("-m", "gunicorn", "-c", "python:project.gunicorn_conf")
        self.process = own.python(*words, PORT=str(self.port))
        wait(self._answers, 60)
        self.cookie = _signed_in()
        self.fetch("txt", part=1 << 20)  # what is loaded on first use is no cost of a download
        self.calm = self._memory()

    def fetch(self, kind: str, part: int = 1 << 62) -> tuple[object, ...]:
        """Reads the file and forgets it; what it weighed, how long it took, memory at most."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        headers = {"Cookie": f"sessionid={self.cookie}", "Host": "localhost"}
        began, got, most, looked = time.perf_counter(), 0, 0, 0.0
        connection.request("GET", f"/runs/{TASK}/download/?format={kind}", headers=headers)
        answer = connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status} {answer.reason}")
        while got < part and (piece := answer.read1(1 << 18)):
            got += len(piece)
            if time.perf_counter() > looked + 0.2:
                looked, most = time.perf_counter(), max(most, self._memory())
        seconds = time.perf_counter() - began
        connection.close()
        mb, more = got / 1e6, (most - getattr(self, "calm", most)) / 1e6
        return kind, mb, seconds, mb / seconds, most / 1e6, more

    def _answers(self) -> bool:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
            connection.request("GET", "/healthz", headers={"Host": "localhost"})
            return connection.getresponse().status == 200
        except OSError:
            return False

    def _memory(self) -> int:
        """Resident bytes of the process and its children."""
        pages = (
            Path(f"/proc/{pid}/statm").read_text().split()[1] for pid in tree(self.process.pid)
        )
        return sum(map(int, pages)) * 4096


def _signed_in() -> str:
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client()
    client.force_login(User.objects.get_or_create(username="ada", is_superuser=True)[0])
    return str(client.cookies["sessionid"].value)


if __name__ == "__main__":
    main()
