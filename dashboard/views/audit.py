"""The audit trail: who did what, from where, and who was refused; for administrators.  WEB."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.access import administrators
from tasklog.audit.models import Action, AuditEntry
from tasklog.audit.reading import REACH, entries
from tasklog.conf import conf
from tasklog.models import TaskRun

PAGE = 50
LONGEST = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters as they stand in the address; empty for "any"."""

    q: str = ""
    action: str = ""
    result: str = ""
    before: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> Asked:
        said = {n: query.get(n, "").replace("\0", "").strip()[:LONGEST] for n in cls.__slots__}
        return cls(**said)

    def url(self, **changes: str) -> str:
        """The address with `changes`; it begins at the newest entry again."""
        changed = replace(self, **({"before": ""} | changes))
        return "?" + urlencode({n: v for n in self.__slots__ if (v := getattr(changed, n))})

    @property
    def narrow(self) -> bool:
        return bool(self.q or self.action or self.result)


@require_safe
@administrators
def page(request: HttpRequest) -> HttpResponse:
    """A page of entries, newest first."""
    asked = Asked.read(request.GET)
    found = list(_entries(asked)[: PAGE + 1])
    trail = found[:PAGE]
    context = {
        "asked": asked,
        "trail": trail,
        "there": _there(request, trail),
        "actions": Action.choices,
        "everything": asked.url(result=""),
        "refused": asked.url(result="refused"),
        "older": asked.url(before=str(trail[-1].pk)) if len(found) > PAGE else "",
        "newest": asked.url() if asked.before else "",
        "days": conf().audit_days,
        "reach": REACH,
    }
    response = render(request, "dashboard/audit.html", context)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _entries(asked: Asked) -> QuerySet[AuditEntry]:
    before = int(asked.before) if asked.before.isdecimal() and len(asked.before) < 19 else None
    found = entries(action=asked.action, result=asked.result, q=asked.q)
    return found if before is None else found.filter(pk__lt=before)


def _there(request: HttpRequest, trail: Iterable[AuditEntry]) -> set[str]:
    """The runs among the targets that still exist: an entry outlives its run."""
    named = {entry.run_id for entry in trail} - {""}
    visible = TaskRun.objects.visible_to(request.user)
    return set(visible.filter(pk__in=named).values_list("pk", flat=True))
