"""`views/…`: saved views for programs, by the rules of their page.  WEB.

A view belongs to a person: a program of its own sees the shared ones and keeps none.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers, status
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.models import LONGEST_NAME, SavedView
from dashboard.saved import Refused, change, changeable, save, views_for
from dashboard.views.saved import LONGEST_QUERY
from tasklog.api.deeds import Deed
from tasklog.api.paging import PageQuery, page, paged, row_or_404
from tasklog.api.parsing import ordered
from tasklog.api.serializers import switch, word
from tasklog.api.views import ApiView, checked
from tasklog.audit.trail import record


class ViewSerializer(serializers.Serializer[SavedView]):
    """The filter of a page under a name; `url` is where it leads, `owner` whose it is."""

    id = serializers.IntegerField()
    page = serializers.ChoiceField(SavedView.Page.choices)
    name = serializers.CharField()
    query = serializers.CharField()
    url = serializers.CharField()
    shared = serializers.BooleanField()
    owner = serializers.CharField(source="owner.get_username")
    created_at = serializers.DateTimeField()


class ViewsQuery(PageQuery):
    """The parameters of the list."""

    page = word(tuple(SavedView.Page.values), required=False)


class ViewChange(serializers.Serializer[Any]):
    """Another name, or other readers; what is left out stays."""

    strict = True
    name = serializers.CharField(max_length=LONGEST_NAME, required=False)
    shared = switch(required=False)


class ViewOrder(serializers.Serializer[Any]):
    """A view to keep; `query` as it stands in the address of its page."""

    strict = True
    page = word(tuple(SavedView.Page.values))
    query = serializers.CharField(max_length=LONGEST_QUERY)
    name = serializers.CharField(max_length=LONGEST_NAME)
    shared = switch(default=False)


class OwnView(ApiView):
    """Base of both: looking takes `tasks:read`, changing takes `control`."""

    def owner(self) -> Any:
        """Who asks; raises a 403 for a program of its own."""
        if self.request.user.pk is None:
            raise PermissionDenied("This key is nobody's: make one for a person to keep views.")
        return self.request.user

    def said(self, word_: str, view: SavedView, status_: int = 200) -> Response:
        record("view", request=self.request._request, target=f"{word_} {view.name}")
        return Response(ViewSerializer(view).data, status_)


class Views(OwnView):
    """Your own views and those that are shared, the newest first."""

    scope = {"GET": "tasks:read", "POST": "control"}
    statuses = {"POST": status.HTTP_201_CREATED}
    query = {"GET": ViewsQuery}
    body = {"POST": ViewOrder}
    answer = {"GET": page(ViewSerializer), "POST": ViewSerializer}

    def get(self, request: Request) -> Response:
        asked, rows = checked(ViewsQuery, request), views_for(request.user)
        if asked.get("page"):
            rows = rows.filter(page=asked["page"])
        return paged(request, rows, asked, lambda view: ViewSerializer(view).data)

    def post(self, request: Request) -> Response:
        """Keeps a view."""
        user, asked = self.owner(), ordered(ViewOrder, request)
        try:
            view = save(user, asked["page"], asked["query"], asked["name"], shared=asked["shared"])
        except Refused as refused:
            raise ValidationError({refused.field: str(refused)}) from refused
        return self.said("save", view, status.HTTP_201_CREATED)


class View(OwnView):
    """One view."""

    scope = {"GET": "tasks:read", "PATCH": "control", "DELETE": "control"}
    body = {"PATCH": ViewChange}
    answer = {"GET": ViewSerializer, "PATCH": ViewSerializer, "DELETE": Deed}

    def get(self, request: Request, view_id: str) -> Response:
        view = row_or_404(views_for(request.user), view_id, "saved view")
        return Response(ViewSerializer(view).data)

    def patch(self, request: Request, view_id: str) -> Response:
        """Renames it, or shares it with everybody or no longer."""
        view, user = self.changeable(view_id), self.owner()
        asked: dict[str, Any] = {"name": view.name, "shared": view.shared}
        asked |= ordered(ViewChange, request)
        try:
            view = change(user, view, asked["name"], shared=asked["shared"])
        except Refused as refused:
            raise ValidationError({refused.field: str(refused)}) from refused
        return self.said("change", view)

    def delete(self, request: Request, view_id: str) -> Response:
        """Deletes it, for all who saw it."""
        view = self.changeable(view_id)
        view.delete()
        record("view", request=request._request, target=f"delete {view.name}")
        return Response({"result": "done", "message": f"{view.name} is deleted."})

    def changeable(self, view_id: str) -> SavedView:
        return row_or_404(changeable(self.owner()), view_id, "saved view")
