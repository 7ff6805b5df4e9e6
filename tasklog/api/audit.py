"""`GET audit/`: who did what, from where, and who was refused.  WEB."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from tasklog.api.models import ALL
from tasklog.api.paging import PageQuery, page, paged
from tasklog.api.serializers import moment, text, word
from tasklog.api.views import ApiView, checked
from tasklog.audit.models import Action, AuditEntry, Result
from tasklog.audit.reading import entries


class EntrySerializer(serializers.Serializer[AuditEntry]):
    """An entry; `count` is above 1 where a refusal was repeated within a minute."""

    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    user = serializers.CharField()
    address = serializers.CharField()
    action = serializers.CharField()
    target = serializers.CharField()
    result = serializers.ChoiceField(Result.choices)
    count = serializers.IntegerField()
    task_id = serializers.CharField(source="run_id")


class AuditQuery(PageQuery):
    """The parameters of the trail."""

    q = text(default="", help_text="A part of the user's name, the address or the target.")
    user = text(help_text="Exactly this name.")
    action = word(tuple(Action.values), default="", allow_blank=True)
    result = word(tuple(Result.values), default="", allow_blank=True)
    since = moment()
    until = moment()


class Trail(ApiView):
    """The audit trail, newest first; for administrators."""

    scope = ALL
    query, answer = AuditQuery, page(EntrySerializer)

    def get(self, request: Request) -> Response:
        asked = checked(AuditQuery, request)
        rows = entries(action=asked["action"], result=asked["result"], q=asked["q"])
        if asked.get("user"):
            rows = rows.filter(user=asked["user"])
        if "since" in asked:
            rows = rows.filter(at__gte=asked["since"])
        if "until" in asked:
            rows = rows.filter(at__lte=asked["until"])
        return paged(request, rows, asked, lambda entry: EntrySerializer(entry).data)
