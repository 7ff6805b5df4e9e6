"""Reports in the admin, to find and to delete; their bodies are made by tasks alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from demo.models import Report

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Report]
else:
    ModelAdmin = admin.ModelAdmin


@admin.register(Report)
class ReportAdmin(ModelAdmin):
    list_display = ["__str__", "kind", "form", "status", "size", "created_by", "created_at"]
    list_filter = ["kind", "status"]
    search_fields = ["task_id", "created_by"]
    readonly_fields = [
        "kind", "form", "filters", "status", "error", "metadata", "size",
        "created_by", "task_id", "created_at", "finished_at",
    ]  # fmt: skip

    exclude = ["body"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("body")
