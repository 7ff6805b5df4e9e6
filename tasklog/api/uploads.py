"""`POST uploads/`, `GET uploads/<id>/`: log files from programs.  WEB."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation, TooManyFilesSent
from django.http import Http404, HttpRequest
from django.http.multipartparser import MultiPartParserError
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from tasklog.api.deeds import DeedView
from tasklog.api.models import ApiKey
from tasklog.api.paging import PageQuery, page, paged
from tasklog.api.serializers import WordsField, moment, text
from tasklog.api.views import ApiView, checked
from tasklog.models import TaskRun
from tasklog.roles import Role
from tasklog.sources.models import Upload
from tasklog.sources.records import readable
from tasklog.sources.refused import Refused
from tasklog.sources.sniff import FORMATS
from tasklog.sources.uploads import plain_name, visible_to
from tasklog.sources.verbs import UPLOAD


class UnreadLine(serializers.Serializer[Any]):
    """A line that its format does not read."""

    line = serializers.IntegerField()
    text = serializers.CharField()


class UploadSummary(serializers.Serializer[Any]):
    """What a file holds; `levels` counts lines by level."""

    format = serializers.CharField()
    lines = serializers.IntegerField()
    bytes = serializers.IntegerField()
    first = serializers.DateTimeField(allow_null=True)
    last = serializers.DateTimeField(allow_null=True)
    levels = serializers.DictField(child=serializers.IntegerField())
    errors = serializers.IntegerField()  # type: ignore[assignment]
    samples = UnreadLine(many=True)


class UploadSerializer(serializers.Serializer[Any]):
    """A file that somebody sent; its `id` is its run's."""

    id = serializers.CharField()
    name = serializers.CharField()
    size = serializers.IntegerField()
    state = serializers.ChoiceField(Upload.State.choices)
    progress = serializers.FloatField(allow_null=True)
    error = serializers.CharField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    summary = UploadSummary()


class UploadsQuery(PageQuery):
    """The parameters of the list of uploads."""

    state = WordsField(tuple(Upload.State.values))
    since = moment()


class TakeQuery(serializers.Serializer[Any]):
    """How the file is called, and how it is read; without a format it is looked at."""

    name = text()
    format = text(help_text=f"One of {', '.join(FORMATS)}.")


class Wrong(APIException):
    """What the room of sources refused, with its status."""

    default_code = "refused"

    def __init__(self, refused: Refused) -> None:
        super().__init__(str(refused), {413: "too_large", 429: "too_many"}.get(refused.status))
        self.status_code = refused.status


class UploadList(DeedView):
    """Files that were sent, the newest first."""

    scope = "uploads"
    least = {"POST": Role.OPERATOR}
    statuses = {"POST": status.HTTP_201_CREATED}
    query = {"GET": UploadsQuery, "POST": TakeQuery}
    answer = {"GET": page(UploadSerializer), "POST": UploadSerializer}

    def get(self, request: Request) -> Response:
        asked = checked(UploadsQuery, request)
        rows = visible_to(request.user)
        if asked.get("state"):
            rows = rows.filter(state__in=asked["state"])
        if "since" in asked:
            rows = rows.filter(created_at__gte=asked["since"])
        return paged(request, rows, asked, as_json)

    def post(self, request: Request) -> Response:
        """Takes one file: the raw body, or the field `file` of a form; a worker reads it."""
        stream, name, size = _body(request)
        plain = plain_name(name)
        outcome = self.perform(
            UPLOAD, plain, plain, stream=stream, size=size, user=_owner(request, self.key),
            chosen=request.query_params.get("format", ""),
        )  # fmt: skip
        if isinstance(outcome.made, Refused):
            raise Wrong(outcome.made)
        return Response(as_json(outcome.made), status.HTTP_201_CREATED)


class UploadDetail(ApiView):
    """How far one file is."""

    scope = "uploads"
    answer = UploadSerializer

    def get(self, request: Request, upload: str) -> Response:
        found = None if "\0" in upload else visible_to(request.user).filter(run_id=upload).first()
        if found is None:
            raise Http404(f"There is no upload with the id {upload}.")
        return Response(as_json(found))


def _owner(request: Request, key: ApiKey | None) -> str:
    """Whose quota it is, and whose run."""
    return f"key {key.name}" if key and key.user is None else str(request.user.get_username())


def _body(request: Request) -> tuple[Any, str, int]:
    """The bytes, the name, and how many bytes the sender says there are."""
    raw = request._request
    name = (request.query_params.get("name") or raw.headers.get("X-File-Name", ""))[:500]
    if raw.content_type == "multipart/form-data":
        file = _file_of(raw)
        return file, name or str(file.name), int(file.size or 0)
    length = raw.META.get("CONTENT_LENGTH") or "0"
    return raw, name or "upload.log", int(length) if length.isdecimal() else 0


def _file_of(raw: HttpRequest) -> Any:
    """The one file of a form: several would need an answer each."""
    try:
        files = raw.FILES
    except TooManyFilesSent as error:
        most = settings.DATA_UPLOAD_MAX_NUMBER_FILES
        raise ParseError(f"Send one file at a time; these are more than {most}.") from error
    except (MultiPartParserError, SuspiciousOperation) as error:
        raise ParseError(f"The form cannot be read: {error}.") from error
    count = sum(len(of_name) for _, of_name in files.lists())
    if count > 1:
        raise ParseError(f"Send one file at a time; these are {count}.")
    if "file" not in files:
        raise ParseError("Send the file in a field named file, or as the body itself.")
    return files["file"]


def as_json(upload: Upload) -> dict[str, Any]:
    """An upload for programs."""
    run = TaskRun.objects.filter(pk=upload.run_id).only("progress", "state").first()
    return {
        "id": upload.run_id,  # its run has the same
        "name": upload.name,
        "size": upload.size,
        "state": upload.state,
        "progress": run.progress if run else None,
        "error": upload.error,
        "created_at": upload.created_at,
        "finished_at": upload.finished_at,
        "summary": readable(upload.summary),
    }
