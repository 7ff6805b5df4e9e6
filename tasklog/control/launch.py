"""Starting a registered task by hand: which ones, and what their signatures ask for.  WEB."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin

from celery import Task, current_app

from tasklog.conf import conf
from tasklog.control.actions import Action, Outcome, done, failed
from tasklog.control.sending import Call, NotSent, send
from tasklog.roles import Role, role_of

# The words for what a parameter takes.
KINDS: dict[Any, str] = {
    str: "text", bool: "flag", int: "whole", float: "number", datetime: "moment", date: "day",
    list: "list", tuple: "list", set: "list", dict: "object",
}  # fmt: skip
_WANTED: dict[str, tuple[type, ...]] = {
    "text": (str,), "flag": (bool,), "whole": (int,), "number": (int, float),
    "list": (list, tuple), "object": (dict,), "moment": (str, datetime), "day": (str, date),
}  # fmt: skip
WORDS = {
    "text": "text", "flag": "true or false", "whole": "a whole number", "number": "a number",
    "list": "a JSON list", "object": "a JSON object", "moment": "a date and time", "day": "a date",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a task: its kind is a word of `KINDS`, "choice" or "any"."""

    name: str
    kind: str = "any"
    required: bool = True
    default: Any = None
    may_be_none: bool = False
    choices: tuple[Any, ...] = ()
    # "args" and "kwargs" take what the signature does not name.
    rest: str = ""


def may_launch(name: str) -> bool:
    """Is it a task of this project that CELERY_TASKLOG_LAUNCH names?"""
    if name.startswith("celery.") or name not in _tasks():
        return False
    return any(fnmatchcase(name, pattern) for pattern in conf().launch)


def launchable(user: Any) -> list[str]:
    """The tasks this person may start, by name."""
    return every() if role_of(user) >= Role.OPERATOR else []


def every() -> list[str]:
    """All that CELERY_TASKLOG_LAUNCH names, by name."""
    return sorted(filter(may_launch, _tasks())) if conf().launch else []


def task_of(name: str) -> Task[Any, Any]:
    """The registered task.  KeyError for one that may not be started."""
    if not may_launch(name):
        raise KeyError(name)
    task: Task[Any, Any] = _tasks()[name]
    return task


def _tasks() -> Any:
    _import_tasks()
    return current_app.tasks


@cache
def _import_tasks() -> None:
    """A web process has imported only the tasks that it sends itself."""
    current_app.loader.import_default_modules()


def description(task: Task[Any, Any]) -> str:
    """What its author says of it; Celery gives a task without words its own."""
    told = inspect.getdoc(task.run) or ""
    return inspect.cleandoc(told)


def parameters(task: Task[Any, Any]) -> list[Parameter]:
    """What its signature asks for, in order."""
    return [_parameter(given) for given in _signature(task).parameters.values()]


def _signature(task: Task[Any, Any]) -> inspect.Signature:
    try:
        return inspect.signature(task.run, eval_str=True)
    except Exception:  # a name of the annotation is known to type checkers alone
        return inspect.signature(task.run)


def _parameter(given: inspect.Parameter) -> Parameter:
    if given.kind == given.VAR_POSITIONAL:
        return Parameter(given.name, "list", required=False, default=[], rest="args")
    if given.kind == given.VAR_KEYWORD:
        return Parameter(given.name, "object", required=False, default={}, rest="kwargs")
    required = given.default is given.empty
    default = None if required else given.default
    hint = given.annotation
    if hint is given.empty and default is not None:
        hint = type(default)
    kind, choices, none = _kind(hint)
    none = none or (not required and default is None)
    return Parameter(given.name, kind, required, default, none, choices)


def _kind(hint: Any) -> tuple[str, tuple[Any, ...], bool]:
    """(kind, choices, may be None) of an annotation."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        rest = [part for part in get_args(hint) if part is not type(None)]
        kind, choices, _ = _kind(rest[0]) if len(rest) == 1 else ("any", (), False)
        return kind, choices, len(rest) < len(get_args(hint))
    if origin is Literal:
        return "choice", get_args(hint), False
    return KINDS.get(origin or hint, "any"), (), False


def problems(task: Task[Any, Any], args: list[Any], kwargs: dict[str, Any]) -> dict[str, str]:
    """What is wrong with a call, by argument; `args` where it is about the whole."""
    signature = _signature(task)
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        return {"args": f"These arguments do not fit {signature}: {error}."}
    known = {given.name: given for given in parameters(task)}
    wrong = ((name, _wrong(known[name], value)) for name, value in bound.arguments.items())
    return {name: told for name, told in wrong if told}


def _wrong(given: Parameter, value: Any) -> str:
    if given.rest or (value is None and given.may_be_none):
        return ""
    if given.kind == "choice":
        allowed = ", ".join(map(repr, given.choices))
        return "" if value in given.choices else f"{value!r} is not allowed. Give one of {allowed}."
    wanted = _WANTED.get(given.kind)
    if wanted is None or (isinstance(value, wanted) and _no_flag(given.kind, value)):
        return ""
    return f"{str(value)[:80]!r} is not {WORDS[given.kind]}."


def _no_flag(kind: str, value: Any) -> bool:
    """To Python `True` is a whole number; to a person it is a slip."""
    return kind == "flag" or not isinstance(value, bool)


def call_of(name: str, given: Iterable[tuple[Parameter, Any]], **options: Any) -> Call:
    """The call for these values: by name, but for what can only go by place."""
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    given = list(given)
    by_place = any(one.rest == "args" and value for one, value in given)
    for one, value in given:
        if one.rest == "args":
            args += value
            by_place = False
        elif one.rest == "kwargs":
            kwargs |= value
        elif by_place:
            args.append(value)
        else:
            kwargs[one.name] = value
    return Call(name, args, kwargs, **options)


def _launch(call: Call, *, by: str) -> Outcome:
    if not may_launch(call.name):
        return failed(f"{call.name} may not be started here: CELERY_TASKLOG_LAUNCH names it not.")
    if wrong := problems(task_of(call.name), call.args, call.kwargs):
        return failed(" ".join(wrong.values()))
    try:
        send(call, by=by)
    except NotSent as why:
        return failed(str(why), why)
    return done("Started.", call.task_id)


LAUNCH = Action("launch", "Start", _launch)
