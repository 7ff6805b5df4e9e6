"""`GET …/api/schema/`: the OpenAPI document.  WEB."""

from __future__ import annotations

import re

from rest_framework.request import Request
from rest_framework.response import Response

from tasklog.api.schema import document
from tasklog.api.views import ApiView


class Document(ApiView):
    """This document: everything below the folder that its own `api/` lies in."""

    scope = "tasks:read"

    def get(self, request: Request) -> Response:
        return Response(document(re.sub(r"api/(v1/)?schema/$", "", request.path)))
