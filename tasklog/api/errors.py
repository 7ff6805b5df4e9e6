"""One shape for every error: `{"error": sentence, "code": word, "fields": {name: sentence}}`."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from tasklog.audit.trail import record


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's answer to `error` in our shape; None where DRF has none (that is a bug of ours)."""
    if isinstance(error, (OperationalError, InterfaceError)):
        body = shape("unavailable", "The database does not answer. Try again in a moment.")
        return Response(body, status=503, headers={"Retry-After": "5"})
    if isinstance(error, (PermissionDenied, exceptions.PermissionDenied)):
        request = context["request"]._request
        record("access", request=request, target=f"{request.method} {request.path}", refused=True)
    response = exception_handler(error, context)
    if response is not None:
        response.data = _shaped(error, response.data)
    return response


def shape(code: str, sentence: str, fields: dict[str, str] | None = None) -> dict[str, Any]:
    return {"error": sentence, "code": code, "fields": fields or {}}


def _plain(text: object) -> str:
    """What JSON may hold, half a surrogate pair, is no text that can be sent."""
    return str(text).encode("utf-8", "backslashreplace").decode()


def _sentence(told: object) -> str:
    """What DRF says of a field: a text, a list of them, or of a list's places one each."""
    if isinstance(told, dict):
        return " ".join(dict.fromkeys(map(_sentence, told.values())))
    return " ".join(map(_sentence, told)) if isinstance(told, list) else str(told)


def _shaped(error: Exception, data: Any) -> dict[str, Any]:
    if isinstance(error, Http404):
        return shape("not_found", str(error.args[0]) if error.args else "There is no such thing.")
    if isinstance(error, exceptions.ValidationError) and isinstance(data, dict):
        fields = {_plain(name): _plain(_sentence(told)) for name, told in data.items()}
        told = " ".join(f"{name}: {sentence}" for name, sentence in fields.items())
        return shape("invalid", told, fields)
    if isinstance(error, exceptions.APIException):
        codes = error.get_codes()
        return shape(codes if isinstance(codes, str) else "invalid", str(error.detail))
    if isinstance(error, PermissionDenied):
        return shape("permission_denied", "You may not do this.")
    return shape("error", "The request could not be answered.")
