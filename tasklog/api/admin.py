"""Keys in the admin: to look at and to revoke.  `manage.py tasklog_apikey create` makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from tasklog.admin.base import ListedLookups
from tasklog.api import keys as keys_room
from tasklog.api.models import ApiKey
from tasklog.audit.trail import record

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[ApiKey]
else:
    ModelAdmin = admin.ModelAdmin


@admin.action(description="Revoke the selected keys", permissions=["delete"])
def revoke(model_admin: ModelAdmin, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
    model_admin.message_user(request, f"{keys_room.revoke(keys, request)} revoked.")


@admin.register(ApiKey)
class ApiKeyAdmin(ListedLookups):
    list_display = ["name", "prefix", "state", "scopes", "user", "expires_at", "last_used_at"]
    list_select_related = ["user"]
    search_fields = ["name", "prefix"]
    readonly_fields = [
        "prefix", "state", "scopes", "user",
        "created_at", "expires_at", "revoked_at", "last_used_at",
    ]  # fmt: skip
    fields = ["name", *readonly_fields]
    actions = [revoke]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A key is shown once, by the command that makes it."""
        return False

    def delete_model(self, request: HttpRequest, obj: ApiKey) -> None:
        record("delete key", request=request, target=str(obj))
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset:
            record("delete key", request=request, target=str(key))
        super().delete_queryset(request, queryset)
