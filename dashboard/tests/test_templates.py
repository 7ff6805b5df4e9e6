"""What every template keeps to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))

FORBIDDEN = {
    "an inline style": r"<[^>]*\sstyle\s*=",
    "a style element": r"<style\b",
    "an inline handler": r"<[a-z][^>]*\son[a-z]+\s*=",
    "an htmx handler": r"\shx-on[:-]",
    "an inline script": r"<script(?![^>]*\bsrc=)",
    "a javascript: address": r"javascript:",
    "something from outside": r"(?:src|href)\s*=\s*[\"'](?:https?:)?//",
}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_leaves_style_and_behaviour_to_files(template: Path) -> None:
    text = re.sub(r"{#.*?#}", "", template.read_text())
    found = [what for what, pattern in FORBIDDEN.items() if re.search(pattern, text, re.I)]
    assert found == []
