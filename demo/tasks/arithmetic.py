"""The smallest tasks there are: two numbers in, one out."""

from __future__ import annotations

from celery import shared_task


@shared_task(name="demo.add")
def add(x: float, y: float) -> float:
    """Adds, and shows the sum."""
    print(f"{x:,} + {y:,} = {x + y:,}")
    return x + y


@shared_task(name="demo.multiply")
def multiply(x: float, y: float) -> float:
    """Multiplies, and shows the product."""
    print(f"{x:,} × {y:,} = {x * y:,}")
    return x * y
