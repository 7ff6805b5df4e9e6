"""What a run's envelope says, read by drainer and pages; `tasklog.capture.envelope` writes it.

- `priority`, `hard`, `soft`: as they were sent (seconds)
- `after`, `until`: its expiry, seconds from the sending or a moment
- `exchange`: where it is not the usual one; the routing key is the run's queue
- `then`, `steps`: `[id, name]` of the chain's next steps (the first twenty and the last), how many
- `chord`: `[id, name]` of what waits for its whole group
- `link`, `link_error`: names of the callbacks
- `headers`, `stamps`: their names
- `kept`: how the values of callbacks, headers and the chain's rest are kept, a `Payload`
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tasklog.models import TaskRun

Step = tuple[str, str]


def steps(run: TaskRun, word: str) -> list[Step]:
    """Id and name of the steps under `then` or `chord`; whatever is none is left out."""
    found: Any = run.envelope.get(word) if isinstance(run.envelope, dict) else None
    return [(step[0], step[1]) for step in found or () if _is_step(step)]


def _is_step(step: Any) -> bool:
    return isinstance(step, list) and len(step) == 2 and all(isinstance(x, str) for x in step)


def following(run: TaskRun, most: int = 6) -> str:
    """`convert → publish`: the steps after it in its chain; empty where there are none."""
    named = [name for _, name in steps(run, "then")][:most]
    more = int(run.envelope.get("steps", 0)) - len(named) if named else 0
    return " → ".join([*named, *([f"{more:,} more"] if more > 0 else [])])


def after(run: TaskRun) -> list[str]:
    """Ids of what is sent only when this run succeeds: the chain's next steps, the callback."""
    return [task_id for word in ("then", "chord") for task_id, _ in steps(run, word) if task_id]
