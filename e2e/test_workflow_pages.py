"""axe finds nothing on the pages of workflows: wide and narrow, light and dark."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Locator, expect

from e2e.conftest import BOTH_WIDTHS
from e2e.test_workflow import ROOT, Flow

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_pages_of_workflows_are_accessible_and_fit(
    page: Page, stack: Any, look: Callable[[Page, str], None]
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
        look(page, f"workflow-{name}")


@pytest.fixture
def prices(page: Page, stack: Any) -> Flow:
    """Sixty runs below their root, more than are shown before their group is opened."""
    flow = Flow()
    for n in range(60):
        flow.begin(f"price-{n:02}", "orders.price")
    return flow


def row(page: Page, task_id: str) -> Locator:
    return page.locator(f"[id='row-{task_id}']")


@BOTH_WIDTHS
@pytest.mark.parametrize("path", [f"/workflows/{ROOT}/", f"/runs/{ROOT}/?tab=workflow"])
def test_the_tree_is_walked_by_keys_and_a_group_opens_and_closes(
    page: Page, prices: Flow, look: Callable[[Page, str], None], path: str
) -> None:
    page.goto(path)
    group, first, press = (
        row(page, "g"),
        row(page, "price-00"),
        page.keyboard,
    )
    press.press("j")
    expect(row(page, ROOT)).to_be_focused()
    press.press("ArrowRight")
    expect(group).to_be_focused()
    press.press("Enter")
    expect(group).to_have_attribute("aria-expanded", "true")
    expect(group).to_be_focused()
    press.press("ArrowDown")
    expect(first).to_be_focused()
    look(page, "workflow-tree-focus")
    press.press("End")
    expect(row(page, "price-59")).to_be_focused()
    press.press("ArrowLeft")
    expect(group).to_be_focused()
    press.press("ArrowLeft")
    expect(group).to_have_attribute("aria-expanded", "false")
    expect(group).to_be_focused()
    expect(first).to_have_count(0)
    press.press("ArrowRight")
    expect(first).to_be_visible()
    press.press("j")
    expect(first).to_be_focused()
    press.press("Enter")
    expect(page).to_have_url(re.compile("/runs/price-00/$"))
    page.go_back()
    expect(group).to_have_attribute("aria-expanded", "true")


@BOTH_WIDTHS
def test_the_tree_tells_its_levels_and_where_the_focus_is(page: Page, prices: Flow) -> None:
    page.goto(f"/workflows/{ROOT}/?open=g")
    tree = page.get_by_role("treegrid")
    told = [tree.locator("tr", has=row(page, name)) for name in (ROOT, "g", "price-00")]
    assert [one.get_attribute("aria-level") for one in told] == ["1", "2", "3"]
    expect(told[1]).to_have_attribute("aria-expanded", "true")
    for one, line in zip((ROOT, "g", "price-00"), told, strict=True):
        page.keyboard.press("j")
        expect(row(page, one)).to_be_focused()
        assert line.evaluate("row => getComputedStyle(row).outlineStyle") == "solid"
    page.keyboard.press("Tab")
    expect(row(page, "price-01")).to_be_focused()


@BOTH_WIDTHS
def test_a_tree_that_moves_keeps_its_open_group_and_the_focus(page: Page, prices: Flow) -> None:
    page.goto(f"/workflows/{ROOT}/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(row(page, "price-59")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(row(page, "price-00")).to_be_focused()
    prices.end("price-00", "FAILURE", "ValueError('no price')")
    expect(page.locator("tr", has=row(page, "price-00"))).to_contain_text("Failed")
    expect(row(page, "price-00")).to_be_focused()
    prices.end("price-01")
    expect(page.locator("tr", has=row(page, "price-01"))).to_contain_text("Succeeded")
    expect(row(page, "price-00")).to_be_focused()


def test_further_runs_of_a_group_keep_the_focus_in_the_tree(page: Page, prices: Flow) -> None:
    for n in range(60, 250):
        prices.begin(f"price-{n:02}", "orders.price")
    page.goto(f"/workflows/{ROOT}/?open=g")
    page.keyboard.press("j")
    page.keyboard.press("End")
    expect(page.get_by_text("50 more of these")).to_be_focused()
    page.keyboard.press("Enter")
    expect(row(page, "price-249")).to_be_visible()
    expect(row(page, "g")).to_be_focused()
