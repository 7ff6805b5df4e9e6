"""What may be said to a pattern; launcher and API ask the same.  WEB."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from demo.fields import Addresses, Choice, Choices, Number, Text, Whole, YesNo
from demo.models import Report
from demo.tasks.canvas import RATES
from demo.tasks.progress import SUPPLIERS
from demo.tasks.workflows import WAREHOUSES

CHUNKS = 200
# Where an address is wanted and none is known: no mail ever goes there.
NOBODY = "ada@example.com"


class Inputs(serializers.Serializer[Any]):
    """A pattern's fields.  Unknown ones are refused: a slip must not pass for a default."""

    strict = True

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := [str(n) for n in data if n not in self.fields]):
            allowed = ", ".join(self.fields) or "nothing"
            told = f"There is no such field. Allowed: {allowed}."
            raise serializers.ValidationError({name[:100]: [told] for name in unknown[:10]})
        return super().to_internal_value(data)


class SimpleInputs(Inputs):
    operation = Choice(("add", "multiply"), default="add", label="Operation")
    x = Number(-1_000_000_000, 1_000_000_000, label="x", initial=19)
    y = Number(-1_000_000_000, 1_000_000_000, label="y", initial=23)


class ChainInputs(Inputs):
    supplier = Choice(SUPPLIERS, label="Supplier")
    currency = Choice(tuple(RATES), default="EUR", label="Currency")
    rate_missing = YesNo(default=False, label="Breaks at step two")


class GroupInputs(Inputs):
    warehouses = Choices(
        WAREHOUSES, label="Warehouses", initial=", ".join(WAREHOUSES),
        help_text="with commas between",
    )  # fmt: skip


class ChordInputs(Inputs):
    items = Whole(1, 100_000, label="Orders", initial=1000)
    chunk_size = Whole(1, 100_000, default=100, label="In a chunk")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if -(-attrs["items"] // attrs["chunk_size"]) > CHUNKS:
            least = -(-attrs["items"] // CHUNKS)
            told = f"Give {least:,} or more for {attrs['items']:,} orders: at most {CHUNKS} chunks."
            raise serializers.ValidationError({"chunk_size": [told]})
        return attrs


class StepsInputs(Inputs):
    steps = Whole(1, 200, label="Steps", initial=12)
    step_seconds = Number(0, 10, default=1, label="Seconds a step")


class LimitedInputs(Inputs):
    seconds = Number(0.1, 300, label="Work (s)", initial=10)
    soft_limit = Whole(1, 300, default=4, label="Soft limit (s)")
    hard_limit = Whole(1, 300, default=8, label="Hard limit (s)")
    stubborn = YesNo(default=False, label="Does not listen")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["hard_limit"] <= attrs["soft_limit"]:
            told = f"Give more than the soft limit, {attrs['soft_limit']}, and at most 300."
            raise serializers.ValidationError({"hard_limit": [told]})
        return attrs


class RetryInputs(Inputs):
    fail_probability = Number(0, 1, label="Fails with probability", initial=0.6)
    max_retries = Whole(0, 10, default=5, label="Retries")


class UsersInputs(Inputs):
    count = Whole(1, 500, label="Users", initial=60)
    prefix = Text(
        20, "[a-z][a-z0-9]*", "Give 1 to 20 small letters and digits, a letter first.",
        default="guest", label="Name begins with",
    )  # fmt: skip


class CleanUsersInputs(Inputs):
    days = Whole(1, 3650, label="Not seen for (days)", initial=90)
    dry_run = YesNo(default=True, label="Only count them")


class MailInputs(Inputs):
    to = Addresses(1, label="To", initial=NOBODY)
    subject = Text(200, default="Your order is on its way", label="Subject")
    text = Text(10_000, lines=True, default="Parcel 1Z77131 left Leipzig today.", label="Text")


class BulkInputs(MailInputs):
    to = Addresses(100, label="To", initial=f"{NOBODY}, grace@example.com, alan@example.com")
    batch_size = Whole(1, 100, default=2, label="In a batch")


class CallbacksInputs(Inputs):
    order = Text(
        20, "[A-Z]-[0-9]{1,12}", "Give an order's number such as A-77131.",
        label="Order", initial="A-77131",
    )  # fmt: skip
    decline = YesNo(default=False, label="The bank says no")


class ReportInputs(Inputs):
    kind = Choice(Report.Kind.choices, label="Kind")
    days = Whole(1, 365, default=30, label="Days")
    form = Choice(Report.Form.choices, default="csv", label="File")


class NoInputs(Inputs):
    """Nothing to say."""


class CleanLogsInputs(Inputs):
    # What is deleted is past the days that the settings say, whatever is counted.
    days = Whole(1, 3650, default=30, label="Count older than (days)")
    dry_run = YesNo(default=True, label="Only count them")
