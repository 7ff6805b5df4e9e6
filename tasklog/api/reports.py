"""`reports/`: what happened in a day or a week, listed, made, read and fetched as a file.  WEB."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from tasklog.api.deeds import DeedView, told
from tasklog.api.insights import InsightsView
from tasklog.api.paging import PageQuery, page, paged, row_or_404
from tasklog.api.parsing import ordered
from tasklog.api.serializers import word
from tasklog.api.views import checked
from tasklog.insights.files import FORMATS, file_of
from tasklog.insights.models import Report, moment_of
from tasklog.insights.verbs import MAKE

KINDS = tuple(Report.Kind.values)


class ReportSerializer(serializers.Serializer[Report]):
    """A report; it tells of the time from `begin` to `end`."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(Report.Kind.choices)
    title = serializers.CharField()
    state = serializers.ChoiceField(Report.State.choices)
    begin = serializers.SerializerMethodField()
    end = serializers.SerializerMethodField()
    error = serializers.CharField()
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    ready_at = serializers.DateTimeField(allow_null=True)

    def get_begin(self, report: Report) -> str:
        return moment_of(report.begin).isoformat()

    def get_end(self, report: Report) -> str:
        return moment_of(report.end).isoformat()


class ReportWithData(ReportSerializer):
    """One report with its figures; they are null until it is ready."""

    data = serializers.DictField(allow_null=True)  # type: ignore[assignment]


class ReportOrder(serializers.Serializer[Any]):
    """Of which stretch: the last full day, or the last seven."""

    strict = True
    kind = word(KINDS)


class ReportsQuery(PageQuery):
    """The parameters of the list of reports."""

    kind = word(KINDS, required=False)


class FileQuery(serializers.Serializer[Any]):
    """As what the file comes."""

    format = word(tuple(FORMATS), default="html")


class ReportList(InsightsView, DeedView):
    """Reports, the newest first."""

    statuses = {"POST": 201}
    query = {"GET": ReportsQuery}
    body = {"POST": ReportOrder}
    answer = {"GET": page(ReportSerializer), "POST": ReportSerializer}

    def get(self, request: Request) -> Response:
        asked = checked(ReportsQuery, request)
        rows = Report.objects.defer("html", "text", "data")
        if "kind" in asked:
            rows = rows.filter(kind=asked["kind"])
        return paged(request, rows, asked, lambda row: ReportSerializer(row).data)

    def post(self, request: Request) -> Response:
        """Has one made by a worker; a key needs the scope `control` as well, a person its role."""
        if not self.may("control"):
            raise PermissionDenied("Having a report made needs the scope control.")
        kind = ordered(ReportOrder, request)["kind"]
        outcome = self.perform(MAKE, kind, kind, by="")
        if not outcome.done:
            return told(outcome)
        return Response(ReportSerializer(outcome.made).data, 201)


class ReportDetail(InsightsView):
    """One report."""

    answer = ReportWithData

    def get(self, request: Request, report_id: str) -> Response:
        row = row_or_404(Report.objects.defer("html", "text"), report_id, "report")
        data = row.data if row.is_ready else None
        return Response({**ReportSerializer(row).data, "data": data})


class ReportDownload(InsightsView):
    """A report as a file: as it was mailed, as text, or as JSON."""

    query = FileQuery
    content_type = tuple(FORMATS.values())

    def get(self, request: Request, report_id: str) -> HttpResponse:
        kind = checked(FileQuery, request)["format"]
        row = row_or_404(Report.objects.all(), report_id, "report")
        if not row.is_ready:
            raise Http404("There is no file of this report yet.")
        return file_of(row, kind)
