"""Arguments that a person may change without seeing what is masked in them.  WEB.

The form shows what the run's page shows.  A value that comes back as it was shown stands for the
true one, so a masked secret travels on and is never read.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from tasklog.control.payload import Arguments, NotKept, arguments_of
from tasklog.models import TaskRun


class Draft(NamedTuple):
    """What the form begins with; `missing` says why it begins empty, where it does."""

    args: str
    kwargs: str
    missing: str = ""
    # Some values are not shown as they are.
    masked: bool = False


_EMPTY = ("[]", "{}")


def draft_of(run: TaskRun) -> Draft:
    """The form's first text for this run."""
    try:
        real = arguments_of(run)
    except NotKept as why:
        return Draft(*_EMPTY, missing=str(why))
    shown = _shown(run)
    if shown is None or not _same_shape(shown, list(real)):
        return Draft(*_EMPTY, missing="they are too long to be shown in a form")
    return Draft(_pretty(shown[0]), _pretty(shown[1]), masked=shown != list(real))


def completed(run: TaskRun, args: list[Any], kwargs: dict[str, Any]) -> Arguments:
    """The edited arguments with the true values in the place of those that stayed as shown."""
    draft = draft_of(run)
    if draft.missing or not draft.masked:
        return args, kwargs
    shown, real = _shown(run), list(arguments_of(run))
    args, kwargs = _merged([args, kwargs], shown, real)
    return args, kwargs


def _shown(run: TaskRun) -> list[Any] | None:
    try:
        return [json.loads(run.args), json.loads(run.kwargs)]
    except ValueError:
        return None


def _same_shape(shown: Any, real: Any) -> bool:
    """False where the page left something out: it cannot be put back."""
    if isinstance(real, dict) and isinstance(shown, dict):
        named = {str(name): item for name, item in real.items()}
        return named.keys() == shown.keys() and all(
            _same_shape(item, named[name]) for name, item in shown.items()
        )
    if isinstance(real, (list, tuple)) and isinstance(shown, list):
        return len(real) == len(shown) and all(map(_same_shape, shown, real))
    return True


def _merged(edited: Any, shown: Any, real: Any) -> Any:
    if edited == shown and type(edited) is type(shown):
        return real
    if isinstance(edited, dict) and isinstance(shown, dict) and isinstance(real, dict):
        return {
            name: _merged(item, shown.get(name), real[name]) if name in real else item
            for name, item in edited.items()
        }
    if isinstance(edited, list) and isinstance(shown, list) and isinstance(real, (list, tuple)):
        known = list(zip(shown, real, strict=True))
        merged = [_merged(item, *pair) for item, pair in zip(edited, known, strict=False)]
        return merged + edited[len(known) :]
    return edited


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
