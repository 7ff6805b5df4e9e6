"""A report as a file: as it was mailed, as text, or as JSON.  WEB."""

from __future__ import annotations

import json

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpResponse

from tasklog.insights.models import Report

FORMATS = {"html": "text/html", "txt": "text/plain", "json": "application/json"}


def file_of(report: Report, kind: str) -> HttpResponse:
    """To be kept under a name of its own; `kind` is one of `FORMATS`."""
    name = f"tasklog-{report.kind}-{report.begin}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    content_type = f"{FORMATS[kind]}; charset=utf-8"
    return HttpResponse(_body(report, kind), content_type=content_type, headers=headers)


def _body(report: Report, kind: str) -> str:
    if kind == "json":
        return json.dumps(report.as_json(), cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)
    return report.html if kind == "html" else report.text
