"""The OpenAPI document: every API view of the project below one prefix, and the streams.  WEB.

A view says what goes in and out by `query`, `body` and `answer` (serializers); who may, the shape
of errors and the status codes follow from `ApiView` itself.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.settings import spectacular_settings
from drf_spectacular.utils import OpenApiResponse

from tasklog import __version__
from tasklog.api.auth import READS, WRITES, scope_of

INTRODUCTION = """
A program sends the header `Authorization: Api-Key KEY`; a signed-in browser may ask as well, with
its CSRF token on every unsafe method. Every error has one shape: `{"error", "code", "fields"}`.
A key may read {reads} and write {writes}. Names below `/api/v1/` never change incompatibly; the
same names without the version follow the newest one.
"""
CODES = {
    "400": "A parameter or field makes no sense; `fields` says what is allowed.",
    "401": "Nobody: no key, a wrong, expired or revoked one.",
    "403": "The key lacks the scope, the person the role; or the CSRF token is missing.",
    "404": "There is no such thing, or none that you may see.",
    "413": "The body is too long.",
    "429": "Too often; see `Retry-After`.",
    "503": "The database or the broker is away; see `Retry-After`.",
}
ERROR = {
    "type": "object",
    "required": ["error", "code", "fields"],
    "additionalProperties": False,
    "properties": {
        "error": {"type": "string", "description": "A sentence for people."},
        "code": {"type": "string", "description": "A word for programs."},
        "fields": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "What is wrong with each parameter or field, and what is allowed.",
        },
        "problems": {
            "type": "array",
            "description": "Where in a search the mistakes are: characters from 0, `end` excluded.",
            "items": {
                "type": "object",
                "required": ["start", "end", "text", "error"],
                "properties": {
                    "start": {"type": "integer"},
                    "end": {"type": "integer"},
                    "text": {"type": "string"},
                    "error": {"type": "string"},
                },
            },
        },
        "task_id": {"type": "string", "description": "The run that a repeated retry made first."},
    },
}
TASK_ID = {
    "name": "task_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "minLength": 1},
    "description": "The run's id; a slash in it is written %2F.",
}
# Parts of an address that are the number of a row; anything else there is answered 404.
NUMBERED = {f"{name}_id" for name in (
    "rule", "incident", "channel", "delivery", "message", "pattern", "report",
)}  # fmt: skip
_lock = threading.Lock()
SECURITY: list[dict[str, list[str]]] = [{"apiKey": []}, {"session": []}]


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How a key is sent."""

    target_class = "tasklog.api.auth.KeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        told = "`Api-Key KEY`, with the word in front."
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": told}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The cookie of a signed-in browser."""

    target_class = "rest_framework.authentication.SessionAuthentication"
    name = "session"
    priority = 1

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        from django.conf import settings

        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}


class ViewSchema(AutoSchema):
    """One view's operation."""

    def get_tags(self) -> list[str]:
        return [getattr(self.view, "tag", "") or tag_of(self.path)]

    def get_operation_id(self) -> str:
        return operation_id(self.method, self.path)

    def get_description(self) -> str:  # type: ignore[override]
        told = str(super().get_description() or "")
        least = getattr(self.view, "least", {}).get(self.method)
        role = f" A person: {least.name.lower()}." if least else ""
        return f"{told}\n\nScope: `{scope_of(self.view, self.method)}`.{role}".strip()

    def get_summary(self) -> str:
        told = getattr(self.view, self.method.lower()).__doc__ or self.view.__doc__ or ""
        return told.strip().partition("\n")[0].rstrip(".")

    def _said(self, name: str) -> Any:
        """What the view says of this method."""
        found = getattr(self.view, name, None)
        return found.get(self.method) if isinstance(found, dict) else found

    def get_request_serializer(self) -> Any:
        return self._said("body")

    def get_response_serializers(self) -> Any:
        kinds = getattr(self.view, "content_type", "application/json")
        status = getattr(self.view, "statuses", {}).get(self.method, 200)
        one = (kinds,) if isinstance(kinds, str) else kinds
        return {(status, kind): self._said("answer") or _any(kind) for kind in one}

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        """A body that refuses unknown fields says so: its serializer has `strict`."""
        told = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        return {**told, "additionalProperties": False} if getattr(serializer, "strict", 0) else told

    def map_parsers(self) -> Any:
        return ["application/json"]

    def get_override_parameters(self) -> Any:
        query = self._said("query")
        return [query] if query else []

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        named = [name for name in variables if name != "task_id"]
        others = super()._resolve_path_parameters(named)  # type: ignore[no-untyped-call]
        verbs = getattr(self.view, "verbs", ())
        for one in others:
            if one["name"] == "verb" and verbs:
                one["schema"] = {"type": "string", "enum": sorted(verbs)}
            elif one["name"] in NUMBERED:
                one["schema"] = {"type": "integer", "minimum": 1}
        return [*others, *([TASK_ID] if "task_id" in variables else [])]

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation:
            extra = getattr(self.view, "codes", {})
            add_errors(operation, self.method != "GET", extra)
        return operation


def _any(kind: str) -> OpenApiResponse:
    """What is told of an answer that has no serializer."""
    return OpenApiResponse({"type": "object"} if kind.endswith("/json") else {"type": "string"})


def operation_id(method: str, path: str) -> str:
    """`get_tasklog_api_v1_tasks`: the address itself, so that it stays when others come."""
    return f"{method.lower()}_{re.sub(r'[^A-Za-z0-9]+', '_', path).strip('_')}"


def tag_of(path: str) -> str:
    """The group on the page: what is an alias of `/api/v1/` stands apart."""
    before, found, rest = path.rpartition("/api/v1/")
    if not found:
        before, found, rest = path.rpartition("/api/")
        if before and found:
            return "Without the version"
    if "/sse/" in path:
        return "Streams"
    if not before and found:
        return "Patterns"
    return rest.partition("/")[0].capitalize() if found else "Operations"


def add_errors(operation: dict[str, Any], acts: bool, extra: dict[str, str]) -> None:
    """Every error has one shape; which can come follows from what can be asked."""
    asks = operation.get("parameters", [])
    codes = ["401", "403", "429", "503"]
    codes += ["400"] if acts or any(one["in"] == "query" for one in asks) else []
    codes += ["413"] if acts else []
    codes += ["404"] if any(one["in"] == "path" for one in asks) else []
    told = {**{code: CODES[code] for code in codes}, **extra}
    for code, description in sorted(told.items()):
        schema = {"$ref": "#/components/schemas/Error"}
        operation["responses"].setdefault(
            code,
            {"description": description, "content": {"application/json": {"schema": schema}}},
        )


class Generator(SchemaGenerator):
    """Adds to DRF's views the plain ones that say what they are: see `documented`."""

    def get_schema(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        schema: dict[str, Any] = super().get_schema(*args, **kwargs)  # type: ignore[no-untyped-call]
        for path, view in plain_views():
            schema["paths"][path] = {"get": operation_of(path, view)}
        components = schema.setdefault("components", {})
        components.setdefault("schemas", {})["Error"] = ERROR
        schema["info"] = {"title": "TaskLog", "version": __version__, "description": _told()}
        return schema


def _told() -> str:
    reads, writes = READS.replace("/min", " times a minute"), WRITES.replace("/min", " times")
    return INTRODUCTION.replace("{reads}", reads).replace("{writes}", writes).strip()


def documented(
    summary: str, scope: str, content_type: str, parameters: tuple[dict[str, Any], ...] = ()
) -> Callable[[Any], Any]:
    """Marks a view that is none of DRF's, such as a stream, for the document."""

    def mark(view: Any) -> Any:
        view.openapi = {
            "summary": summary,
            "scope": scope,
            "content_type": content_type,
            "parameters": parameters,
        }
        return view

    return mark


def operation_of(path: str, view: Any) -> dict[str, Any]:
    """The operation of a marked view."""
    told = view.openapi
    content = {told["content_type"]: {"schema": {"type": "string"}}}
    in_path = [TASK_ID] if "{task_id}" in path else []
    operation = {
        "operationId": operation_id("get", path),
        "summary": told["summary"],
        "description": f"Scope: `{told['scope']}`.",
        "tags": [tag_of(path)],
        "security": SECURITY,
        "parameters": [*in_path, *told["parameters"]],
        "responses": {"200": {"description": "The stream.", "content": content}},
    }
    add_errors(operation, False, {})
    if missing := operation["responses"].get("404"):
        missing["content"] = content
    return operation


def plain_views() -> Iterator[tuple[str, Any]]:
    """The marked views of the project, with their paths as OpenAPI writes them."""
    for route, view in _walk(get_resolver().url_patterns):
        if hasattr(view, "openapi"):
            yield "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route), view


def _walk(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route, pattern.callback


@lru_cache(maxsize=1)
def _whole() -> dict[str, Any]:
    with _lock:
        # Choices stay where they are used; names made up for them would change with every field.
        spectacular_settings.apply_patches({"POSTPROCESSING_HOOKS": []})  # type: ignore[no-untyped-call]
        try:
            made: dict[str, Any] = Generator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
        finally:
            spectacular_settings.clear_patches()  # type: ignore[no-untyped-call]
    return made


@lru_cache(maxsize=8)
def document(prefix: str) -> dict[str, Any]:
    """The whole project's document, of the paths below `prefix`; made once in a process."""
    schema = _whole()
    paths = {path: told for path, told in schema["paths"].items() if path.startswith(prefix)}
    used = {tag for path in paths.values() for one in path.values() for tag in one["tags"]}
    return {**schema, "paths": paths, "tags": [{"name": tag} for tag in ordered(used)]}


def ordered(tags: set[str]) -> list[str]:
    """By their names; the aliases last."""
    return sorted(tags, key=lambda tag: (tag == "Without the version", tag != "Patterns", tag))
