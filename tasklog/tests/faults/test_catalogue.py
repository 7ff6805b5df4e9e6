"""The lists in the modules' docstrings are true: each fault has a proof that exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from conftest import ROOT
from tasklog.conf import DEAD_AFTER_SECONDS, HEARTBEAT_SECONDS
from tasklog.drain import closing, deadline, loop
from tasklog.live import hub, publish, topics, watch
from tasklog.signals import drainer_ticked
from tasklog.tests.faults import figures

HERE = Path(__file__).parent
MODULES = [path for path in sorted(HERE.glob("test_*.py")) if path.name != Path(__file__).name]
_ENTRY = re.compile(r"^(F-\d\d)  (\S+)$", re.MULTILINE)


def entries(path):
    return _ENTRY.findall(ast.get_docstring(ast.parse(path.read_text())))


def functions(path):
    tree = ast.parse(path.read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_every_proof_that_is_named_exists(module):
    for fault, proof in entries(module):
        place, _, name = proof.rpartition("::") if "::" in proof else ("", "", proof)
        if name.endswith(".py"):
            place, name = (name if "/" in name else f"{HERE.relative_to(ROOT)}/{name}"), ""
        path = ROOT / place if place else module
        assert path.exists(), f"{fault}: {path}"
        assert not name or name in functions(path), f"{fault}: {proof}"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_every_test_is_in_its_modules_list(module):
    named = {proof for _, proof in entries(module)}
    tests = {name for name in functions(module) if name.startswith("test_")}
    assert tests <= named


def test_the_products_own_limits_keep_the_promises():
    """Where a promise rests on a time of the product's own, that time leaves room for it."""
    assert deadline.SECONDS <= 5
    assert topics.TIMEOUT <= 1
    assert (publish.FAILURES, publish.RETRY_SECONDS) == (3, 5)
    assert hub.RECONNECT_SECONDS + watch.CHECK_SECONDS <= figures.BACK
    assert topics.TIMEOUT + watch.POLL_SECONDS <= figures.POLLING
    assert loop.LAST_RETRY + deadline.SECONDS < figures.CAUGHT_UP
    assert figures.NOTICED < closing.NOTICE_SECONDS < figures.LOST
    # Of another host: silent for so long, and looked after so often.
    assert DEAD_AFTER_SECONDS + loop.REAP_SECONDS + HEARTBEAT_SECONDS <= figures.LOST
    assert HEARTBEAT_SECONDS * 3 < DEAD_AFTER_SECONDS


def test_every_fault_has_a_proof():
    proved = {fault for module in MODULES for fault, _ in entries(module)}
    wanted = {f"F-{number:02}" for number in (*range(1, 13), *range(14, 20), *range(21, 28), 31)}
    assert wanted <= proved


def test_what_other_rooms_ask_in_a_tick_has_the_drainers_deadline(folder):
    """A frozen server would otherwise hold the drainer for ever, 5 s after its start."""
    drain, ends = loop.Drain(folder), []

    def receiver(**_):
        ends.append(drain._deadline._ends)

    drainer_ticked.connect(receiver)
    drain._tick(drain._ticked + loop.TICK_SECONDS)
    drainer_ticked.disconnect(receiver)
    assert ends[0] > 0
    assert drain._deadline._ends == 0
