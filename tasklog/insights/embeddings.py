"""Patterns by their meaning, with a local model2vec model: an optional extra.  WORKER, WEB.

The model is read from a folder on disk and nowhere else (CELERY_TASKLOG_EMBEDDINGS).  Nothing is
fetched, and no object is unpickled: a model is safetensors and JSON.
"""

from __future__ import annotations

import re
import struct
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.db.models import Q

from tasklog.conf import conf
from tasklog.insights.fingerprint import MARKS
from tasklog.insights.models import OTHERS, Embedding, Pattern
from tasklog.insights.similar import REACH, Match, ranked

BATCH = 500
# So near a meaning must be (cosine, 0–1): above what messages about anything else have.
NEAR = 0.25
_MARKS = re.compile("|".join(map(re.escape, MARKS)))


class NoModel(Exception):
    """There is no model to ask; the text says what is missing."""


def is_on() -> bool:
    return bool(conf().embeddings)


def missing() -> str:
    """What search by meaning lacks, in one sentence; empty where it works."""
    if not is_on():
        return "Search by meaning needs a model: CELERY_TASKLOG_EMBEDDINGS names none."
    try:
        model_at(conf().embeddings)
    except NoModel as error:
        return str(error)
    return ""


@lru_cache(maxsize=1)
def model_at(path: str) -> Any:
    """The model in this folder.  Raises `NoModel`."""
    folder = Path(path)
    if not folder.is_dir():
        raise NoModel(f"CELERY_TASKLOG_EMBEDDINGS: there is no folder {path}.")
    try:
        from model2vec import StaticModel
    except ImportError as error:
        raise NoModel("Search by meaning needs the extra “semantic”.") from error
    try:
        return StaticModel.from_pretrained(folder)
    except (OSError, ValueError, KeyError) as error:
        raise NoModel(f"CELERY_TASKLOG_EMBEDDINGS: {path} holds no model.") from error


def vectors_of(texts: list[str]) -> list[list[float]]:
    """A vector of length 1 for each text."""
    # `<num>` and its like stand for values: as words they would only be noise.
    made = model_at(conf().embeddings).encode([_MARKS.sub(" ", text) for text in texts])
    return [_normal([float(value) for value in row]) for row in made]


def renew() -> int:
    """Embeds the patterns that have no vector of this model; returns how many."""
    name = conf().embeddings[-200:]
    done = 0
    while rows := list(_without(name)[:BATCH]):
        made = zip(rows, vectors_of([row.template for row in rows]), strict=True)
        Embedding.objects.bulk_create(
            [Embedding(pattern=row, model=name, vector=_pack(vector)) for row, vector in made],
            update_conflicts=True, unique_fields=["pattern"], update_fields=["model", "vector"],
        )  # fmt: skip
        done += len(rows)
    return done


def near(text: str, *, but: int = 0, limit: int = 8) -> list[Match]:
    """The patterns nearest in meaning.  Raises `NoModel`."""
    asked = vectors_of([text])[0]
    rows = Embedding.objects.filter(model=conf().embeddings[-200:]).exclude(pattern=but)
    rows = rows.select_related("pattern").order_by("-pattern__last_seen")[:REACH]
    scored = (Match(row.pattern, _dot(asked, _unpack(row.vector))) for row in rows)
    return ranked((match for match in scored if match.score >= NEAR), limit)


def _without(model: str) -> Any:
    rows = Pattern.objects.filter(Q(embedding=None) | ~Q(embedding__model=model))
    return rows.exclude(template=OTHERS).order_by("pk")


def _normal(vector: list[float]) -> list[float]:
    length = sum(value * value for value in vector) ** 0.5 or 1.0
    return [value / length for value in vector]


def _dot(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=False))


def _pack(vector: list[float]) -> bytes:
    return struct.pack(f"<{len(vector)}f", *vector)


def _unpack(stored: bytes | memoryview) -> list[float]:
    data = bytes(stored)
    return list(struct.unpack(f"<{len(data) // 4}f", data))
