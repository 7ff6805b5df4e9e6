"""Pages of rows by their number, the newest first, at a price that does not grow with the table.

WEB.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Model, QuerySet
from django.http import Http404
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from tasklog.addresses import number_of
from tasklog.api.serializers import text, whole

# Older than a row, or newer.
_CURSOR = re.compile(r"([on])([0-9]{1,18})")


class PageQuery(serializers.Serializer[Any]):
    """The parameters of a list."""

    limit = whole(1, 200, default=50)
    cursor = text(default="")


def page(of: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """The serializer of a page of these."""
    named = of.__name__.removesuffix("Serializer")
    fields = {
        "next": serializers.URLField(allow_null=True),
        "previous": serializers.URLField(allow_null=True),
        "results": of(many=True),
    }
    told = {"__doc__": f"A page: {of.__doc__}", "__module__": __name__}
    return type(f"{named}Page", (serializers.Serializer,), {**fields, **told})


def paged[M: Model](
    request: Request,
    rows: QuerySet[M],
    asked: Mapping[str, Any],
    as_json: Callable[[M], Any],
) -> Response:
    """One page of `rows` for the validated parameters of a `PageQuery`."""
    newer, at = _place(asked["cursor"])
    if at:
        rows = rows.filter(pk__gt=at) if newer else rows.filter(pk__lt=at)
    found = list(rows.order_by("pk" if newer else "-pk")[: asked["limit"] + 1])
    more, found = len(found) > asked["limit"], found[: asked["limit"]]
    found = found[::-1] if newer else found
    older = found and (newer or more)
    before = found and (more if newer else at)
    return Response(
        {
            "next": _link(request, f"o{found[-1].pk}") if older else None,
            "previous": _link(request, f"n{found[0].pk}") if before else None,
            "results": [as_json(row) for row in found],
        }
    )


def row_or_404[M: Model](rows: QuerySet[M], named: str, what: str) -> M:
    """The row an address names, among those the caller may see."""
    found = rows.filter(pk=number_of(named)).first()
    if found is None:
        raise Http404(f"There is no {what} {named}.")
    return found


def _place(cursor: str) -> tuple[bool, int]:
    """In which direction, and past which row; 0 for none."""
    if not cursor:
        return False, 0
    form = _CURSOR.fullmatch(cursor)
    if form is None:
        told = "Follow `next` or `previous` of an earlier answer as they are."
        raise ValidationError({"cursor": told})
    return form[1] == "n", int(form[2])


def _link(request: Request, cursor: str) -> str:
    return replace_query_param(request.build_absolute_uri(), "cursor", cursor)
