"""`keys/…`: what keys there are, a new one shown once, an end to one.  WEB.

A key with the scope `all` may make others, of the same person's and never with a longer life.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from django.http import Http404
from django.utils import timezone
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from tasklog.api.keys import DAYS, LONGEST_DAYS, create_key, revoke
from tasklog.api.models import ALL, SCOPES, ApiKey
from tasklog.api.paging import PageQuery, page, paged
from tasklog.api.parsing import ordered
from tasklog.api.serializers import whole
from tasklog.api.views import ApiView, checked

STATES = ("active", "expired", "revoked", "disabled")
_DAY = 86_400


class KeySerializer(serializers.Serializer[ApiKey]):
    """A key by the part that people may see; `user` is whose runs it sees, empty for all."""

    prefix = serializers.CharField()
    name = serializers.CharField()
    state = serializers.ChoiceField(STATES)
    scopes = serializers.ListField(child=serializers.CharField())
    user = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)

    def get_user(self, key: ApiKey) -> str:
        return key.user.get_username() if key.user else ""


class NewKey(KeySerializer):
    """A key that was just made; `key` is its text, which nobody can read again."""

    key = serializers.CharField()


class KeyOrder(serializers.Serializer[Any]):
    """What it is called, what it opens, and for how many days."""

    strict = True
    name = serializers.CharField(max_length=100)
    scopes = serializers.ListField(
        child=serializers.CharField(max_length=20), min_length=1, max_length=len(SCOPES)
    )
    days = whole(1, LONGEST_DAYS)

    def validate_scopes(self, scopes: list[str]) -> list[str]:
        if wrong := sorted(set(scopes) - set(SCOPES)):
            told = f"There is no scope {', '.join(wrong)}. There are: {', '.join(SCOPES)}."
            raise serializers.ValidationError(told)
        return scopes


class Keys(ApiView):
    """Keys of every state, newest first."""

    scope = ALL
    statuses = {"POST": status.HTTP_201_CREATED}
    query = {"GET": PageQuery}
    body = {"POST": KeyOrder}
    answer = {"GET": page(KeySerializer), "POST": NewKey}

    def get(self, request: Request) -> Response:
        rows = ApiKey.objects.select_related("user")
        return paged(
            request, rows, checked(PageQuery, request), lambda key: KeySerializer(key).data
        )

    def post(self, request: Request) -> Response:
        """Makes a key and shows it, this once."""
        asked = ordered(KeyOrder, request)
        days = _days(asked.get("days"), self.key.expires_at if self.key else None)
        key, made = create_key(
            asked["name"], asked["scopes"], days=days, user=self.key.user if self.key else None,
            until=self.key.expires_at if self.key else None, request=request._request,
        )  # fmt: skip
        answer = Response({**KeySerializer(key).data, "key": made}, status.HTTP_201_CREATED)
        answer["Cache-Control"] = "no-store"
        return answer


class KeyEnd(ApiView):
    """Revokes a key, now and for good."""

    scope = ALL
    answer = KeySerializer

    def post(self, request: Request, prefix: str) -> Response:
        keys = ApiKey.objects.filter(prefix="" if "\0" in prefix else prefix)
        revoke(keys, request._request)
        key = keys.select_related("user").first()
        if key is None:
            raise Http404(f"There is no key {prefix[:100]}.")
        return Response(KeySerializer(key).data)


def _days(asked: int | None, until: datetime | None) -> int:
    """As many as were asked for; otherwise 90, or what the asking key itself has left."""
    if until is None:
        return asked or DAYS
    left = max(math.ceil((until - timezone.now()).total_seconds() / _DAY), 1)
    if asked and asked > left:
        told = f"This key ends in {left} days, and what it makes ends with it. Give at most that."
        raise ValidationError({"days": told})
    return asked or min(DAYS, left)
