"""The patterns of Celery that can be started here: their words, inputs and signatures.  WEB."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from celery import Signature, chain, uuid

from demo import inputs
from demo.models import Report
from demo.tasks import arithmetic, canvas, delivery, mail, people, reports, steps, upkeep


class Plan(NamedTuple):
    """What is sent: `signature`, whose first run is `root_id`; the result lands in `task_id`.

    `names` has the task of each id that is known before anything runs.
    """

    signature: Signature[Any]
    task_id: str
    root_id: str
    names: dict[str, str]
    # Told in the answer as well.
    about: dict[str, Any] = {}


class Pattern(NamedTuple):
    """One pattern: its word in forms and the API, and how inputs become a plan."""

    word: str
    title: str
    sentence: str
    inputs: type[inputs.Inputs]
    plan: Callable[[dict[str, Any], str], Plan]


def plan_of(signature: Signature[Any], **about: Any) -> Plan:
    """The plan of a single task."""
    task_id = uuid()
    names = {task_id: signature.task or ""}
    return Plan(signature.set(task_id=task_id), task_id, task_id, names, about)


def _simple(given: dict[str, Any], by: str) -> Plan:
    task = arithmetic.multiply if given["operation"] == "multiply" else arithmetic.add
    return plan_of(task.s(given["x"], given["y"]))


def _chain(given: dict[str, Any], by: str) -> Plan:
    parts = [
        canvas.fetch_prices.s(given["supplier"]),
        canvas.convert_prices.s(given["currency"], rate_missing=given["rate_missing"]),
        canvas.publish_prices.s(),
    ]
    ids = [uuid() for _ in parts]
    whole = chain(*(part.set(task_id=one) for part, one in zip(parts, ids, strict=True)))
    names = {one: part.task or "" for part, one in zip(parts, ids, strict=True)}
    return Plan(whole, ids[-1], ids[0], names, {"task_ids": ids})


def _group(given: dict[str, Any], by: str) -> Plan:
    return plan_of(canvas.stocktaking.s(given["warehouses"]))


def _chord(given: dict[str, Any], by: str) -> Plan:
    root_id, result_id = uuid(), uuid()
    starter = canvas.process_data.s(**given, callback_id=result_id).set(task_id=root_id)
    names = {root_id: canvas.process_data.name, result_id: canvas.aggregate.name}
    return Plan(starter, result_id, root_id, names)


def _limited(given: dict[str, Any], by: str) -> Plan:
    work = steps.time_limited.s(seconds=given["seconds"], stubborn=given["stubborn"])
    limits = {"soft_time_limit": given["soft_limit"], "time_limit": given["hard_limit"]}
    return plan_of(work.set(**limits))


def _callbacks(given: dict[str, Any], by: str) -> Plan:
    charge = canvas.charge.s(**given)
    charge.link(canvas.send_receipt.s())
    charge.link_error(canvas.tell_accounting.s())
    return plan_of(charge)


def _report(given: dict[str, Any], by: str) -> Plan:
    """The report exists before its task: the answer can name it."""
    filters = {"days": given["days"]}
    report = Report(kind=given["kind"], form=given["form"], filters=filters, created_by=by)
    report.task_id = task_id = uuid()
    report.save()
    sent = reports.generate_report.s(report.pk).set(task_id=task_id)
    names = {task_id: reports.generate_report.name}
    return Plan(sent, task_id, task_id, names, {"report_id": report.pk})


def _mail(given: dict[str, Any], by: str) -> Plan:
    return plan_of(mail.send_mail.s(given["to"][0], given["subject"], given["text"]))


def _just(task: Any) -> Callable[[dict[str, Any], str], Plan]:
    return lambda given, by: plan_of(task.s(**given))


ALL = (
    Pattern("simple", "Add, multiply", "Two numbers in, one out.", inputs.SimpleInputs, _simple),
    Pattern("steps", "Long, in steps", "A catalogue is rebuilt in four stages, with progress.",
            inputs.StepsInputs, _just(steps.steps)),
    Pattern("time-limited", "Time limits", "Asked to stop at the soft limit, killed at the hard "
            "one.", inputs.LimitedInputs, _limited),
    Pattern("retry", "Back-off and jitter", "A busy carrier: the waits double, each drawn at "
            "random.", inputs.RetryInputs, _just(delivery.deliver)),
    Pattern("chain", "Chain", "Fetch, convert, publish: each step gets the one before. Break it, "
            "then retry with the rest.", inputs.ChainInputs, _chain),
    Pattern("group", "Group", "Warehouses are counted beside each other.",
            inputs.GroupInputs, _group),
    Pattern("chord", "Chunks and a chord", "Orders are summed up in chunks, then all together.",
            inputs.ChordInputs, _chord),
    Pattern("callbacks", "Callbacks", "A card is charged; a receipt follows, or a word to "
            "accounting.", inputs.CallbacksInputs, _callbacks),
    Pattern("create-users", "Users by the batch", "Marked users that nobody can log in as.",
            inputs.UsersInputs, _just(people.create_users)),
    Pattern("clean-up-users", "Clean up users", "Marked users not seen for long go; others never "
            "do.", inputs.CleanUsersInputs, _just(people.clean_up_users)),
    Pattern("send-mail", "One e-mail", "By the backend that is set; here usually the log.",
            inputs.MailInputs, _mail),
    Pattern("send-bulk", "Many e-mails", "In batches, each over one connection.",
            inputs.BulkInputs, _just(mail.send_bulk)),
    Pattern("report", "Report", "A file to download when it is done.",
            inputs.ReportInputs, _report),
    Pattern("health-check", "Health check", "Database, cache and disk, as the worker sees them.",
            inputs.NoInputs, _just(upkeep.health_check)),
    Pattern("clean-up-logs", "Clean up logs", "Counts what is old, or deletes what is past its "
            "days.", inputs.CleanLogsInputs, _just(upkeep.clean_up_logs)),
)  # fmt: skip

PATTERNS = {pattern.word: pattern for pattern in ALL}
# What the launcher lists beside its own: the runs that patterns begin or end with.
TASK_NAMES = [
    task.name
    for task in (
        arithmetic.add, arithmetic.multiply, steps.steps, steps.time_limited, delivery.deliver,
        canvas.fetch_prices, canvas.publish_prices, canvas.stocktaking, canvas.process_data,
        canvas.aggregate, canvas.charge, canvas.send_receipt, canvas.tell_accounting,
        people.create_users, people.clean_up_users, mail.send_mail, mail.send_bulk,
        reports.generate_report, upkeep.health_check, upkeep.clean_up_logs,
    )
]  # fmt: skip
