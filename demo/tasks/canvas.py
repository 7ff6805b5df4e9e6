"""Tasks joined together: chain, group, chord, callbacks.

A chain is one workflow by itself.  A group and a chord are started by a run of their own: their
parts then have it as parent and root, and stand together on the workflow page.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Sequence
from typing import Any

from celery import Task, chord, group, shared_task

from demo.tasks.retrying import RetryingTask
from demo.tasks.workflows import count_stock
from tasklog.capture import progress

logger = logging.getLogger("shop.import")

RATES = {"EUR": 1.0, "USD": 1.08, "GBP": 0.86, "PLN": 4.31}


# --- A chain of three ---------------------------------------------------------------------------


@shared_task(base=RetryingTask, name="demo.fetch_prices")
def fetch_prices(supplier: str) -> dict[str, Any]:
    """Fetches a supplier's price list, in euros."""
    print(f"GET https://{supplier}.invalid/prices.csv")
    prices = {f"{supplier[:3].upper()}-{n:03d}": round(4.5 + n * 3.7, 2) for n in range(1, 9)}
    for product, price in prices.items():
        print(f"{product}  {price:7.2f} EUR")
        time.sleep(0.1)
    logger.info("%d prices of %s fetched", len(prices), supplier)
    return {"supplier": supplier, "prices": prices}


class RateMissing(Exception):
    """Nobody has said what the currency is worth today."""


@shared_task(name="demo.convert_prices")
def convert_prices(
    fetched: dict[str, Any], currency: str = "EUR", rate_missing: bool = False
) -> dict[str, Any]:
    """Converts what the step before fetched; without a rate the chain breaks here."""
    if rate_missing:
        print(f"{len(fetched['prices'])} prices wait, and the bank has published no {currency}")
        raise RateMissing(f"no rate for {currency} today")
    rate = RATES[currency]
    print(f"1 EUR = {rate} {currency}")
    prices = {name: round(price * rate, 2) for name, price in fetched["prices"].items()}
    for product, price in prices.items():
        print(f"{product}  {fetched['prices'][product]:7.2f} EUR = {price:7.2f} {currency}")
        time.sleep(0.05)
    return {**fetched, "prices": prices, "currency": currency}


@shared_task(base=RetryingTask, name="demo.publish_prices")
def publish_prices(converted: dict[str, Any]) -> dict[str, Any]:
    """Puts the new prices into the shop; the chain's result."""
    prices = converted["prices"]
    for done, (product, price) in enumerate(prices.items(), 1):
        print(f"{product} now costs {price:.2f} {converted['currency']}")
        progress(100 * done / len(prices), f"{done} of {len(prices)} prices")
        time.sleep(0.05)
    total = round(sum(prices.values()), 2)
    return {"supplier": converted["supplier"], "published": len(prices), "total": total}


# --- A group ------------------------------------------------------------------------------------


@shared_task(name="demo.stocktaking")
def stocktaking(places: Sequence[str]) -> dict[str, Any]:
    """Counts each warehouse in a task of its own, all beside each other."""
    print(f"counting {len(places)} warehouses: {', '.join(places)}")
    started: Any = group(count_stock.s(place) for place in places).apply_async()
    for place, child in zip(places, started.results, strict=True):
        print(f"{place} is counted by {child.id}")
    return {"group_id": started.id, "started": len(places)}


# --- A chord: chunks, then all of them together ---------------------------------------------------


@shared_task(bind=True, name="demo.process_data")
def process_data(
    self: Task[..., Any], items: int = 1000, chunk_size: int = 100, callback_id: str | None = None
) -> dict[str, int]:
    """Cuts `items` orders into chunks, has each summed up, and then all of them put together."""
    edges = range(0, items, chunk_size)
    print(f"{items:,} orders in {len(edges)} chunks of at most {chunk_size:,}")
    together = aggregate.s(items=items).set(task_id=callback_id or f"{self.request.id}-all")
    chord([sum_chunk.s(start, min(start + chunk_size, items)) for start in edges])(together)
    print("the last chunk that is done starts the aggregate")
    return {"items": items, "chunks": len(edges)}


@shared_task(base=RetryingTask, name="demo.sum_chunk")
def sum_chunk(start: int, end: int) -> dict[str, Any]:
    """The orders from `start` to `end`: how many, how much, the largest."""
    amounts = [amount_of(order) for order in range(start, end)]
    for order in range(start, end, max(1, (end - start) // 5)):
        print(f"order A-{order:06d}  {amount_of(order):7.2f} EUR")
        time.sleep(0.02)
    summed = {"orders": len(amounts), "total": round(sum(amounts), 2), "largest": max(amounts)}
    print(f"orders {start:,}–{end - 1:,}: {summed['total']:,.2f} EUR")
    return summed


def amount_of(order: int) -> float:
    """What an order is worth: the same whoever asks."""
    return 5 + order * 7919 % 19500 / 100


@shared_task(name="demo.aggregate")
def aggregate(chunks: Sequence[dict[str, Any]], items: int) -> dict[str, Any]:
    """Puts the chunks together; the chord's result."""
    orders = sum(chunk["orders"] for chunk in chunks)
    total = round(sum(chunk["total"] for chunk in chunks), 2)
    for number, chunk in enumerate(chunks, 1):
        print(f"chunk {number:>3}: {chunk['orders']:>6,} orders  {chunk['total']:>14,.2f} EUR")
    print(f"together : {orders:>6,} orders  {total:>14,.2f} EUR")
    if orders != items:
        logger.error("%d orders are missing", items - orders)
    return {"orders": orders, "total": total, "largest": max(c["largest"] for c in chunks)}


# --- Callbacks ----------------------------------------------------------------------------------


class CardDeclined(Exception):
    """The bank said no."""


@shared_task(name="demo.charge")
def charge(order: str, decline: bool = False) -> dict[str, Any]:
    """Charges a card; `link` and `link_error` say what comes after."""
    print(f"order {order}: asking the bank for 129.00 EUR")
    time.sleep(0.3)
    if decline:
        print("the bank answered 51, insufficient funds", file=sys.stderr)
        raise CardDeclined(f"order {order}: insufficient funds")
    print("the bank answered 00, approved")
    return {"order": order, "amount": 129.0}


@shared_task(name="demo.send_receipt")
def send_receipt(charged: dict[str, Any]) -> str:
    """Runs after a charge that went well."""
    print(f"receipt for order {charged['order']}: {charged['amount']:.2f} EUR, thank you")
    return f"receipt for {charged['order']}"


# Celery calls an error callback of this form in the failed task's own process: it is no run of
# its own, and its lines would have no log.  A task that takes the failed id only is a run.
@shared_task(name="demo.tell_accounting")
def tell_accounting(failed_id: str) -> str:
    """Runs after a charge that failed."""
    print(f"charge {failed_id} failed: the order waits for another card", file=sys.stderr)
    return f"told about {failed_id}"
