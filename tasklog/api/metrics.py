"""`GET /metrics`: for Prometheus, with a key of the scope `metrics`.  WEB."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from tasklog.api.views import ApiView


class Metrics(ApiView):
    """Administrators may look as well."""

    scope = "metrics"
    content_type = "text/plain"
    codes = {"501": "The extra `metrics` is not installed."}

    def get(self, request: Request) -> HttpResponse:
        try:
            from tasklog import metrics
        except ImportError:
            told = "Metrics need the extra: pip install 'celery-tasklog[metrics]'\n"
            return HttpResponse(told, status=501, content_type="text/plain; charset=utf-8")
        kind = "text/plain; version=0.0.4; charset=utf-8"
        return HttpResponse(metrics.scrape(), content_type=kind)
