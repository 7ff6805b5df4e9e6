"""Kinds of output: a little, in colour, in every script, from a child process, with secrets."""

from __future__ import annotations

import logging
import subprocess
import sys
import time

from celery import shared_task

logger = logging.getLogger("shop.mail")


@shared_task(name="demo.quick")
def quick(duration: int = 3) -> str:
    """Sends one invoice in about three seconds."""
    print("invoice 2026-1187 for Ada Lovelace: rendering")
    time.sleep(duration * 0.4)
    print("page 1 of 2\npage 2 of 2")
    logger.info("invoice 2026-1187: 84 kB PDF written")
    time.sleep(duration * 0.4)
    logger.warning("mail server answered 451, trying its second address")
    time.sleep(duration * 0.2)
    print("sent: 250 2.0.0 queued as 4Z1x9Kq")
    return "sent"


@shared_task(name="demo.colours")
def colours() -> None:
    """The 16 colours, the 256, 24 bit, styles, and text in many scripts."""
    for first, what in ((30, "colours"), (90, "bright"), (40, "behind"), (100, "bright behind")):
        print(
            f"{what:>14} " + " ".join(f"\x1b[{first + n}m {first + n:3d} \x1b[0m" for n in range(8))
        )
    for row in range(16, 232, 36):
        print("".join(f"\x1b[48;5;{row + n}m  " for n in range(36)) + "\x1b[0m")
    print("".join(f"\x1b[48;5;{n}m  " for n in range(232, 256)) + "\x1b[0m  greys")
    print(
        "".join(f"\x1b[38;2;{255 - n * 5};{n * 4};{90 + n * 3}m█" for n in range(50))
        + "\x1b[0m  24 bit"
    )
    print("\x1b[1mbold\x1b[0m \x1b[2mdim\x1b[0m \x1b[3mitalic\x1b[0m \x1b[4munderlined\x1b[0m "
          "\x1b[7mreversed\x1b[0m \x1b[9mstruck\x1b[0m \x1b[1;31mbold red\x1b[0m")  # fmt: skip
    for text in SCRIPTS:
        print(text)
    print("\x1b[31merror\x1b[0m: red on the error stream", file=sys.stderr)
    logger.info("\x1b[32m✓\x1b[0m a coloured log record")


SCRIPTS = (
    "Ἑλληνικά · Кириллица · Tiếng Việt · naïve café · İstanbul · Straße",
    "wide: 日本語 中文 한국어 ｆｕｌｌ｜half",
    "right to left: שלום עולם · مرحبا بالعالم · order A-77131 אושר",
    "combining: e\u0301 a\u0308\u0323 n\u0303 क्षि Z̷͓͒a̶͉̐l̴̙̈́g̵̘̈o",
    "emoji: 🚚 📦 ✅ ❌ 👩🏽‍💻 👨‍👩‍👧 🏳️‍🌈 🇵🇱  one cell wide: ▲ ● ■ ✓",
    "table: ┌───────┬──────┐ │ order │ ok   │ └───────┴──────┘ ▁▂▃▄▅▆▇█",
    "odd ones: tab\there, bell \a, zero\u200bwidth, <b>not bold</b> &amp; 'quotes'",
)

CHILD = """
import sys, time
for step, table in enumerate(["customers", "orders", "invoices", "payments", "refunds"], 1):
    print(f"dumping {table:<10} {step * 12841:>7,} rows", flush=True)
    time.sleep(0.5)
    if table == "invoices":
        print("warning: table invoices is 3.1 GB, takes a while", file=sys.stderr, flush=True)
print("backup-2026-11-21.dump  412 MB  sha256 9f2c1e07", flush=True)
"""


@shared_task(name="demo.subprocess")
def child_process() -> int:
    """Runs another program and passes its output on, line by line as it comes."""
    command = [sys.executable, "-c", CHILD]
    print("$ backup --all --compress")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as child:
        for line in child.stdout or ():
            print(line, end="")
    print(f"exit code {child.returncode}")
    return child.returncode


@shared_task(name="demo.secrets")
def secrets() -> str:
    """Prints what should never be in a log; the page must show stars instead."""
    print("connecting to postgres://shop:hunter2-is-not-safe@db.internal:5432/orders")
    print("password=correct-horse-battery-staple")
    print('{"user": "ada", "api_key": "not-a-real-key-0123456789abcdef"}')
    logger.warning(
        "Authorization: Bearer %s", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJkZW1vIn0.c2lnbmF0dXJl"
    )
    print("AWS_SECRET_ACCESS_KEY=EXAMPLEexampleEXAMPLEexampleEXAMPLEkey00", file=sys.stderr)
    print("order A-77131 charged: this line has nothing to hide")
    return "done"
