"""The package a stranger installs carries the pages, and nothing of the demo."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    return zipfile.ZipFile(next(folder.glob("celery_tasklog-*.whl")))


def test_every_template_and_static_file_is_inside(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    for kind in ("templates", "static"):
        for path in (ROOT / kind / "dashboard").rglob("*"):
            if path.is_file():
                assert f"dashboard/{path.relative_to(ROOT)}" in names


def test_every_template_the_pages_name_is_inside(wheel: zipfile.ZipFile) -> None:
    """Also those that lie beside `templates/dashboard`, such as the plain pages of tasklog."""
    assert "tasklog/templates/tasklog/task.html" in wheel.namelist()
    assert "tasklog/migrations/0001_initial.py" in wheel.namelist()
    assert "dashboard/migrations/0001_initial.py" in wheel.namelist()


def test_demo_project_and_tests_stay_out(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert tops == {"tasklog", "dashboard", next(t for t in tops if t.endswith(".dist-info"))}
    assert not [name for name in wheel.namelist() if "/tests/" in name or "/testdata/" in name]


def test_license_and_readme_come_along(wheel: zipfile.ZipFile) -> None:
    info = next(n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))
    metadata = wheel.read(info).decode()
    assert "License-Expression: MIT" in metadata
    assert any(name.endswith("licenses/LICENSE") for name in wheel.namelist())
    assert "manage.py up" in metadata, "the README is the package's description"
