"""A TCP proxy that can delay, freeze and cut what passes through it.

`watch` may look at every piece before it goes on.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from contextlib import suppress

# What is on its way in one direction: when it is due, and the bytes.
Way = queue.Queue[tuple[float, bytes]]


class Cut(Exception):
    """Raised by `watch`: both ends of this connection are closed, the piece is lost."""


class Link:
    """One connection through the proxy; `notes` is the watcher's own."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client, self.server = client, server
        self.notes: dict[str, object] = {}

    def close(self) -> None:
        for end in (self.client, self.server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class Proxy:
    """Listens on `port` and passes on to `target`; use it in a `with`."""

    def __init__(self, target: int) -> None:
        self.target = ("127.0.0.1", target)
        self.delay = 0.0
        self.open = threading.Event()
        self.open.set()
        self.links: list[Link] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()
        self.open.set()
        self.cut()

    def watch(self, link: Link, data: bytes, *, to_server: bool) -> bytes:
        """What goes on in place of `data`.  Tests override it; may raise `Cut`."""
        return data

    def freeze(self) -> None:
        """Connections stay, nothing passes: a half-open network."""
        self.open.clear()

    def thaw(self) -> None:
        self.open.set()

    def cut(self) -> None:
        """Closes every connection there is."""
        for link in self.links:
            link.close()
        self.links.clear()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        try:
            link = Link(client, socket.create_connection(self.target, timeout=5))
        except OSError:
            client.close()
            return
        link.server.settimeout(None)
        self.links.append(link)
        for to_server in (True, False):
            way: Way = queue.Queue()
            for work in (self._take, self._pass):
                threading.Thread(target=work, args=(link, to_server, way), daemon=True).start()

    def _take(self, link: Link, to_server: bool, way: Way) -> None:
        here = link.client if to_server else link.server
        with suppress(OSError):
            while data := here.recv(65536):
                way.put((time.monotonic() + self.delay, data))
        way.put((0.0, b""))

    def _pass(self, link: Link, to_server: bool, way: Way) -> None:
        """Pieces follow each other as they came, each so much later."""
        there = link.server if to_server else link.client
        with suppress(OSError, Cut):
            while (piece := way.get())[1]:
                time.sleep(max(0.0, piece[0] - time.monotonic()))
                self.open.wait()
                there.sendall(self.watch(link, piece[1], to_server=to_server))
        link.close()
