"""The words of the tests: what a person does and sees, by the labels on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


class RunsPage:
    """The runs list as its reader knows it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, query: str = "") -> RunsPage:
        self.page.goto("/" + query)
        expect(self.page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
        return self

    def row(self, task: str) -> Locator:
        return self.page.locator("tr[data-row]", has=self.link(task))

    def link(self, task: str) -> Locator:
        return self.page.get_by_role("link", name=task, exact=True)

    def tasks(self) -> list[str]:
        return self.page.locator("[data-open-row]").all_inner_texts()

    def chip(self, name: str) -> Locator:
        return self.page.locator("a.chip", has_text=name)

    def choose(self, menu: str, value: str) -> None:
        self.page.get_by_label(menu, exact=True).select_option(value)

    def find(self, text: str) -> None:
        self.page.get_by_label("Find runs").fill(text)
        self.page.keyboard.press("Enter")

    def should_list(self, *tasks: str) -> None:
        expect(self.page.locator("[data-open-row]")).to_have_text(list(tasks))
