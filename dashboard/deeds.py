"""A button's way: find the verb, do it, say what became of it.  WEB."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest

from tasklog.control.actions import Action, Outcome, perform

Verbs = dict[str, tuple[Action, dict[str, Any]]]
TONES = {"done": messages.success, "failed": messages.error, "unknown": messages.warning}


def do(request: HttpRequest, verbs: Verbs, verb: str, target: Any, named: str) -> Outcome:
    """Does the verb to the target and tells on the next page.  Raises Http404 for no verb."""
    if verb not in verbs:
        raise Http404(f"There is no “{verb}” here. There are: {', '.join(verbs)}.")
    action, arguments = verbs[verb]
    return act(request, action, target, f"{verb} {named}", **arguments)


def act(request: HttpRequest, action: Action, target: Any, named: str, **given: Any) -> Outcome:
    """Does it and tells on the next page; an argument `by` becomes who is signed in."""
    if "by" in given:
        given["by"] = request.user.get_username()
    outcome = perform(action, request, target, named=named[:300], **given)
    TONES[outcome.result](request, outcome.told)
    return outcome
