"""Tasks that write in every way there is; each numbers its lines.  Loaded by real workers."""

import asyncio
import logging
import multiprocessing
import os
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from rich.console import Console
from tqdm import tqdm

shy = logging.getLogger("capture.shy")
shy.propagate = False
task_log = logging.getLogger("celery.task.capture")


@shared_task(name="capture.many")
def many(name, count):
    """Numbered lines of its own, from both streams and a logger, giving way in between."""
    for number in range(1, count + 1):
        print(f"{name} out {number}")
        print(f"{name} err {number}", file=sys.stderr)
        task_log.warning("%s log %d", name, number)
        if number % 10 == 0:
            time.sleep(0.001)
    return count


@shared_task(name="capture.inner")
def inner():
    print("from inside")


@shared_task(name="capture.ways")
def ways():
    print("print")
    sys.stderr.write("stderr\n")
    sys.stdout.buffer.write("grü".encode()[:3])
    sys.stdout.buffer.write("grü".encode()[3:] + b"\n")
    logging.getLogger("capture.root").warning("root logger")
    shy.warning("no propagation, no handler")
    task_log.warning("task logger")
    warnings.warn("a warning", stacklevel=1)
    click.echo("click")
    Console(file=sys.stdout, width=60).print("[bold]rich[/bold]")
    for _ in tqdm(range(300), desc="bar", mininterval=0):
        pass
    print("a\rb\rc")
    print("para\u2028graph")
    inner.apply()
    print("unfinished", end="")


@shared_task(name="capture.offspring")
def offspring():
    thread = threading.Thread(target=print, args=("thread",))
    thread.start()
    thread.join()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda n: print(f"executor {n}"), range(5)))

    async def speak(number):
        await asyncio.sleep(0)
        print(f"coroutine {number}")
        await asyncio.to_thread(print, f"to_thread {number}")

    async def speak_all():
        await asyncio.gather(*(speak(number) for number in range(3)))

    asyncio.run(speak_all())


@shared_task(name="capture.forks")
def forks():
    print("before the fork")
    child = os.fork()
    if child == 0:
        print("from the fork")
        os._exit(0)
    os.waitpid(child, 0)
    # A child of a pool is a daemon and may have no children; the context does not ask.
    multiprocessing.current_process()._config["daemon"] = False
    process = multiprocessing.get_context("fork").Process(target=print, args=("from a process",))
    process.start()
    process.join()
    print("after the fork")


@shared_task(name="capture.raises")
def raises():
    print("on the way")
    raise LookupError("gone")


@shared_task(name="capture.retries", bind=True, max_retries=1)
def retries(self):
    print(f"try {self.request.retries}")
    raise self.retry(exc=LookupError("gone"), countdown=0)


@shared_task(name="capture.soft", soft_time_limit=1, acks_late=False)
def soft():
    number = 0
    while True:
        number += 1
        print(f"spin {number}")


@shared_task(name="capture.hard", soft_time_limit=1, time_limit=2, acks_late=False)
def hard():
    print("before the limit")
    try:
        time.sleep(60)
    except SoftTimeLimitExceeded:
        print("after the soft limit")
        time.sleep(60)


@shared_task(name="capture.killed", acks_late=False, reject_on_worker_lost=False)
def killed():
    print("before the kill")
    os.kill(os.getpid(), 9)


@shared_task(name="capture.hidden")
def hidden():
    print("not to be seen")


hidden.tasklog = False


chatty = logging.getLogger("capture.chatty")


@shared_task(name="capture.chats")
def chats(folder, ends="well"):
    """Says a DEBUG record and an INFO one ten times a second until `folder`/stop is there."""
    stop, number = Path(folder) / "stop", 0
    while not stop.exists():
        number += 1
        chatty.debug("detail %d", number)
        chatty.info("step %d", number)
        time.sleep(0.1)
    if ends != "well":
        raise LookupError(ends)


@shared_task(name="capture.recorded", bind=True, max_retries=1, soft_time_limit=20)
def recorded(self, ends):
    """Says what is below its logger's level, a secret among it, and ends as asked."""
    print("begins")
    for number in range(1, 31):
        chatty.debug("detail %d", number)
    chatty.debug("password=%s", "hunter2-recorded")
    print("ends")
    if ends == "well":
        return
    if ends == "soft":
        raise SoftTimeLimitExceeded
    if ends == "again":
        raise self.retry(countdown=0, exc=LookupError("gone"))
    raise LookupError("gone")
