import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasklog.archive import chunks
from tasklog.line import STREAMS, Line

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
numbers = st.integers(0, 2**53)
lines = st.lists(
    st.builds(
        Line,
        number=numbers,
        at=numbers,
        stream=st.sampled_from(STREAMS),
        level=st.integers(0, 60),
        logger=texts,
        message=texts,
        attempt=st.integers(1, 9),
        origin=st.integers(0, 2**31),
        seq=numbers,
    ),
    min_size=1,
    max_size=30,
)


@given(lines)
def test_unpacking_gives_exactly_what_was_packed(given_lines: list[Line]) -> None:
    codec, data = chunks.compress(chunks.pack(given_lines))
    assert chunks.unpack(chunks.decompress(codec, data)) == given_lines


def test_a_message_with_a_line_feed_comes_back_whole() -> None:
    line = Line(1, 0, "stdout", 0, "", "by hand\nin two", 1, 0, 1)
    assert chunks.unpack(chunks.pack([line, line])) == [line, line]


def test_messages_can_be_searched_without_unpacking() -> None:
    raw = chunks.pack([Line(1, 0, "stdout", 0, "app", "needle", 1, 0, 1)])
    assert chunks.messages_of(raw) == b"needle"


def test_without_zstd_zlib_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "zstd", None)
    codec, data = chunks.compress(b"lines")
    assert (codec, chunks.decompress(codec, data)) == ("zlib", b"lines")
    with pytest.raises(chunks.UnknownCodec, match=r"celery-tasklog\[zstd\]"):
        chunks.decompress("zstd", b"")


def test_counts_name_streams_and_levels() -> None:
    one = Line(1, 0, "stderr", 40, "", "x", 1, 0, 1)
    assert chunks.counts_of([one, one._replace(stream="log", level=20), one]) == {
        "stderr": {"40": 2},
        "log": {"20": 1},
    }
