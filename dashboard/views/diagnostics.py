"""The diagnostics page: every probe with its number, its limit and what to do.  WEB."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.access import signed_in
from dashboard.htmx import etag_of, tagged, unchanged, wants_fragment
from tasklog import memo
from tasklog.health import Probe, run_probes

# Some probes ask the broker and the workers: not once per watcher.
SECONDS = 2


@require_safe
@signed_in
def page(request: HttpRequest) -> HttpResponse:
    """The whole page, or for htmx its living part: 304 while no probe says anything new."""
    probes = sorted(memo.keep("probes", SECONDS, run_probes), key=_worst_first)
    etag = etag_of(probes)
    context = {"probes": probes, "etag": etag, "verdict": verdict(probes)}
    if not wants_fragment(request):
        return render(request, "dashboard/diagnostics/list.html", context)
    if same := unchanged(request, etag):
        return same
    return tagged(render(request, "dashboard/diagnostics/list.html#live", context), etag)


def _worst_first(probe: Probe) -> int:
    return {False: 0, None: 1, True: 2}[probe.ok]


def verdict(probes: list[Probe]) -> tuple[str, str]:
    """The worst of them in words, and its tone."""
    failed = sum(probe.ok is False for probe in probes)
    warned = sum(probe.ok is None for probe in probes)
    if failed:
        return f"{failed} of {len(probes)} checks failed", "bad"
    if warned:
        return f"Working, with {warned} warning{'s' if warned > 1 else ''}", "warn"
    return "Everything works", "ok"
