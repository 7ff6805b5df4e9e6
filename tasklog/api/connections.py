"""`connections/`: places whose lines are fetched again and again.  WEB."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from tasklog.api import sealed
from tasklog.api.deeds import NOT_DONE, Deed, DeedView, told
from tasklog.api.formed import FormField, Given, at_first, check, schema_of
from tasklog.api.paging import PageQuery, page, paged
from tasklog.api.parsing import ordered
from tasklog.api.serializers import switch, whole, word
from tasklog.api.views import checked
from tasklog.control.second_look import second_look
from tasklog.roles import Role
from tasklog.sources.connections import find
from tasklog.sources.form import NameForm
from tasklog.sources.kinds import KINDS as ALL
from tasklog.sources.models import Connection
from tasklog.sources.verbs import SAVE
from tasklog.sources.verbs import VERBS as DEEDS

ADMINISTRATOR = Role.ADMINISTRATOR
KINDS = {kind: one.form.base_fields for kind, one in ALL.items()}
VERBS = {verb: (action, dict[str, Any]()) for verb, action in DEEDS.items() if verb != "delete"}


class ConnectionChange(serializers.Serializer[Any]):
    """What may be changed; a secret that is left out stays as it is."""

    strict = True
    name = serializers.CharField(max_length=100)
    interval = whole(5, 86_400, help_text="Seconds between two polls.")
    settings = FormField(KINDS, required=False)


class ConnectionOrder(ConnectionChange):
    """A connection to be made."""

    kind = word(tuple(KINDS))


class ConnectionSerializer(serializers.Serializer[Connection]):
    """A connection; `settings` is null for who may not edit it, or where nobody can unseal them."""

    id = serializers.UUIDField(source="key")
    name = serializers.CharField()
    kind = serializers.ChoiceField(Connection.Kind.choices)
    enabled = serializers.BooleanField()
    interval = serializers.IntegerField()
    settings = serializers.SerializerMethodField()
    task_id = serializers.CharField(source="run_id")
    line_count = serializers.IntegerField(source="lines")
    next_at = serializers.DateTimeField()
    polled_at = serializers.DateTimeField(allow_null=True)
    newest_at = serializers.DateTimeField(allow_null=True)
    failures = serializers.IntegerField()
    last_error = serializers.CharField()
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()

    @extend_schema_field(schema_of(KINDS, nullable=True))
    def get_settings(self, connection: Connection) -> Given | None:
        if not (self.context["editor"] and connection.readable):
            return None
        form = ALL[connection.kind].form
        return sealed.shown(form.base_fields, form.secrets, connection.settings)


class ConnectionsQuery(PageQuery):
    """The parameters of the list of connections."""

    kind = word(tuple(KINDS), required=False)
    enabled = switch(required=False, allow_null=True, default=None)


class ConnectionView(DeedView):
    """Base of what is about connections."""

    scope = "uploads"

    def as_json(self, connection: Connection) -> dict[str, Any]:
        context = {"editor": self.holds(ADMINISTRATOR)}
        return dict(ConnectionSerializer(connection, context=context).data)

    def saved(self, asked: Given, connection: Connection, verb: str) -> dict[str, Any]:
        saved, settings = filled(asked, connection)
        outcome = self.perform(SAVE, saved, f"{verb} {saved}", settings=settings)
        return self.as_json(outcome.made)


class ConnectionList(ConnectionView):
    """Connections, the newest first."""

    least = {"POST": ADMINISTRATOR}
    statuses = {"POST": 201}
    query = {"GET": ConnectionsQuery}
    body = {"POST": ConnectionOrder}
    answer = {"GET": page(ConnectionSerializer), "POST": ConnectionSerializer}

    def get(self, request: Request) -> Response:
        asked = checked(ConnectionsQuery, request)
        rows = Connection.objects.all()
        if "kind" in asked:
            rows = rows.filter(kind=asked["kind"])
        if asked["enabled"] is not None:
            rows = rows.filter(enabled=asked["enabled"])
        return paged(request, rows, asked, self.as_json)

    @second_look
    def post(self, request: Request) -> Response:
        """Makes a connection, which is fetched from then on."""
        asked = ordered(ConnectionOrder, request)
        by = request.user.get_username()
        made = Connection(kind=asked.pop("kind"), created_by=by)
        return Response(self.saved(asked, made, "add"), 201)


class ConnectionDetail(ConnectionView):
    """One connection."""

    least = {"PATCH": ADMINISTRATOR, "DELETE": ADMINISTRATOR}
    body = {"PATCH": ConnectionChange}
    answer = {"GET": ConnectionSerializer, "PATCH": ConnectionSerializer, "DELETE": Deed}

    def get(self, request: Request, key: str) -> Response:
        return Response(self.as_json(_found(key)))

    @second_look
    def patch(self, request: Request, key: str) -> Response:
        """Changes what is given; a connection keeps its kind, and where it is."""
        connection = _found(key)
        asked = ordered(ConnectionChange, request, partial=True)
        return Response(self.saved(asked, connection, "change"))

    def delete(self, request: Request, key: str) -> Response:
        """Deletes it; its lines stay."""
        connection = _found(key)
        return told(self.perform(DEEDS["delete"], connection, f"delete {connection}"))


class ConnectionVerb(ConnectionView):
    """Pauses or resumes a connection, tests it, or has a worker poll it now.

    A test asks the other side once and stores nothing.
    """

    least = {"POST": ADMINISTRATOR}
    verbs = VERBS
    answer = Deed
    codes = NOT_DONE

    def post(self, request: Request, key: str, verb: str) -> Response:
        connection = _found(key)
        return self.do(VERBS, verb, connection, str(connection))


def filled(asked: Given, connection: Connection) -> tuple[Connection, Given]:
    """The connection with what was asked, not saved, and its settings.

    Raises a 400 that names each wrong field.
    """
    kept = connection.settings if connection.readable else {}
    own = ALL[connection.kind].form
    blank = own(kept=kept)
    settings = sealed.given(blank, own.secrets, kept, asked.pop("settings", {}))
    names = NameForm({**at_first(NameForm(instance=connection)), **asked}, instance=connection)
    form = own(settings, kept=kept)
    check(names, form, prefix=sealed.SETTINGS, own=form.fields)
    return names.save(commit=False), form.settings()


def _found(key: str) -> Connection:
    found = find(key)
    if found is None:
        raise Http404(f"There is no connection {key}.")
    return found
