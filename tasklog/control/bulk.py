"""The same for many runs: first what would happen, then that.  WEB."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from celery import current_app
from django.http import HttpRequest

from tasklog.audit.trail import record_each
from tasklog.control import again
from tasklog.control import runs as one
from tasklog.control.actions import Action, Outcome, done, failed, perform
from tasklog.control.models import Rerun
from tasklog.control.payload import NotKept
from tasklog.control.sending import BrokerAway, Call, Unfit, note, publish, short_connection
from tasklog.models import TaskRun

# At most so many at a time.
MOST = 1_000


class Refused(NamedTuple):
    """Runs that the action leaves alone, and why."""

    why: str
    runs: list[TaskRun]


@dataclass(frozen=True, slots=True)
class Plan:
    """What the action would do: the dry run."""

    action: Action
    possible: list[TaskRun]
    refused: list[Refused]

    @property
    def broken(self) -> int:
        """How many of them broke a chain that can go on."""
        return sum(not again.why_no_rest(run) for run in self.possible if again.may_go_on(run))

    @property
    def sent_before(self) -> int:
        """How many of them have been sent again already."""
        ids = [run.pk for run in self.possible]
        return Rerun.objects.filter(of__in=ids).values("of").distinct().count()

    @property
    def title(self) -> str:
        return f"{self.action.title} {counted(len(self.possible))}"


class Done(NamedTuple):
    """What it did: old id → new id of a retry, "" of a revoke; and why others were left alone."""

    made: dict[str, str]
    left: dict[str, str]


def counted(n: int) -> str:
    return f"{n:,} run{'' if n == 1 else 's'}"


def plan(word: str, runs: Sequence[TaskRun]) -> Plan:
    """Sorts the runs by what is possible.  KeyError for a word that is no bulk action."""
    action, why_not = ACTIONS[word]
    possible, refused = [], defaultdict(list)
    for run in runs:
        if why := why_not(run):
            refused[why].append(run)
        else:
            possible.append(run)
    by_size = sorted(refused.items(), key=lambda item: -len(item[1]))
    return Plan(action, possible, [Refused(*item) for item in by_size])


def carry_out(planned: Plan, request: HttpRequest, **options: Any) -> Outcome:
    """Does it.  The trail gets one entry for the whole and one for each run."""
    user: Any = request.user
    runs = planned.possible
    outcome = perform(
        planned.action, request, runs, named=counted(len(runs)), by=user.get_username(), **options
    )
    if isinstance(outcome.made, Done):
        names = {run.pk: one.named(run) for run in runs}
        touched = [names[task_id] for task_id in outcome.made.made]
        record_each(planned.action.word, touched, request=request, result=outcome.result)
    return outcome


def _retry(runs: Sequence[TaskRun], *, by: str, rest: bool = False) -> Outcome:
    calls, left = _calls(runs, rest=rest)
    earlier = one.claim(calls, by=by)
    left |= dict.fromkeys(earlier, "It was sent again a moment ago.")
    calls = [call for call in calls if call.rerun_of not in earlier]
    sent: list[Call] = []
    try:
        with short_connection() as broker, current_app.amqp.Producer(broker) as producer:
            for call in calls:
                _publish(call, producer, by, sent, left)
    except BrokerAway as away:
        if not sent:
            one.release(calls)
            return failed(str(away), away)
        left |= {call.rerun_of: str(away) for call in calls if call not in sent} | left
    one.release(call for call in calls if call.rerun_of in left)
    note(sent, by=by)
    return _told("sent again", Done({call.rerun_of: call.task_id for call in sent}, left))


def _publish(call: Call, producer: Any, by: str, sent: list[Call], left: dict[str, str]) -> None:
    """One that does not fit its task any more costs the others nothing."""
    try:
        publish(call, producer, by=by)
    except Unfit as why:
        left[call.rerun_of] = str(why)
    else:
        sent.append(call)


def _calls(runs: Sequence[TaskRun], *, rest: bool) -> tuple[list[Call], dict[str, str]]:
    calls, left = [], {}
    for run in runs:
        try:
            calls.append(one.call_of(run, rest=rest and not again.why_no_rest(run)))
        except NotKept as why:
            left[run.pk] = str(why)
    return calls, left


def _told(verb: str, made: Done) -> Outcome:
    told = f"{counted(len(made.made))} {verb}."
    if made.left:
        told += f" {len(made.left):,} left alone: {next(iter(made.left.values()))}"
    return done(told, made) if made.made else failed(told, made)


def _revoke(runs: Sequence[TaskRun], *, by: str) -> Outcome:
    ids = [run.pk for run in runs]
    try:
        outcome = one.told_of_revoke(one.ask_workers(ids, by=by))
    except BrokerAway as away:
        return failed(str(away).replace("started", "revoked"), away)
    told = f"{counted(len(ids))}. {outcome.told.replace(' it ', ' them ', 1)}"
    return outcome._replace(told=told, made=Done(dict.fromkeys(ids, ""), {}))


ACTIONS: dict[str, tuple[Action, Callable[[TaskRun], str]]] = {
    "retry": (Action("retry", "Retry", _retry), one.why_no_retry),
    "revoke": (Action("revoke", "Revoke", _revoke, dangerous=True), one.why_no_revoke),
}
