"""`PUT task-names/<name>/tags/`: the words a task can be asked for by.  WEB."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from tasklog import tags
from tasklog.api.deeds import DeedView
from tasklog.api.parsing import ordered
from tasklog.api.task_names import name_or_404
from tasklog.control.tagging import TAG
from tasklog.roles import Role

TOLD = f"Give a list of at most {tags.MOST} tags. {tags.ALLOWED}, make one."


class TagsOrder(serializers.Serializer[Any]):
    """All the tags it is to have; none of them takes all away."""

    strict = True
    tags = serializers.ListField(
        child=serializers.RegexField(rf"^{tags.FORM.pattern}$", max_length=tags.LONGEST),
        max_length=tags.MOST,
        error_messages=dict.fromkeys(("not_a_list", "max_length", "null", "required"), TOLD),
    )  # fmt: skip


class TagsAnswer(serializers.Serializer[Any]):
    """Its tags now."""

    tags = serializers.ListField(child=serializers.CharField())


class Tags(DeedView):
    """Gives a task its tags in place of those it had."""

    scope = "alerts"
    least = {"PUT": Role.ADMINISTRATOR}
    body, answer = TagsOrder, TagsAnswer

    def put(self, request: Request, name: str) -> Response:
        name_or_404(request.user, name)
        words = ordered(TagsOrder, request)["tags"]
        outcome = self.perform(TAG, name, name, text=",".join(words))
        if not outcome.done:
            raise ValidationError({"tags": outcome.told})
        return Response({"tags": outcome.made or []})
