"""What /proc and the control groups say, read from trees as the kernel shows them."""

import os
import subprocess
import sys
import time

import pytest

from tasklog.capture import memory, verdicts
from tasklog.capture.memory import Room, Sample

MIB = 2**20
MEMINFO = "MemTotal: 1000 kB\nMemFree: 10 kB\nMemAvailable: 400 kB\n"


@pytest.fixture
def tree(tmp_path):
    """`tree({"proc/meminfo": "…"})` is a root folder with these files."""

    def make(files):
        for name, text in {"proc/meminfo": MEMINFO, **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return make


def test_without_a_limit_the_machine_is_the_room(tree):
    root = tree({"proc/vmstat": "pgfault 1\noom_kill 2\n"})
    assert memory.room(root) == Room(600 * 1024, 1000 * 1024, "machine", 2)


def test_a_second_version_group_gives_its_limit_without_the_cache(tree):
    group = "sys/fs/cgroup/app"
    root = tree({
        "proc/self/cgroup": "0::/app\n",
        f"{group}/memory.max": "500000",
        f"{group}/memory.current": "450000",
        f"{group}/memory.stat": "anon 1\ninactive_file 50000\n",
        f"{group}/memory.events": "low 0\noom 4\noom_kill 3\n",
    })  # fmt: skip
    assert memory.room(root) == Room(400000, 500000, "container", 3)


def test_a_limit_further_out_counts_and_the_innermost_group_counts_its_kills(tree):
    root = tree({
        "proc/self/cgroup": "0::/pod/app\n",
        "sys/fs/cgroup/pod/memory.max": "700000",
        "sys/fs/cgroup/pod/memory.current": "690000",
        "sys/fs/cgroup/pod/memory.events": "oom_kill 9\n",
        "sys/fs/cgroup/pod/app/memory.max": "max\n",
        "sys/fs/cgroup/pod/app/memory.events": "oom_kill 1\n",
    })  # fmt: skip
    assert memory.room(root) == Room(690000, 700000, "container", 1)


def test_a_first_version_group_in_a_container_lies_at_its_mount(tree):
    """The path is the host's; the folder shows the container's own group."""
    group = "sys/fs/cgroup/memory"
    root = tree({
        "proc/self/cgroup": "4:memory:/docker/4711\n1:cpu:/docker/4711\n0::/\n",
        f"{group}/memory.limit_in_bytes": "800000",
        f"{group}/memory.usage_in_bytes": "300000",
        f"{group}/memory.stat": "inactive_file 1\ntotal_inactive_file 100000\n",
        f"{group}/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n",
    })  # fmt: skip
    assert memory.room(root) == Room(200000, 800000, "container", 5)


@pytest.mark.parametrize("limit", ["9223372036854771712", "max", "nonsense", ""])
def test_no_limit_is_no_limit(tree, limit):
    group = "sys/fs/cgroup/memory"
    root = tree({"proc/self/cgroup": "4:memory:/\n", f"{group}/memory.limit_in_bytes": limit})
    assert memory.room(root).whose == "machine"


def test_a_machine_that_tells_nothing_is_no_error(tmp_path):
    assert memory.room(tmp_path) == Room()
    assert memory.resident(2**30) == 0


def test_processes_that_are_gone_are_left_out():
    seen = memory.Watch().look([os.getpid(), 2**30], at=7.0)
    assert list(seen.processes) == [os.getpid()]
    assert seen.processes[os.getpid()] > MIB
    assert seen.at == 7.0


def test_a_look_is_cheap():
    """Once per heartbeat, for a worker with a hundred children."""
    watch, pids = memory.Watch(), [os.getpid()] * 100
    began = time.thread_time()
    watch.look(pids, at=1.0)
    assert time.thread_time() - began < 0.1


@pytest.mark.parametrize(
    ("before", "now", "evidence"),
    [
        (Room(oom_kills=3), Room(oom_kills=4), "the kernel killed for want of memory at that time"),
        (Room(oom_kills=3), Room(oom_kills=3), ""),
        (Room(oom_kills=None), Room(oom_kills=3), ""),
        (Room(960, 1000, "container"), Room(1, 1000), "96 % of the container's memory was in use"),
        (Room(100, 1000), Room(990, 1000), "99 % of the machine's memory was in use"),
        (Room(940, 1000), Room(940, 1000), ""),
        (Room(), Room(), ""),
    ],
)  # fmt: skip
def test_memory_is_blamed_on_evidence_only(before, now, evidence):
    assert memory.shortage(Sample(1.0, {}, before), now) == evidence


@pytest.mark.parametrize(("signum", "cause"), [(9, "out_of_memory"), (11, "killed")])
def test_only_signal_9_is_what_the_kernel_sends_then(monkeypatch, signum, cause):
    monkeypatch.setattr(memory, "shortage", lambda before, now: "97 % was in use")
    error = verdicts.WorkerLostError(f"Worker exited prematurely: signal {signum} (X) Job: 1.")
    assert verdicts.verdict(error)["cause"] == cause


def test_importing_it_reads_nothing():
    """Web processes import the room as well."""
    code = "import tasklog.capture.memory as m; assert m.watch.last == m.Sample()"
    subprocess.run([sys.executable, "-c", code], check=True)
