"""Log files dropped on the page, read by a real worker; a connection made and tested."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from conftest import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Page

MIXED = (
    "2026-11-21 07:05:09,123 INFO orders.import: starting\n"
    "2026-11-21 07:05:11,001 ERROR orders.import: order 4471 failed\n"
    "Traceback (most recent call last):\n"
    '  File "orders.py", line 88, in load\n'
    "KeyError: 4471\n"
    "2026-11-21 07:05:12,000 WARNING orders.import: going on <b>bold</b>\n"
)
# A drop is an event with files; the browser's own is beyond a test's reach.
DROP = """(texts) => {
  const data = new DataTransfer();
  for (const [name, text] of Object.entries(texts)) data.items.add(new File([text], name));
  document.querySelector("[data-drop]")
    .dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def stack(stack: Stack, tmp_path: Path) -> Stack:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "app.log").write_text("one\ntwo\n")
    stack.env["CELERY_TASKLOG_SOURCE_DIRS"] = str(tmp_path / "logs")
    return stack


def test_dropped_files_become_runs_that_are_read_like_any_other(
    page: Page, stack: Stack, look: Callable[[Page, str], None], complaints: Any
) -> None:
    complaints.expect("400")
    stack.worker("prefork", 1)
    page.goto("/sources/")
    look(page, "sources-empty")
    page.get_by_role("link", name="Upload log files").click()
    lines = "".join(json.dumps({"level": "info", "msg": f"line {n}"}) + "\n" for n in range(3000))
    page.evaluate(DROP, {"app.jsonl": lines, "mixed.log": MIXED, "no.bin": "\0\0\0"})
    sending = page.locator("[data-sending] li")
    expect(sending.filter(has_text="app.jsonl is on its way.")).to_be_visible()
    expect(sending.filter(has_text="This is no text")).to_be_visible()
    look(page, "sources-upload")
    page.goto("/sources/")
    row = page.locator("tr", has_text="app.jsonl")
    expect(row.locator(".c-state")).to_contain_text("Succeeded")
    expect(row.locator(".c-lines")).to_have_text("3,000")
    page.get_by_role("link", name="mixed.log").click()
    expect(page.get_by_text("upload mixed.log", exact=True)).to_be_visible()
    expect(page.locator(".line", has_text="KeyError: 4471")).to_be_visible()
    expect(page.locator(".line", has_text="<b>bold</b>")).to_be_visible()
    look(page, "sources-run")


def test_a_folder_is_connected_tested_and_paused(
    page: Page, tmp_path: Path, look: Callable[[Page, str], None]
) -> None:
    page.goto("/sources/")
    page.get_by_role("link", name="Files in a folder").click()
    page.get_by_label("Name").fill("App logs")
    page.get_by_label("Folder").fill("/etc")
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_text("This folder is not allowed.")).to_be_visible()
    look(page, "sources-connection")
    page.get_by_label("Folder").fill(str(tmp_path / "logs"))
    page.get_by_role("button", name="Connect").click()
    row = page.locator("tr", has_text="App logs")
    row.get_by_role("button", name="Test").click()
    expect(page.get_by_text("It answered with 2 events; the last one: two")).to_be_visible()
    row.get_by_role("button", name="Pause").click()
    expect(row.get_by_text("Paused", exact=True)).to_be_visible()
    look(page, "sources-connections")
