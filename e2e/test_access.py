"""Who gets in, seen from a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import expect

from e2e.conftest import start_web

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from conftest import Stack


def test_a_stranger_signs_in_and_lands_where_they_wanted_to_go(page: Page, user: object) -> None:
    page.context.clear_cookies()
    page.goto("/diagnostics/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill("enchantress")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Diagnostics")).to_be_visible()


def test_signing_out_ends_at_the_login_page(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize(
    "database",
    ["sqlite:////no/such/folder/tasklog.sqlite3", "postgres://nobody@127.0.0.1:1/nothing"],
)
def test_a_missing_database_is_said_on_the_page(stack: Stack, database: str) -> None:
    web = start_web(stack, DATABASE_URL=database)
    for path in ("/", "/diagnostics/", "/runs/some-run/"):
        response = httpx.get(web.link(path), cookies={"sessionid": "x" * 32}, timeout=5)
        assert response.status_code == 503, path
        assert "The database is away" in response.text
        assert "nothing is lost" in response.text
