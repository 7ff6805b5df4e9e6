"""`GET search/`: lines of all runs, in the query language of the page.  WEB."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from tasklog.api.errors import shape
from tasklog.api.serializers import LineSerializer, RunSerializer, line_json, text
from tasklog.api.views import AS_THEY_ARE, ApiView, attempts_of, checked
from tasklog.line import Line
from tasklog.search.context import Passage
from tasklog.search.find import Found, Group, find, is_cursor
from tasklog.search.problems import QueryError
from tasklog.search.query import LONGEST, Query, parse
from tasklog.search.turns import RETRY_AFTER, turn

# Characters given of a line; `lines/` has the whole.
SHOWN = 4_000


class SearchQuery(serializers.Serializer[Any]):
    """The parameters of a search."""

    q = serializers.CharField(max_length=LONGEST, trim_whitespace=False)
    cursor = text(default="")


class FoundLine(LineSerializer):
    """A line; `match` is false for one that stands around a match, `cut` true for a beginning."""

    match = serializers.BooleanField()
    cut = serializers.BooleanField()


class FoundRun(serializers.Serializer[Any]):
    """The matches of one run, in passages of lines that follow each other."""

    run = RunSerializer()
    count = serializers.IntegerField()
    more = serializers.BooleanField()
    passages = serializers.ListField(child=FoundLine(many=True))


class SearchPage(serializers.Serializer[Any]):
    """A page of matches; `looked_at` is null where an index answered for all lines."""

    next = serializers.URLField(allow_null=True)
    count = serializers.IntegerField()
    looked_at = serializers.IntegerField(allow_null=True)
    back_to = serializers.DateTimeField(allow_null=True)
    seconds = serializers.FloatField()
    results = FoundRun(many=True)


class Search(ApiView):
    """The newest matches of a query, with two lines around each; `next` goes on."""

    scope = "logs:read"
    query, answer = SearchQuery, SearchPage

    def get(self, request: Request) -> Response:
        asked = checked(SearchQuery, request)
        if asked["cursor"] and not is_cursor(asked["cursor"]):
            raise ValidationError({"cursor": AS_THEY_ARE})
        try:
            query = parse(asked["q"])
        except QueryError as error:
            return _mistaken(asked["q"], error)
        if not query.terms:
            raise ValidationError({"q": "Say what to look for, such as level:error timeout."})
        return self.found(query, asked["cursor"])

    def found(self, query: Query, cursor: str) -> Response:
        with turn() as ours:
            if not ours:
                told = "Several searches run already. Try again in a moment."
                return Response(shape("busy", told), 429, headers={"Retry-After": str(RETRY_AFTER)})
            return Response(_page(self.request, find(query, self.request.user, cursor)))


def _mistaken(typed: str, error: QueryError) -> Response:
    problems = [
        {"start": one.start, "end": one.end, "text": typed[one.start : one.end], "error": one.said}
        for one in error.problems
    ]
    told = shape("invalid", f"q: {error}", {"q": str(error)})
    return Response({**told, "problems": problems}, 400)


def _page(request: Request, found: Found) -> dict[str, Any]:
    attempts = attempts_of([group.run for group in found.groups])
    url = request.build_absolute_uri()
    return {
        "next": replace_query_param(url, "cursor", found.cursor) if found.cursor else None,
        "count": found.count,
        "looked_at": found.looked_at,
        "back_to": found.back_to,
        "seconds": round(found.seconds, 3),
        "results": [_group(group, attempts) for group in found.groups],
    }


def _group(group: Group, attempts: dict[str, Any]) -> dict[str, Any]:
    return {
        "run": RunSerializer(group.run, context=attempts).data,
        "count": group.count,
        "more": group.more,
        "passages": [_passage(part) for part in group.passages],
    }


def _passage(part: Passage) -> list[dict[str, Any]]:
    return [_line(line, match) for line, match in part.lines]


def _line(line: Line, match: bool) -> dict[str, Any]:
    shown = line._replace(message=line.message[:SHOWN])
    return {**line_json(shown), "match": match, "cut": len(line.message) > SHOWN}
