"""Forms of settings with secrets: what is kept, and where it may go."""

from __future__ import annotations

from typing import Any

import pytest

from tasklog.notify.channels.jira import JiraForm
from tasklog.sealed import SealedForm
from tasklog.sources.kinds.http import HttpForm

TOKEN = "a-token-of-many-letters"
JIRA = {
    "site": "https://shop.example.com", "email": "tasks@example.com", "project": "SHOP",
    "issue_type": "Task",
}  # fmt: skip
HTTP = {
    "address": "https://scanners.example.com/events", "header": "Authorization",
    "parameter": "cursor",
}  # fmt: skip
FORMS = [(JiraForm, "token", JIRA), (HttpForm, "header_value", HTTP)]


@pytest.mark.parametrize(("form", "secret", "kept"), FORMS)
def test_a_secret_that_is_left_empty_stays(
    form: type[SealedForm], secret: str, kept: dict[str, Any]
) -> None:
    bound = form(kept, kept={**kept, secret: TOKEN})
    assert bound.is_valid(), bound.errors
    assert bound.settings()[secret] == TOKEN
    assert TOKEN not in str(form(kept={**kept, secret: TOKEN}))


@pytest.mark.parametrize(("form", "secret", "kept"), FORMS)
def test_a_secret_goes_to_another_server_only_when_it_is_entered_again(
    form: type[SealedForm], secret: str, kept: dict[str, Any]
) -> None:
    place = form.places[0]
    moved = {**kept, place: "https://example.org/here"}
    bound = form(moved, kept={**kept, secret: TOKEN})
    assert bound.errors == {secret: ["Enter it again: the address is another server's now."]}
    assert form(
        {**moved, secret: "another-of-many-letters"}, kept={**kept, secret: TOKEN}
    ).is_valid()


def test_another_path_of_the_same_server_asks_for_nothing() -> None:
    moved = {**HTTP, "address": "https://scanners.example.com/v2/events"}
    assert HttpForm(moved, kept={**HTTP, "header_value": TOKEN}).is_valid()
