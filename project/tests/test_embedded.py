"""Commands beside a running `up` find its broker."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from project.broker import start
from project.embedded import running_socket


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's own, whose path is too long for a socket on some machines."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        yield Path(name)


def test_a_running_broker_is_found_and_a_killed_one_is_not(folder: Path) -> None:
    assert running_socket(folder) == ""
    process, url = start(folder)
    assert url == f"redis+socket://{running_socket(folder)}?virtual_host=0"
    process.kill()
    process.wait(10)
    assert (folder / "broker.sock").exists()
    assert running_socket(folder) == ""


def test_a_path_that_is_too_long_for_a_socket_is_none(folder: Path) -> None:
    assert running_socket(folder / ("x" * 100)) == ""
