"""`alerts/channels/`, `alerts/deliveries/`: ways to people, and what went through them.  WEB."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from tasklog.alerts.verbs import CHANNEL_VERBS, DELETE_CHANNEL, SAVE_CHANNEL, TRY_AGAIN
from tasklog.api import sealed
from tasklog.api.deeds import NOT_DONE, Deed, DeedView, told
from tasklog.api.formed import FormField, Given, at_first, check, schema_of
from tasklog.api.paging import PageQuery, page, paged, row_or_404
from tasklog.api.parsing import ordered
from tasklog.api.serializers import LAST_NUMBER, WordsField, moment, switch, whole, word
from tasklog.api.views import checked
from tasklog.control.second_look import second_look
from tasklog.notify.channels import WAYS
from tasklog.notify.forms import SaveChannel
from tasklog.notify.models import Channel, Delivery, Kind
from tasklog.roles import Role, sees_all

ADMINISTRATOR = Role.ADMINISTRATOR
VERBS = {verb: how for verb, how in CHANNEL_VERBS.items() if verb != "delete"}
THREAD = "incident:"


KINDS = {kind: way.form.base_fields for kind, way in WAYS.items()}


class ChannelChange(serializers.Serializer[Any]):
    """What may be changed; a secret that is left out stays as it is."""

    strict = True
    name = serializers.CharField(max_length=100)
    enabled = switch(required=False)
    settings = FormField(KINDS, required=False)


class ChannelOrder(ChannelChange):
    """A channel to be made."""

    kind = word(tuple(Kind.values))


class ChannelSerializer(serializers.Serializer[Channel]):
    """A channel; `settings` is null for who may not edit it, or where nobody can unseal them."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(Kind.choices)
    enabled = serializers.BooleanField()
    settings = serializers.SerializerMethodField()
    rules = serializers.SerializerMethodField()
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    last_at = serializers.DateTimeField(allow_null=True)
    last_error = serializers.CharField()

    @extend_schema_field(schema_of(KINDS, nullable=True))
    def get_settings(self, channel: Channel) -> Given | None:
        if not (self.context["editor"] and channel.readable):
            return None
        form = WAYS[channel.kind].form
        return sealed.shown(form.base_fields, form.secrets, channel.settings)

    def get_rules(self, channel: Channel) -> list[int]:
        return [rule.pk for rule in channel.rules.all()]


class DeliverySerializer(serializers.Serializer[Delivery]):
    """A message on its way; `title` is null where it may tell of runs you do not see."""

    id = serializers.IntegerField()
    channel = serializers.IntegerField(source="channel_id")
    channel_name = serializers.CharField(source="channel.name")
    incident = serializers.SerializerMethodField()
    title = serializers.SerializerMethodField()
    state = serializers.ChoiceField(Delivery.State.choices)
    tries = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    next_at = serializers.DateTimeField()
    tried_at = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField()
    reference = serializers.CharField()

    def get_incident(self, delivery: Delivery) -> int | None:
        number = delivery.thread.removeprefix(THREAD)
        return int(number) if number.isdecimal() else None

    def get_title(self, delivery: Delivery) -> str | None:
        return delivery.title if self.context["titles"] else None


class ChannelsQuery(PageQuery):
    """The parameters of the list of channels."""

    kind = word(tuple(Kind.values), required=False)


class DeliveriesQuery(PageQuery):
    """The parameters of the log of deliveries."""

    channel = whole(1, LAST_NUMBER)
    incident = whole(1, LAST_NUMBER)
    state = WordsField(tuple(Delivery.State.values))
    since = moment()


class ChannelView(DeedView):
    """Base of what is about channels."""

    scope = "alerts"

    def as_json(self, channel: Channel) -> dict[str, Any]:
        """With the settings for who may edit them."""
        context = {"editor": self.holds(ADMINISTRATOR)}
        return dict(ChannelSerializer(channel, context=context).data)

    def saved(self, form: SaveChannel, verb: str) -> dict[str, Any]:
        named = f"{verb} {form.name.cleaned_data['name']}"
        return self.as_json(self.perform(SAVE_CHANNEL, form, named, by="").made)


class ChannelList(ChannelView):
    """Channels, the newest first."""

    least = {"POST": ADMINISTRATOR}
    statuses = {"POST": 201}
    query = {"GET": ChannelsQuery}
    body = {"POST": ChannelOrder}
    answer = {"GET": page(ChannelSerializer), "POST": ChannelSerializer}

    def get(self, request: Request) -> Response:
        asked = checked(ChannelsQuery, request)
        rows = Channel.objects.prefetch_related("rules")
        if "kind" in asked:
            rows = rows.filter(kind=asked["kind"])
        return paged(request, rows, asked, self.as_json)

    @second_look
    def post(self, request: Request) -> Response:
        """Makes a channel; a test tells whether it works."""
        asked = ordered(ChannelOrder, request)
        return Response(self.saved(filled(asked, asked["kind"], None), "make"), 201)


class ChannelDetail(ChannelView):
    """One channel."""

    least = {"PATCH": ADMINISTRATOR, "DELETE": ADMINISTRATOR}
    body = {"PATCH": ChannelChange}
    answer = {"GET": ChannelSerializer, "PATCH": ChannelSerializer, "DELETE": Deed}

    def get(self, request: Request, channel_id: str) -> Response:
        return Response(self.as_json(row_or_404(Channel.objects.all(), channel_id, "channel")))

    @second_look
    def patch(self, request: Request, channel_id: str) -> Response:
        """Changes what is given; a channel keeps its kind."""
        channel = row_or_404(Channel.objects.all(), channel_id, "channel")
        asked = ordered(ChannelChange, request, partial=True)
        return Response(self.saved(filled(asked, channel.kind, channel), "edit"))

    def delete(self, request: Request, channel_id: str) -> Response:
        """Deletes it, and the log of what it delivered."""
        channel = row_or_404(Channel.objects.all(), channel_id, "channel")
        return told(self.perform(DELETE_CHANNEL, channel, f"delete {channel.name}"))


class ChannelVerb(ChannelView):
    """Switches a channel on or off, or sends a test through it: the log says what became of it."""

    least = {"POST": ADMINISTRATOR}
    verbs = VERBS
    answer = Deed
    codes = NOT_DONE

    def post(self, request: Request, channel_id: str, verb: str) -> Response:
        channel = row_or_404(Channel.objects.all(), channel_id, "channel")
        return self.do(VERBS, verb, channel, channel.name)


class DeliveryList(ChannelView):
    """What was sent through channels, the newest first."""

    query, answer = DeliveriesQuery, page(DeliverySerializer)

    def get(self, request: Request) -> Response:
        asked = checked(DeliveriesQuery, request)
        rows = Delivery.objects.select_related("channel").defer("message")
        if "channel" in asked:
            rows = rows.filter(channel=asked["channel"])
        if "incident" in asked:
            rows = rows.filter(thread=f"{THREAD}{asked['incident']}")
        if asked.get("state"):
            rows = rows.filter(state__in=asked["state"])
        if "since" in asked:
            rows = rows.filter(created_at__gte=asked["since"])
        context = {"titles": sees_all(request.user)}
        return paged(
            request, rows, asked, lambda row: DeliverySerializer(row, context=context).data
        )


class DeliveryAgain(ChannelView):
    """Gives a delivery that was given up its tries once more."""

    least = {"POST": Role.OPERATOR}
    answer = Deed
    codes = NOT_DONE

    def post(self, request: Request, delivery_id: str) -> Response:
        delivery = row_or_404(Delivery.objects.all(), delivery_id, "delivery")
        named = f"try again {delivery.pk} by {delivery.channel}"
        return told(self.perform(TRY_AGAIN, delivery, named))


def filled(asked: Given, kind: str, channel: Channel | None) -> SaveChannel:
    """The page's forms with what was asked, valid.  Raises a 400 that names each wrong field."""
    blank = SaveChannel(kind, None, channel)
    own = blank.own
    settings = sealed.given(own, own.secrets, own.kept, asked.pop("settings", {}))
    data = {**at_first(blank.name), **asked}
    data |= {own.add_prefix(name): value for name, value in settings.items()}
    form = SaveChannel(kind, data, channel)
    form.is_valid()
    check(form.name, form.own, prefix=sealed.SETTINGS, own=form.own.fields)
    return form
