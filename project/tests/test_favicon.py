from __future__ import annotations

from django.contrib.staticfiles import finders


def test_a_page_without_an_icon_of_its_own_finds_ours(client):
    answer = client.get("/favicon.ico")
    assert answer.status_code == 302
    assert finders.find(answer.url.removeprefix("/static/"))
