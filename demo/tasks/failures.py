"""The ways a task can end badly, each with output before its end."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any

from billiard.process import current_process
from celery import Task, shared_task
from celery.exceptions import SoftTimeLimitExceeded
from celery.utils.log import get_task_logger

logger = get_task_logger(__name__)

EXCHANGE_RATES = {"EUR": 1.0, "USD": 1.08, "GBP": 0.86}


class PriceError(Exception):
    """An order could not be priced."""


@shared_task(name="demo.failing")
def failing(duration: int = 2) -> None:
    """Prices orders until one has a currency nobody knows."""
    for order, currency in (("A-77128", "EUR"), ("A-77129", "GBP"), ("A-77130", "USD")):
        print(f"order {order}: 129.00 EUR = {_convert(order, 129.0, currency):.2f} {currency}")
        time.sleep(duration / 4)
    print("order A-77131: currency 'XAU' is not in the table of rates", file=sys.stderr)
    logger.error("pricing stopped at order %s, 3 of 4 done", "A-77131")
    time.sleep(duration / 4)
    _convert("A-77131", 129.0, "XAU")


def _convert(order: str, amount: float, currency: str) -> float:
    try:
        return amount * EXCHANGE_RATES[currency]
    except KeyError as error:
        raise PriceError(f"order {order}: no exchange rate for {currency}") from error


# Taken before it runs and never given back: a task that kills its process must not come again.
@shared_task(name="demo.killed", acks_late=False)
def killed() -> None:
    """Is killed by signal 9 in the middle of its work, as an administrator would do it."""
    for page in range(1, 9):
        print(f"crawled page {page} of 40: {page * 23} links")
        time.sleep(0.25)
    _die("kill -9 arrives while page 9 is loading")


@shared_task(name="demo.memory", acks_late=False)
def memory(megabytes: int = 160) -> None:
    """Holds more and more memory until it is killed, as the kernel does when none is left."""
    held: list[bytearray] = []
    for step in range(1, 9):
        held.append(bytearray(b"\x01") * (megabytes * 2**20 // 8))
        print(
            f"loaded part {step} of 40 of the image index, holding {len(held[0]) * step >> 20} MB"
        )
        time.sleep(0.25)
    logger.warning("memory is getting short, %d MB held", megabytes)
    _die("the kernel's out-of-memory killer would step in here")


def _die(why: str) -> None:
    """Kills this process, but only a child of a worker: never the worker or a web server."""
    print(why, file=sys.stderr)
    if not current_process().name.startswith("ForkPoolWorker"):
        print("this pool has no child processes to kill, so the task just ends")
        return
    os.kill(os.getpid(), signal.SIGKILL)


@shared_task(name="demo.soft_limit", soft_time_limit=4, time_limit=20)
def soft_limit() -> None:
    """Is asked to stop after 4 seconds, tidies up and gives the exception back."""
    try:
        for row in range(1, 33):
            print(f"report row {row}: 1,204 orders aggregated")
            time.sleep(0.25)
    except SoftTimeLimitExceeded:
        print("time is up: removing the half-written report", file=sys.stderr)
        raise


@shared_task(name="demo.hard_limit", soft_time_limit=3, time_limit=5, acks_late=False)
def hard_limit() -> None:
    """Does not listen when it is asked to stop after 3 seconds, and is killed after 5."""
    for attempt in range(1, 25):
        try:
            print(f"waiting for the supplier's answer, {attempt * 0.5:.1f} s")
            time.sleep(0.5)
        except SoftTimeLimitExceeded:
            print("asked to stop, but the answer must come soon", file=sys.stderr)


@shared_task(bind=True, name="demo.retries", max_retries=4)
def retries(self: Task[..., Any], fail: int = 3) -> str:
    """Fails `fail` times, waits 1, 2, 4 … seconds in between, then succeeds."""
    attempt = self.request.retries + 1
    print(f"attempt {attempt}: posting 50 orders to the warehouse")
    try:
        _post_orders(attempt, fail)
    except ConnectionError as error:
        wait = 2**self.request.retries
        logger.warning("the warehouse is busy, trying again in %d s", wait)
        raise self.retry(exc=error, countdown=wait) from error
    print("the warehouse took all 50 orders")
    return f"ok at attempt {attempt}"


def _post_orders(attempt: int, fail: int) -> None:
    if attempt <= fail:
        raise ConnectionError(f"warehouse.internal answered 503 (request {attempt})")
