"""axe finds nothing on the pages of workflows: wide and narrow, light and dark."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from e2e.conftest import screenshot
from e2e.test_workflow import ROOT, Flow

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture(params=[("light", 1440), ("dark", 390)], ids=str)
def context_options(request: pytest.FixtureRequest) -> dict[str, Any]:
    scheme, width = request.param
    return {"color_scheme": scheme, "viewport": {"width": width, "height": 860}}


def test_pages_of_workflows_are_accessible_and_fit(
    page: Page, stack: Any, axe: Callable[[Page], None], context_options: dict[str, Any]
) -> None:
    flow = Flow()
    for n in range(1, 6):
        flow.begin(f"price-{n}", "orders.price")
        flow.write(f"price-{n}", 8)
    flow.write(ROOT, 5)
    flow.end("price-2", "FAILURE", "ValueError('no price for order 4471')")
    flow.end("price-3")
    paths = {
        "list": "/workflows/",
        "tree": f"/workflows/{ROOT}/",
        "log": f"/workflows/{ROOT}/?tab=log",
        "run": "/runs/price-2/?tab=workflow",
    }
    for name, path in paths.items():
        page.goto(path)
        page.wait_for_timeout(300)
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        screenshot(page, f"workflow-{name}-{context_options['color_scheme']}")


def test_the_tree_is_walked_by_keys_and_a_group_opens_and_closes(page: Page, stack: Any) -> None:
    flow = Flow()
    for n in range(60):
        flow.begin(f"price-{n:02}", "orders.price")
    page.goto(f"/workflows/{ROOT}/")
    group = page.locator(".bundle [data-open-row]")
    page.keyboard.press("j")
    expect(page.locator("[data-open-row]").first).to_be_focused()
    page.keyboard.press("j")
    expect(group).to_be_focused()
    page.keyboard.press("Enter")
    expect(group).to_have_attribute("aria-expanded", "true")
    for _ in range(3):
        page.keyboard.press("j")
    expect(page.locator("a[href='/runs/price-00/']")).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(group).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/runs/{ROOT}/$"))
