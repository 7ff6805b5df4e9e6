"""How gunicorn serves the project: `gunicorn -c python:project.gunicorn_conf project.asgi`."""

from __future__ import annotations

import asyncio
import gc
import resource
import signal
import socket
from typing import Any

# Read here, in the master: a wrong environment value ends it, instead of every worker for ever.
from project.settings import env

wsgi_app = "project.asgi:application"
worker_class = "asgi"
workers = env.number("WEB_CONCURRENCY", 1, least=1, most=256)
bind = f"{env.text('BIND_HOST', '127.0.0.1')}:{env.number('PORT', 8000, most=65535)}"
# Whose X-Forwarded-Proto is believed; "*" only where nobody but the proxy can reach us.
forwarded_allow_ips = env.text("FORWARDED_ALLOW_IPS", "127.0.0.1,::1")
backlog = 2048
# Streams end by themselves when the worker is told to stop; this is for slow downloads.
graceful_timeout = env.number("GRACEFUL_TIMEOUT", 10, least=1)
keepalive = 2
timeout = 60
accesslog = "-" if env.flag("ACCESS_LOG", False) else None
control_socket_disable = True
# A connection that takes nothing for so long is cut, whatever waits to be sent (milliseconds).
GONE_MS = 20_000
# Each open stream is a file; many systems allow 1,024 unless one asks for more.
_, _most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (_most, _most))


def post_worker_init(worker: Any) -> None:
    """Things gunicorn's ASGI worker has no setting for."""
    # What was imported stays: the collector need not look through it again and again, which
    # took a tenth of a download and stopped every stream for 30 ms at a time.
    gc.collect()
    gc.freeze()
    worker.listening_again = worker.loop.create_task(_listen_again(worker))
    worker.loop.add_signal_handler(signal.SIGTERM, _stop, worker)


async def _listen_again(worker: Any) -> None:
    """The worker listens with asyncio's backlog of 100; a burst of browsers needs more.

    And a reader that stopped reading would keep its connection for as long as its system lives.
    """
    while not worker.servers:
        await asyncio.sleep(0.01)
    for listener in worker.sockets:
        listener.sock.listen(backlog)
        if hasattr(socket, "TCP_USER_TIMEOUT") and listener.sock.family != socket.AF_UNIX:
            # Inherited by every connection.
            listener.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GONE_MS)


def _stop(worker: Any) -> None:
    """Ends the live streams first: they would hold the worker for the whole graceful timeout."""
    from tasklog.live import hub

    hub.shutdown()
    worker.handle_exit_signal()
