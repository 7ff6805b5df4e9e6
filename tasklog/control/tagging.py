"""Giving tags to a task.  WEB.

An administrator's, as alert rules are: whoever takes a tag away changes what a rule watches.
"""

from __future__ import annotations

from tasklog import tags
from tasklog.control.actions import Action, Outcome, done, failed
from tasklog.roles import Role


def _tag(task: str, *, text: str) -> Outcome:
    try:
        words = tags.read(text)
    except ValueError as error:
        return failed(str(error))
    tags.write(task, words)
    return done(f"Its tags: {', '.join(words)}." if words else "It has no tags now.", words)


TAG = Action("tag", "Save tags", _tag, least=Role.ADMINISTRATOR)
