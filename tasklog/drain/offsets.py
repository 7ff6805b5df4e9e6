"""How far each spool file is stored, moved in the transaction of its rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from django.utils import timezone

from tasklog.drain.rows import insert_rows, select_rows, update_rows
from tasklog.models import SpoolFile
from tasklog.spool.reader import Chunk


class Moved(Exception):
    """Somebody else stored from this file, or an unknown commit did succeed: read again."""


def read(names: Collection[str]) -> dict[str, int]:
    """The stored offset of each of these files that has one.

    Waits for a transaction of a lost connection that is still at work on the server.
    """
    rows = SpoolFile.objects.select_for_update().filter(name__in=names)
    return dict(rows.values_list("name", "offset"))


def advance(chunks: Sequence[Chunk], damaged: Mapping[str, int], host: str) -> None:
    """Moves each file from its chunk's start to its end.  Raises `Moved`.

    The first statement of a batch's transaction: whoever comes second waits here and then
    finds that the offset is no longer where he read from.
    """
    names = [chunk.name for chunk in chunks]
    files = {file.name: file for file in select_rows(SpoolFile, "name", names, lock=True)}
    for chunk in chunks:
        file = files.get(chunk.name)
        if (file.offset if file else 0) != chunk.start and not (chunk.start == 0 and chunk.skipped):
            raise Moved(chunk.name)
        if file is None:
            files[chunk.name] = file = SpoolFile(name=chunk.name, host=host)
        file.offset = chunk.end
        file.damaged += damaged.get(chunk.name, 0)
        file.updated_at = timezone.now()
    insert_rows(SpoolFile, [file for file in files.values() if file.pk is None])
    known = [file for file in files.values() if file.pk is not None]
    update_rows(SpoolFile, [(file, ("offset", "damaged", "updated_at")) for file in known])


def forget(names: Collection[str]) -> None:
    """The files are gone."""
    SpoolFile.objects.filter(name__in=names).delete()
