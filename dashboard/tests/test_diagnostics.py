"""The diagnostics page."""

from __future__ import annotations

import pytest
from django.test import Client

from dashboard.views.diagnostics import verdict
from tasklog.health import Probe

HTMX = {"HX-Request": "true"}


def probe(*, ok: bool | None) -> Probe:
    return Probe("disk", "Disk", ok, "9 GiB free", "1 GiB", "Free some space.")


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> list[Probe]:
    told = [probe(ok=False)]
    monkeypatch.setattr("dashboard.views.diagnostics.run_probes", lambda: told)
    return told


def test_a_failed_probe_shows_its_number_its_limit_and_what_to_do(
    browser_of_ada: Client, probes: list[Probe]
) -> None:
    page = browser_of_ada.get("/diagnostics/").content.decode()
    for said in ("Fails", "9 GiB free", "1 GiB", "Free some space.", "1 of 1 checks failed"):
        assert said in page


def test_what_works_needs_no_advice(browser_of_ada: Client, probes: list[Probe]) -> None:
    probes[:] = [probe(ok=True)]
    page = browser_of_ada.get("/diagnostics/").content.decode()
    assert "Free some space." not in page
    assert "Everything works" in page


def test_a_poll_is_answered_304_while_nothing_is_new(
    browser_of_ada: Client, probes: list[Probe]
) -> None:
    first = browser_of_ada.get("/diagnostics/", headers=HTMX)
    poll = {**HTMX, "If-None-Match": first.headers["ETag"]}
    assert browser_of_ada.get("/diagnostics/", headers=poll).status_code == 304


def test_the_real_probes_answer(browser_of_ada: Client) -> None:
    assert "Database" in browser_of_ada.get("/diagnostics/").content.decode()


@pytest.mark.parametrize(
    ("states", "tone"),
    [([True, True], "ok"), ([True, None], "warn"), ([None, False], "bad")],
)
def test_the_verdict_is_the_worst_of_all(states: list[bool | None], tone: str) -> None:
    assert verdict([probe(ok=ok) for ok in states])[1] == tone
