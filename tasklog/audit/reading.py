"""Finds entries of the trail.  WEB."""

from __future__ import annotations

from django.db.models import Max, Q, QuerySet

from tasklog.audit.models import AuditEntry

# A text is looked for among so many newest entries.
REACH = 50_000


def entries(*, action: str = "", result: str = "", q: str = "") -> QuerySet[AuditEntry]:
    """The newest first; `q` is a part of the user's name, the address or the target."""
    found = AuditEntry.objects.all()
    if action:
        found = found.filter(action=action)
    if result:
        found = found.filter(result=result)
    if q:
        newest: int = AuditEntry.objects.aggregate(n=Max("pk"))["n"] or 0
        text = Q(user__icontains=q) | Q(address__icontains=q) | Q(target__icontains=q)
        found = found.filter(text, pk__gt=newest - REACH)
    return found
