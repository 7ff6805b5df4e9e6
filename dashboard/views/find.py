"""The next match in a run's whole log, for the find box and the error keys of the viewer.  WEB."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET

from dashboard.access import run_or_404, signed_in
from dashboard.window import Asked, whole
from tasklog.archive import find as archive


@require_GET
@signed_in
def find(request: HttpRequest, task_id: str) -> JsonResponse:
    """`?find=TEXT&from=120&dir=previous` with the filters of the view; `counted=1` counts nothing.

    `numbers` are the first matches, all of them if `exact`: within them the page walks by itself.
    """
    run = run_or_404(request, task_id)
    only = Asked.read(request.GET).sought
    found = archive.find(
        run.task_id,
        only,
        run.line_count,
        start=min(whole(request.GET, "from") or 0, run.line_count + 1),
        newest=request.GET.get("dir") == "previous",
        counting="counted" not in request.GET,
    )
    answer = {
        "number": found.number,
        "ordinal": found.ordinal,
        "total": found.total,
        "exact": found.exact,
        "wrapped": found.wrapped,
        "reached": found.reached,
        "numbers": found.numbers,
        "searched": run.line_count,
    }
    return JsonResponse(answer, headers={"Cache-Control": "private, no-store"})
