"""Lines of several runs as one log: a lane of colour and a short name for each run.  WEB."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import batched

from django.urls import reverse

from dashboard.lines import WRAPPED, Lane, line_html, wrapped
from tasklog.archive.merged import Told
from tasklog.workflows.members import Workflow
from tasklog.workflows.place import Reach, pack
from tasklog.workflows.summary import branch_names

# Colours of lanes; further runs begin with the first again.
COLOURS = 8


class Lanes:
    """The lanes of a workflow by task id, and the runs as places count them."""

    def __init__(self, workflow: Workflow, reaches: Sequence[Reach]) -> None:
        self.names = branch_names(workflow.runs)
        self.reaches = reaches
        self.lanes = {
            run.task_id: self._lane(run.task_id, order) for order, run in enumerate(workflow.runs)
        }

    def _lane(self, task_id: str, order: int) -> Lane:
        name = escape(self.names[task_id])
        page = escape(reverse("dashboard:run", args=[task_id]))
        css = f" {css_of(order)}"
        return Lane(escape(task_id), css, f'<b class="branch" title="{name}">{name}</b> ', page)

    def place(self, read: dict[str, int]) -> str:
        return pack(self.reaches, read)

    def render(self, told: Sequence[Told], before: dict[str, int]) -> str:
        """The lines in wrappers that know the places before and after them.

        `before`, how far each run is read above the first line, is moved on to below the last.
        """
        parts = []
        for part in batched(told, WRAPPED, strict=False):
            html = "".join(line_html(line, lane=self.lanes[task_id]) for task_id, line in part)
            first = self.place(before)
            before |= {task_id: line.number for task_id, line in part}
            parts.append(wrapped(first, self.place(before), len(part), html))
        return "".join(parts)


def css_of(order: int) -> str:
    """`lane-1` to `lane-8`, by the order in which runs were asked for."""
    return f"lane-{order % COLOURS + 1}"
