"""Search by meaning with a model of six words, built here: nothing is fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from tasklog.insights import embeddings
from tasklog.insights.models import Embedding, Pattern

WORDS = {"[UNK]": (0, 0), "disk": (1, 0), "storage": (0.9, 0.1), "full": (0.9, 0.2),
         "mail": (0, 1), "sent": (0.1, 1)}  # fmt: skip


@pytest.fixture
def model(tmp_path: Path, settings: Any) -> Path:
    pytest.importorskip("model2vec")
    import numpy
    from model2vec import StaticModel
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocabulary = {word: place for place, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    vectors = numpy.array(list(WORDS.values()), dtype=numpy.float32)
    StaticModel(vectors, tokenizer).save_pretrained(tmp_path / "model")
    settings.CELERY_TASKLOG_EMBEDDINGS = str(tmp_path / "model")
    embeddings.model_at.cache_clear()
    return tmp_path / "model"


@pytest.fixture
def patterns(db: None) -> None:
    for template in ("disk full", "mail sent"):
        Pattern.objects.create(fingerprint=template, task="a", template=template,
                               first_seen=timezone.now(), last_seen=timezone.now())  # fmt: skip


def test_patterns_are_found_by_what_they_mean(model: Path, patterns: None) -> None:
    assert embeddings.renew() == 2
    assert embeddings.renew() == 0
    assert [match.pattern.template for match in embeddings.near("storage")] == ["disk full"]
    assert len(bytes(Embedding.objects.all()[0].vector)) == 2 * 4


def test_another_model_makes_other_vectors(model: Path, patterns: None, settings: Any) -> None:
    embeddings.renew()
    settings.CELERY_TASKLOG_EMBEDDINGS = str(model.rename(model.with_name("better")))
    assert embeddings.renew() == 2
    assert Embedding.objects.filter(model__endswith="better").count() == 2


def test_a_folder_that_is_not_there_is_named(patterns: None, settings: Any) -> None:
    settings.CELERY_TASKLOG_EMBEDDINGS = "/nowhere/at/all"
    with pytest.raises(embeddings.NoModel, match="no folder /nowhere"):
        embeddings.near("disk")
