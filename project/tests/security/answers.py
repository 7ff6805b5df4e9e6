"""What an address answers to whom: the words of the table in `routes.py`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

# People by their role, and programs by the scope of their key.
PEOPLE = ("outsider", "viewer", "operator", "administrator", "root")
SCOPES = ("tasks:read", "logs:read", "control", "alerts", "uploads", "metrics", "all")
KEYS = (*(f"key {scope}" for scope in SCOPES), "viewer's key", "revoked key", "wrong key")
ACTORS = ("anonymous", *PEOPLE, *KEYS)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

Statuses = dict[str, int]


@dataclass(frozen=True)
class Rule:
    """What a kind of address answers."""

    of: Statuses
    methods: tuple[str, ...] = ("GET",)
    # For every other method: a status for all, or one for each actor.
    otherwise: int | Statuses = 405
    # What OPTIONS answers, where that is another thing than both.
    options: int | Statuses = 0
    # The body that is posted.
    body: dict[str, Any] = field(default_factory=dict)
    json: bool = False
    # What a POST answers whom the others answer 200: done and led on, or refused.
    posted: int = 0
    # What a method answers that is none of the above.
    by: dict[str, Statuses] = field(default_factory=dict)
    # The address names a run: one that the caller may not see is a 404 to them.
    of_run: bool = False

    def status(self, who: str, method: str) -> int:
        """What this actor's request is answered."""
        if method in self.by:
            return self.by[method][who]
        posted = self.posted if method == "POST" else 0
        return posted if posted and self.of[who] == 200 else self.of[who]


def all_get(status: int, **but: int) -> Statuses:
    return dict.fromkeys(ACTORS, status) | {name.replace("_", " "): n for name, n in but.items()}


def pages(outsider: int = 403, viewer: int = 200, operator: int = 200) -> Statuses:
    """Keys open no page."""
    return all_get(302, outsider=outsider, viewer=viewer, operator=operator) | {
        "administrator": 200,
        "root": 200,
    }


def by_scope(scope: str, *, viewer: int = 200) -> Statuses:
    """A key needs the scope, a person the role; neither may what the other lacks."""
    keys = {f"key {name}": 200 if name in (scope, "all") else 403 for name in SCOPES}
    people = {"outsider": 403, "viewer": viewer, "operator": 200, "administrator": 200, "root": 200}
    return {**people, **keys, "viewer's key": viewer} | dict.fromkeys(
        ("anonymous", "revoked key", "wrong key"), 401
    )


def unless_allowed(statuses: Statuses) -> Statuses:
    """DRF asks who it is before it looks whether the method exists."""
    return {actor: 405 if status == 200 else status for actor, status in statuses.items()}


def missing(statuses: Statuses) -> Statuses:
    """Who may look learns that there is no such thing."""
    return {actor: 404 if status == 200 else status for actor, status in statuses.items()}


READS = ("GET", "HEAD", "OPTIONS")


def wrong(statuses: Statuses) -> Statuses:
    """Nothing is sent: 400 for who may send."""
    return {actor: 400 if status == 200 else status for actor, status in statuses.items()}


def of_scope(scope: str, least: str = "viewer") -> Statuses:
    """What also asks for a role; a program of its own needs none."""
    lower = PEOPLE[1 : PEOPLE.index(least)]
    refused = dict.fromkeys((*lower, *(("viewer's key",) if lower else ())), 403)
    return by_scope(scope) | refused


def reading(statuses: Statuses, **more: Any) -> Rule:
    return Rule(statuses, READS, unless_allowed(statuses), **more)


def taking(statuses: Statuses, posted: Statuses) -> Rule:
    """A list that takes new ones, here an empty body."""
    return replace(reading(statuses, by={"POST": posted}), methods=(*READS, "POST"))


def changing(statuses: Statuses, changed: Statuses) -> Rule:
    """One that is not there, for who looks and for who changes or deletes it."""
    gone = missing(changed)
    by = {"PATCH": gone, "DELETE": gone, "OPTIONS": statuses}
    return Rule(missing(statuses), ("GET", "HEAD", *by), unless_allowed(statuses), by=by)


def none_there(statuses: Statuses, method: str = "GET") -> Rule:
    """It names something that is not there."""
    methods = READS if method == "GET" else (method, "OPTIONS")
    by = {"OPTIONS": statuses}
    return Rule(missing(statuses), methods, unless_allowed(statuses), by=by)
