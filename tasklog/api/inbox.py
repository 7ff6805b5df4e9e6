"""`inbox/`: messages to who is signed in, or to whom the key belongs.  WEB."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from tasklog.api.paging import PageQuery, page, paged, row_or_404
from tasklog.api.serializers import QuoteSerializer, switch
from tasklog.api.views import ApiView, checked
from tasklog.notify.inbox import messages_to, read, unread
from tasklog.notify.models import InboxMessage


class LetterLine(QuoteSerializer):
    """A line that a message tells of; `id` is its number within the run at `url`."""

    timestamp = serializers.CharField(source="at")
    url = serializers.CharField()


class LetterSerializer(serializers.Serializer[InboxMessage]):
    """A message; `lines` is null for a key without `logs:read`."""

    id = serializers.IntegerField()
    title = serializers.CharField(source="said.title")
    text = serializers.CharField(source="said.text")
    url = serializers.CharField(source="said.url")
    level = serializers.CharField(source="said.level")
    facts = serializers.SerializerMethodField()
    lines = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)

    def get_facts(self, letter: InboxMessage) -> dict[str, str]:
        return dict(letter.said.facts)

    @extend_schema_field(LetterLine(many=True, allow_null=True))
    def get_lines(self, letter: InboxMessage) -> Any:
        quotes = letter.said.quotes
        return LetterLine(quotes, many=True).data if self.context["lines"] else None


class LettersQuery(PageQuery):
    """The parameters of the inbox."""

    unread = switch(default=False)


class ReadSerializer(serializers.Serializer[Any]):
    """How many became read just now, and how many still are not: 100 for 100 or more."""

    read = serializers.IntegerField()
    unread = serializers.IntegerField()


class InboxView(ApiView):
    """Base of what is about one's own messages."""

    scope = "alerts"

    def check_permissions(self, request: Request) -> None:
        super().check_permissions(request)
        if request.user.pk is None:
            raise PermissionDenied("This key belongs to nobody, so it has no inbox.")

    def read(self, request: Request, messages: Any) -> Response:
        return Response({"read": read(messages), "unread": unread(request.user)})


class Inbox(InboxView):
    """One's own messages, the newest first."""

    query, answer = LettersQuery, page(LetterSerializer)

    def get(self, request: Request) -> Response:
        asked = checked(LettersQuery, request)
        mine = messages_to(request.user)
        if asked["unread"]:
            mine = mine.filter(read_at=None)
        context = {"lines": self.may("logs:read")}
        return paged(request, mine, asked, lambda row: LetterSerializer(row, context=context).data)


class Read(InboxView):
    """Marks one of them as read; another's looks like none."""

    answer = ReadSerializer

    def post(self, request: Request, message_id: str) -> Response:
        mine = messages_to(request.user)
        one = row_or_404(mine, message_id, "message")
        return self.read(request, mine.filter(pk=one.pk))


class ReadAll(InboxView):
    """Marks all of them as read."""

    answer = ReadSerializer

    def post(self, request: Request) -> Response:
        return self.read(request, messages_to(request.user))
