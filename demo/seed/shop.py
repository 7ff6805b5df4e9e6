"""The shop's tasks that the web shop starts: orders, payments, mail, pictures."""

from __future__ import annotations

from demo.seed.job import Fault, Job, Script
from tasklog.states import Cause, State

GATEWAY_AWAY = Fault(
    "shop.payments.GatewayError: the gateway answered 503 for order {order}",
    (
        ("payments/tasks.py", 48, "capture", "gateway.charge(order, amount)"),
        ("payments/gateway.py", 112, "charge", "raise GatewayError(status, order)"),
    ),
)
_NO_PRICE = Fault(
    "KeyError: 'price'",
    (
        ("orders/tasks.py", 31, "confirm", "total = sum(price_of(item) for item in order)"),
        ("orders/prices.py", 17, "price_of", 'return Decimal(item["price"])'),
    ),
)
_MAILBOX = Fault(
    "smtplib.SMTPRecipientsRefused: {{'guest{n}@example.com': (550, b'no such mailbox')}}",
    (("mail/tasks.py", 27, "send_invoice", "connection.send_message(message)"),),
)
_MEMORY = Fault(
    "", state=State.LOST, cause=Cause.OUT_OF_MEMORY,
    reason="Killed by signal 9; probably out of memory: its process held 1.9 GB of 2.0 GB",
)  # fmt: skip
_BROKEN = Fault(
    "OSError: image file is truncated ({n} bytes not processed)",
    (
        ("images/tasks.py", 22, "resize", "picture.thumbnail(size)"),
        ("images/picture.py", 64, "thumbnail", "self.load()"),
    ),
)
_REFUSED = Fault(
    "ValueError: refund of {amount} EUR is more than order {order} has left",
    (("payments/tasks.py", 91, "refund", "raise ValueError(told)"),),
)

PAYMENTS = Job(
    "payments.capture", "high-priority", seconds=2.4, a_day=45, spread=0.5,
    failing=0.02, retrying=0.06, faults=(GATEWAY_AWAY,),
    kwargs='{{"order": {order}, "amount": "{amount}"}}', result="'captured'",
    script=Script(
        "shop.payments",
        ("I capturing {amount} EUR for order {order}", "D session {hex} opened in {ms} ms"),
        ("D gateway took {ms} ms", "I risk check {n} of 8 passed"),
        ("I captured {amount} EUR, reference {hex}", "P order {order} is paid"),
        most=9, rare=("W gateway slow: {ms} ms", "W card declined for order {order}"),
    ),
)  # fmt: skip

INVOICE = Job(
    "mail.send_invoice", "high-priority", seconds=0.9, a_day=35, failing=0.03, retrying=0.08,
    faults=(_MAILBOX,), kwargs='{{"order": {order}}}', result="{{'sent': 1}}",
    script=Script(
        "shop.mail",
        ("I invoice for order {order}", "D template invoice.html rendered in {ms} ms"),
        ("D page {n} of the PDF took {ms} ms", "D font cache hit"),
        ("I the mail server took 1 message in {ms} ms",),
        rare=("W greylisted, trying mx2.example.com",),
    ),
)  # fmt: skip

JOBS = (
    PAYMENTS,
    Job(
        "orders.confirm", "default", seconds=1.6, a_day=50, failing=0.025, retrying=0.02,
        faults=(_NO_PRICE,), kwargs='{{"order": {order}}}', result="'confirmed'",
        script=Script(
            "shop.orders",
            ("I order {order} from guest{n}@example.com", "P reading {n} items"),
            ("D item {item}: price {amount}", "D reserved {item} at {place}"),
            ("I total {amount} EUR", "I order {order} confirmed in {ms} ms"),
            rare=("W item {item} is nearly sold out at {place}",),
            formerly=("W prices of order {order} came from the old table",),
        ),
    ),
    INVOICE,
    Job(
        "images.resize", "low-priority", seconds=14, a_day=25, spread=0.7, failing=0.05,
        faults=(_BROKEN, _BROKEN, _MEMORY), kwargs='{{"item": {item}}}', result="4",
        script=Script(
            "shop.images",
            ("I picture of {item}, {n} MB", "P decoding"),
            ("D {n} px wide in {ms} ms", "P wrote {item}.webp"),
            ("I 4 sizes of {item} written",),
            least=4, most=9, rare=("S colour profile unknown, sRGB assumed",),
        ),
    ),
    Job(
        "payments.refund", "default", seconds=3.1, a_day=6, failing=0.08, faults=(_REFUSED,),
        kwargs='{{"order": {order}, "amount": "{amount}"}}', result="'refunded'",
        script=Script(
            "shop.payments",
            ("I refund of {amount} EUR for order {order}",),
            ("D ledger row {n} checked", "D gateway took {ms} ms"),
            ("I refunded {amount} EUR",),
        ),
    ),
)  # fmt: skip
