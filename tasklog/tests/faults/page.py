"""An open page, as a program has one: a stream, and the lines it brought."""

from __future__ import annotations

import re
import threading
import time
from contextlib import suppress

import httpx
from django.test import Client
from django.urls import reverse

_LINE = re.compile(r'"message": ?"line (\d+)')


class Page(threading.Thread):
    """Follows one run from line `after` on; `last` is when a line came the last time."""

    def __init__(self, url: str, task_id: str, client: Client, after: int = 0) -> None:
        super().__init__(daemon=True)
        self.address = f"{url}{reverse('tasklog:sse_task', args=[task_id])}?after={after}"
        self.cookies = {"sessionid": client.cookies["sessionid"].value}
        self.numbers: list[int] = []
        self.last = 0.0
        self.start()

    def run(self) -> None:
        stream = httpx.stream("GET", self.address, cookies=self.cookies, timeout=60)
        with suppress(httpx.HTTPError), stream as answer:
            for text in answer.iter_lines():
                if found := _LINE.search(text):
                    self.numbers.append(int(found[1]))
                    self.last = time.monotonic()
