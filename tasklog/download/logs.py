"""The log of a run or of a workflow as a file; each is written into the audit trail.  WEB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.http import HttpRequest, StreamingHttpResponse

from tasklog.archive.merged import Told, walk
from tasklog.archive.only import Only
from tasklog.archive.reader import iter_windows
from tasklog.archive.strands import strands_of
from tasklog.audit.trail import record
from tasklog.download.files import as_file, file_name
from tasklog.download.formats import FORMATS, Format
from tasklog.models import TaskRun
from tasklog.workflows.members import Workflow
from tasklog.workflows.summary import branch_names

# Characters in one piece of a merged log.
PIECE = 256 * 1024
# A longer branch pushes its lines aside.
WIDEST = 30


def run_file(request: HttpRequest, run: TaskRun, kind: str, only: Only) -> StreamingHttpResponse:
    """The run's lines; `kind` is one of FORMATS."""
    record("download", request=request, target=f"{run.name} {run.task_id}")
    written = FORMATS[kind]
    return as_file(request, file_name(run, kind), written.content_type, _texts(run, written, only))


def workflow_file(
    request: HttpRequest, workflow: Workflow, runs: Sequence[TaskRun], kind: str, only: Only
) -> StreamingHttpResponse:
    """The lines of these of its runs as one log, each with its branch."""
    record("download", request=request, target=f"workflow {workflow.root.name} {workflow.key}")
    written = FORMATS[kind]
    texts = _merged(workflow, written, walk(strands_of(runs), only))
    return as_file(request, file_name(workflow.root, kind), written.content_type, texts)


def _texts(run: TaskRun, written: Format, only: Only) -> Iterator[str]:
    if written.head:
        yield written.head
    for window in iter_windows(run.task_id, **only.words):
        yield "".join(map(written.write, window))


def _merged(workflow: Workflow, written: Format, lines: Iterator[Told]) -> Iterator[str]:
    names = branch_names(workflow.runs)
    wide = min(max(map(len, names.values())), WIDEST)
    owners = {task_id: written.owner(task_id, name, wide) for task_id, name in names.items()}
    write, cut = written.write, written.replaced
    if written.merged_head:
        yield written.merged_head
    yield from _pieces(f"{owners[task_id]}{write(line)[cut:]}" for task_id, line in lines)


def _pieces(texts: Iterator[str]) -> Iterator[str]:
    """Joined into pieces of the answer, however long a line is."""
    held, chars = [], 0
    for text in texts:
        held.append(text)
        chars += len(text)
        if chars >= PIECE:
            yield "".join(held)
            held, chars = [], 0
    if held:
        yield "".join(held)
