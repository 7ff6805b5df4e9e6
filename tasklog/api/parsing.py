"""JSON that comes in: small, and not deeper than people nest.  WEB."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.serializers import Serializer

# Nothing the API takes is longer (bytes).
LONGEST = 64 * 1024


class TooLarge(APIException):
    """The body is longer than `LONGEST`."""

    status_code = 413
    default_code = "too_large"
    default_detail = f"Send at most {LONGEST:,} bytes."


class SmallJson(JSONParser):
    """Raises TooLarge, and ParseError for what is no JSON or nested by the thousand."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = stream.read(LONGEST + 1)
        if len(body) > LONGEST:
            raise TooLarge
        try:
            return super().parse(BytesIO(body), media_type, parser_context)
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None


def ordered(
    order: type[Serializer[Any]], request: Request, *, partial: bool = False
) -> dict[str, Any]:
    """The body; raises a 400 that names each wrong field and what is allowed."""
    body = request.data if request.data not in (None, "", []) else {}
    if not isinstance(body, dict):
        raise ValidationError({"body": "Send a JSON object."})
    given = order(data=body, partial=partial)
    if unknown := set(body) - set(given.fields):
        told = f"There is no such field. There are: {', '.join(given.fields) or 'none'}."
        raise ValidationError(dict.fromkeys(map(str, sorted(unknown)), told))
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)
