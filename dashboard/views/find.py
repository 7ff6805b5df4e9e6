"""The next match in a whole log, for the find box and the error keys of the viewer.  WEB."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET

from dashboard import merged
from dashboard.access import run_or_404, signed_in
from dashboard.asked import Filters, text, whole
from dashboard.views.workflow import workflow_or_404
from dashboard.window import Asked
from tasklog.archive import find as archive
from tasklog.archive.find import Spot
from tasklog.archive.merged import Place, Strand
from tasklog.archive.moment import place_above
from tasklog.archive.strands import reaches_of, strands_of
from tasklog.workflows.members import Workflow
from tasklog.workflows.place import LONGEST, Reach, pack, unpack


@require_GET
@signed_in
def find(request: HttpRequest, task_id: str) -> JsonResponse:
    """`?find=TEXT&from=120&dir=previous` with the filters of the view; `counted=1` counts nothing.

    `numbers` are the first matches, all of them if `exact`: within them the page walks by itself.
    """
    run = run_or_404(request, task_id)
    back = _backwards(request)
    start = min(whole(request.GET, "from") or 0, run.line_count + 1) - back
    return _answer(
        request, Asked.read(request.GET), [Strand(run.task_id, 0, 0, run.line_count, 0, 0)],
        {run.task_id: max(start, 0)},
        said=lambda spot: spot.number,
        reached=lambda place: place[run.task_id] + back,
    )  # fmt: skip


@require_GET
@signed_in
def find_merged(request: HttpRequest, task_id: str) -> JsonResponse:
    """The same in the log of a workflow: numbers are `ID:120`, `from` is one or what was `reached`.

    Without `from` it begins at the first line, or backwards behind the last.
    """
    workflow = workflow_or_404(request, task_id)
    asked = merged.Asked.read(request.GET)
    reaches = reaches_of(workflow.runs)
    return _answer(
        request, asked, strands_of(asked.kept(workflow.runs)),
        _start(request, workflow, reaches),
        said=lambda spot: f"{spot.task_id}:{spot.number}",
        reached=lambda place: pack(reaches, place),
    )  # fmt: skip


def _start(request: HttpRequest, workflow: Workflow, reaches: Sequence[Reach]) -> Place:
    """The place that `from` stands for; what fits no more is the end that the way begins at."""
    given, back = text(request.GET, "from", LONGEST), _backwards(request)
    end = {reach.task_id: reach.lines for reach in reaches} if back else {}
    if spot := merged.spot_of(given):
        above = place_above(strands_of(workflow.runs), spot)
        return end if above is None else {**above, **({} if back else dict([spot]))}
    return unpack(reaches, given) or end


def _backwards(request: HttpRequest) -> bool:
    return request.GET.get("dir") == "previous"


def _answer(
    request: HttpRequest, asked: Filters, strands: Sequence[Strand], start: Mapping[str, int], *,
    said: Callable[[Spot], object], reached: Callable[[Place], object],
) -> JsonResponse:  # fmt: skip
    found = archive.find(
        strands, asked.sought, start, newest=_backwards(request),
        counting="counted" not in request.GET,
    )  # fmt: skip
    answer = {
        "number": said(found.spot) if found.spot else None,
        "ordinal": found.ordinal,
        "total": found.total,
        "exact": found.exact,
        "wrapped": found.wrapped,
        "reached": None if found.reached is None else reached(found.reached),
        "numbers": [said(spot) for spot in found.spots],
    }
    return JsonResponse(answer, headers={"Cache-Control": "private, no-store"})
