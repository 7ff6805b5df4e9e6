"""The shop's tasks that run by the clock: stock, imports, reports, the index, the newsletter."""

from __future__ import annotations

from demo.seed.job import Fault, Job, Script
from tasklog.states import Cause, State

_AWAY = Fault(
    "ConnectionError: stock.example.com:443 does not answer",
    (
        ("stock/tasks.py", 19, "sync", "levels = fetch_levels(place)"),
        ("stock/remote.py", 40, "fetch_levels", "raise ConnectionError(host)"),
    ),
)
_COLUMNS = Fault(
    "ValueError: row {n}: 7 columns expected, 6 found",
    (
        ("imports/tasks.py", 55, "prices", "for row in read(feed):"),
        ("imports/feed.py", 28, "read", "raise ValueError(told)"),
    ),
)
_TOO_LONG = Fault(
    "", state=State.TIMEOUT, cause=Cause.HARD_LIMIT, reason="Hard time limit (900 s) passed"
)
_LOCKED = Fault(
    "django.db.utils.OperationalError: canceling statement due to statement timeout",
    (("reports/tasks.py", 73, "daily_sales", "rows = list(sales_of(day))"),),
)

STOCK = Job(
    "stock.sync", "default", seconds=6.5, every=15, failing=0.01, retrying=0.03, faults=(_AWAY,),
    schedule="Stock, every quarter of an hour", result="48",
    script=Script(
        "shop.stock",
        ("I synchronising stock",),
        ("D warehouse {n}: shelf {n} holds {count} items",),
        ("I stock is level, {count} changes",),
        least=8, most=14, rare=("W warehouse {n}: shelf {n} counts differ by {n}",),
    ),
)  # fmt: skip
PRICES = Job(
    "imports.prices", "low-priority", seconds=42, every=120, failing=0.05, retrying=0.05,
    faults=(_COLUMNS,), schedule="Supplier prices", result="{{'changed': {count}}}",
    script=Script(
        "shop.imports",
        ("I reading the feed of supplier {n}", "P feed: {count} rows"),
        ("D batch {n}: {count} rows in {ms} ms", "D item {item} now costs {amount}"),
        ("I {count} prices changed",),
        least=10, most=24,
        rare=("W item {item}: price doubled to {amount}", "S unknown unit 'doz'"),
    ),
)  # fmt: skip
CATALOGUE = Job(
    "imports.catalogue", "low-priority", seconds=1100, at=2, spread=0.15,
    schedule="Catalogue, nightly", result="{{'items': 19962}}",
    script=Script(
        "shop.imports",
        ("I catalogue of the night", "P downloading {count} MB"),
        ("D item {item} matched in {ms} ms", "P image of {item} unchanged"),
        ("I catalogue imported",),
        least=22, most=26, rare=("W item {item} has no description",),
    ),
)  # fmt: skip

JOBS = (
    STOCK,
    PRICES,
    CATALOGUE,
    Job(
        "search.reindex", "low-priority", seconds=95, every=240, failing=0.06, faults=(_TOO_LONG,),
        schedule="Search index", result="'ok'",
        script=Script(
            "shop.search",
            ("I reindexing", "D snapshot {hex}"),
            ("I shard {n}: {count} documents in {ms} ms", "D merged {n} segments"),
            ("I alias moved to {hex}",),
            least=8, most=20, rare=("W shard {n} is {ms} ms behind",),
        ),
    ),
    Job(
        "reports.daily_sales", "low-priority", seconds=35, at=6, failing=0.14, faults=(_LOCKED,),
        schedule="Sales of the day", result="'sales.csv'",
        script=Script(
            "shop.reports",
            ("I sales of yesterday",),
            ("D hour {n}: {count} orders, {amount} EUR",),
            ("I 24 hours, {amount} EUR", "P wrote sales.csv"),
            least=24, most=24,
        ),
    ),
    Job(
        "reports.stock_value", "low-priority", seconds=18, at=7, schedule="Value of the stock",
        result="'{amount}'",
        script=Script(
            "shop.reports",
            ("I value of the stock",),
            ("D warehouse {n}: {count} items, {amount} EUR",),
            ("I total {amount} EUR",),
            least=10, most=12,
        ),
    ),
    Job(
        "mail.newsletter", "low-priority", seconds=210, at=10, schedule="Newsletter",
        result="{{'sent': 480}}",
        script=Script(
            "shop.mail",
            ("I newsletter to {count} readers",),
            ("I batch {n}: 20 sent in {ms} ms",),
            ("I all sent",),
            least=24, most=24, rare=("W guest{n}@example.com bounced",),
        ),
    ),
)  # fmt: skip
