"""`manage.py up`: the whole product on this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connections

from project import instance, login_link, readiness
from project.broker import Broker, NoBroker, prepare
from project.supervisor import Child, GaveUp, Supervisor

POOLS = ("prefork", "threads", "gevent", "solo")
WEB = (sys.executable, "-m", "gunicorn", "-c", "python:project.gunicorn_conf")
CELERY = (sys.executable, "-m", "celery", "-A", "project")
# There are no neighbours to wait for: a second saved.
WORKER = ("worker", "-l", "INFO", "--without-mingle", "--without-gossip")
# How often `up` says what it is still waiting for.
PATIENCE_SECONDS = 15
BEAT = ("beat", "-l", "INFO", "--pidfile=")


class Command(BaseCommand):
    help = "Sets up and runs everything: broker, web, worker, beat, drainer."
    # The database may not exist yet; `check` runs with the migrations.
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--port", type=_port, default=8000, help="0 takes any free port")
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--concurrency", type=_count, default=2, help="worker processes")
        parser.add_argument("--pool", choices=POOLS, default="prefork")
        parser.add_argument("--no-beat", action="store_true", help="without the scheduler")

    def handle(self, *args: Any, **options: Any) -> None:
        # No Event: who is told twice while it waits would wait for its own lock for ever.
        self.stopping = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: setattr(self, "stopping", True))
        folder = settings.VAR_DIR
        (folder / "log").mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            lock = instance.lock(folder)
            server = self._bind(options["host"], options["port"])
            url = instance.address(server)
            instance.sign_lock(lock, url)
            self._run(Supervisor(self._say, lock), server, url, options)
        except (instance.Occupied, NoBroker, GaveUp, OSError, DatabaseError) as error:
            raise CommandError(str(error)) from error
        # Freeing all of Django's modules one by one takes another second on a busy machine.
        sys.stdout.flush()
        os._exit(0)

    def _run(
        self, supervisor: Supervisor, server: socket.socket, url: str, options: dict[str, Any]
    ) -> None:
        try:
            broker = self._start_broker(supervisor)
            call_command("migrate", interactive=False, verbosity=0)
            user, password = instance.first_user()
            link = url.rstrip("/") + login_link.path_for(user)
            connections.close_all()
            env = self._environment(broker, options["host"])
            for child in self._children(env, server, options):
                supervisor.start(child)
            self._say("Starting web, worker and drainer …")
            if self._wait_until_ready(supervisor, url, broker):
                if not options["no_beat"]:  # last, because nobody waits for it
                    supervisor.start(self._child("beat", (*CELERY, *BEAT), env))
                self._welcome(url, link, user.get_username(), password)
            while not self.stopping:
                supervisor.look_after()
                time.sleep(0.25)
        finally:
            self._say("Stopping …")
            supervisor.stop()
            self._say("Stopped.")

    def _bind(self, host: str, port: int) -> socket.socket:
        server = instance.bind(host, port)
        taken = server.getsockname()[1]
        if port not in (0, taken):
            self._say(f"Port {port} is taken; using {taken}.")
        return server

    def _start_broker(self, supervisor: Supervisor) -> Broker | None:
        """Ours, unless the environment names one."""
        if os.environ.get("REDIS_URL") or os.environ.get("CELERY_BROKER_URL"):
            return None
        broker = prepare(settings.VAR_DIR / "broker")
        supervisor.start(self._child("broker", broker.command, dict(os.environ)))
        return broker

    def _children(
        self, env: dict[str, str], server: socket.socket, options: dict[str, Any]
    ) -> list[Child]:
        listener = server.fileno()
        pool = ("-P", options["pool"], "-c", str(options["concurrency"]))
        drainer = (sys.executable, str(settings.BASE_DIR / "manage.py"), "tasklog_drain")
        return [
            self._child("web", (*WEB, "-b", f"fd://{listener}"), env, (listener,)),
            self._child("drainer", drainer, env),
            self._child("worker", (*CELERY, *WORKER, *pool), env),
        ]

    def _child(
        self, name: str, command: tuple[str, ...], env: dict[str, str], fds: tuple[int, ...] = ()
    ) -> Child:
        return Child(name, command, settings.VAR_DIR / "log" / f"{name}.log", env, fds)

    def _environment(self, broker: Broker | None, host: str) -> dict[str, str]:
        env = {
            **os.environ,
            "TASKLOG_VAR": str(settings.VAR_DIR),
            "ALLOWED_HOSTS": ",".join([*settings.ALLOWED_HOSTS, host]),
            "CELERY_TASKLOG_DRAINER": "external",  # it is a child of our own
            "PYTHONUNBUFFERED": "1",
        }
        if broker:
            env["CELERY_BROKER_URL"] = broker.url
            env["CELERY_TASKLOG_REDIS_URL"] = broker.redis_url
        return env

    def _wait_until_ready(self, supervisor: Supervisor, url: str, broker: Broker | None) -> bool:
        waiting = readiness.Waiting(url, broker.url if broker else settings.CELERY_BROKER_URL)
        patience = time.monotonic() + PATIENCE_SECONDS
        while not self.stopping:
            supervisor.look_after()
            if waiting.over():
                return True
            if time.monotonic() > patience:
                patience += PATIENCE_SECONDS
                self._say(f"Still waiting for the {waiting.name}; its log may say why.")
            time.sleep(0.1)
        return False

    def _welcome(self, url: str, link: str, name: str, password: str) -> None:
        self._say("")
        self._say(f"  Log in with one click (once, within an hour):\n  {link}")
        if password:
            self._say(f"\n  or as {name} with the password {password} (shown only now)")
        self._say(f"\n  Logs are in {settings.VAR_DIR / 'log'}. Ctrl-C stops everything.\n")
        self._say(f"READY {url}")

    def _say(self, text: str) -> None:
        # A closed terminal must not keep us from ending the children.
        with suppress(OSError):
            self.stdout.write(text)
            self.stdout.flush()


def _port(text: str) -> int:
    if text.isdecimal() and int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no port: a number from 0 to 65535")


def _count(text: str) -> int:
    if text.isdecimal() and 1 <= int(text) <= 1000:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 1000")
