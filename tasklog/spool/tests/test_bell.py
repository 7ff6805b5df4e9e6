"""The bell: rings once for a write that comes after `arm`, whoever writes."""

import sys
import time

import pytest

from tasklog.spool.bell import Bell


@pytest.fixture
def bell(tmp_path):
    made = Bell(tmp_path)
    yield made
    made.close()


linux = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


@linux
@pytest.mark.parametrize("mode", ["new file", "append"])
def test_a_write_after_arming_rings_once(bell, tmp_path, mode):
    file = tmp_path / "a.spool"
    if mode == "append":
        file.write_text("before")
    bell.arm()
    with file.open("a") as stream:
        stream.write("line\n")
    assert bell.wait(5)
    assert not bell.armed
    assert not bell.wait(0.01)


@linux
def test_a_flood_rings_once_and_what_came_before_not_at_all(bell, tmp_path):
    file = tmp_path / "a.spool"
    file.write_text("before")
    bell.arm()
    assert not bell.wait(0.01)
    for _ in range(1000):
        with file.open("a") as stream:
            stream.write("line\n")
    assert bell.wait(5)
    bell.arm()
    assert not bell.wait(0.01)


def test_without_one_it_waits_its_time(bell, tmp_path):
    began = time.monotonic()
    assert not bell.wait(0.05)
    assert time.monotonic() >= began + 0.05


def test_a_folder_that_is_not_there_yet_is_looked_at_by_the_clock(tmp_path):
    bell = Bell(tmp_path / "none")
    bell.arm()
    assert not bell.armed
    assert not bell.wait(0.01)
    bell.close()
