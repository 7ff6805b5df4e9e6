"""The audit trail: who did what, from where, and who was refused; for administrators.  WEB."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.db.models import Max, Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.access import administrators
from tasklog.audit.models import Action, AuditEntry
from tasklog.conf import conf
from tasklog.models import TaskRun

PAGE = 50
# A text is looked for among so many newest entries.
REACH = 50_000
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
    entries = found[:PAGE]
    context = {
        "asked": asked,
        "trail": entries,
        "there": _there(request, entries),
        "actions": Action.choices,
        "everything": asked.url(result=""),
        "refused": asked.url(result="refused"),
        "older": asked.url(before=str(entries[-1].pk)) if len(found) > PAGE else "",
        "newest": asked.url() if asked.before else "",
        "days": conf().audit_days,
        "reach": REACH,
    }
    response = render(request, "dashboard/audit.html", context)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _entries(asked: Asked) -> QuerySet[AuditEntry]:
    entries = AuditEntry.objects.all()
    if asked.action:
        entries = entries.filter(action=asked.action)
    if asked.result:
        entries = entries.filter(result=asked.result)
    if asked.before.isdecimal() and len(asked.before) < 19:
        entries = entries.filter(pk__lt=int(asked.before))
    if asked.q:
        newest: int = AuditEntry.objects.aggregate(n=Max("pk"))["n"] or 0
        columns = (Q(**{f"{name}__icontains": asked.q}) for name in ("user", "address", "target"))
        entries = entries.filter(next(columns) | next(columns) | next(columns))
        entries = entries.filter(pk__gt=newest - REACH)
    return entries


def _there(request: HttpRequest, entries: Iterable[AuditEntry]) -> set[str]:
    """The runs among the targets that still exist: an entry outlives its run."""
    named = {entry.run_id for entry in entries} - {""}
    visible = TaskRun.objects.visible_to(request.user)
    return set(visible.filter(pk__in=named).values_list("pk", flat=True))
