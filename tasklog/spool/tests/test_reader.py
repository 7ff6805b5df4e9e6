"""The reader over good, torn, damaged and unreadable files."""

import fcntl
import os

import pytest

from tasklog.spool import reader
from tasklog.spool.reader import Spool, decode_all, stem_of
from tasklog.spool.record import encode_event, encode_line, line_prefix


def spell(seq, text="text"):
    return encode_line(line_prefix("t1", "a" * 32, 0), seq, seq * 1000, "o", 0, "", text)


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(reader, "SETTLE_SECONDS", 0.0)
    monkeypatch.setattr(reader, "PROBE_SECONDS", 0.0)


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path)


def take(spool, limit=100):
    spool.scan()
    spool.place({})
    chunks = spool.chunks(limit)
    spool.settle(chunks)
    return chunks


def seqs(chunks):
    good, _ = decode_all(raw for chunk in chunks for raw in chunk.raws)
    return [entry.seq for entry in good]


def test_reads_on_from_where_it_stopped(spool, tmp_path):
    with (tmp_path / "h-1-a.0.spool").open("ab", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(spell(1) + spell(2))
        assert seqs(take(spool)) == [1, 2]
        assert take(spool) == []
        file.write(spell(3))
        assert seqs(take(spool)) == [3]


def test_a_limit_cuts_between_records_and_shares_between_files(spool, tmp_path):
    for name in ("h-1-a.0", "h-2-b.0"):
        (tmp_path / f"{name}.spool").write_bytes(b"".join(spell(i) for i in range(10)))
    first = take(spool, 6)
    assert [len(chunk.raws) for chunk in first] == [3, 3]
    assert seqs(take(spool, 100)) == [*range(3, 10), *range(3, 10)]


def test_a_rotated_file_is_read_to_its_end_before_the_next_one(spool, tmp_path):
    (tmp_path / "h-1-a.10.spool").write_bytes(spell(5) + spell(6))
    (tmp_path / "h-1-a.9.spool").write_bytes(b"".join(map(spell, range(1, 5))))
    assert [seqs(take(spool, 2)) for _ in range(3)] == [[1, 2], [3, 4], [5, 6]]


def test_a_tail_that_still_grows_is_left_until_it_is_whole(spool, tmp_path):
    with (tmp_path / "h-1-a.0.spool").open("ab", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        whole = spell(1)
        file.write(whole[:20])
        assert take(spool) == []
        file.write(whole[20:])
        assert seqs(take(spool)) == [1]


def test_a_dead_owners_torn_tail_comes_once_and_apart(spool, tmp_path):
    (tmp_path / "h-1-a.0.spool").write_bytes(spell(1) + spell(2)[:-9])
    assert seqs(take(spool)) == [1]
    (chunk,) = take(spool)
    assert chunk.torn
    assert take(spool) == []
    assert spool.ended() == ["h-1-a"]


def test_a_file_over_one_read_long_is_read_to_its_end(spool, tmp_path):
    long = "x" * (3 << 20)
    (tmp_path / "h-1-a.0.spool").write_bytes(spell(1, long) + spell(2))
    assert seqs(take(spool)) == [1]
    assert seqs(take(spool)) == [2]


def test_an_endless_record_is_passed_over(spool, tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "CHUNK_BYTES", 100)
    monkeypatch.setattr(reader, "LONGEST_RECORD", 300)
    (tmp_path / "h-1-a.0.spool").write_bytes(b"\0" * 1000 + b"\n" + spell(1))
    found = [chunk for _ in range(12) for chunk in take(spool)]
    assert seqs(found) == [1]
    assert sum(chunk.skipped for chunk in found) == 3


@pytest.mark.parametrize(
    ("data", "good", "damaged"),
    [
        (spell(1) + spell(2)[:10] + b"?" + spell(2)[11:] + spell(3), [1, 3], 1),
        (spell(1)[:-1] + spell(2) + spell(3), [2, 3], 1),
        (spell(1)[:30] + spell(2) + spell(3), [2, 3], 1),
        (b"\n\n" + spell(1), [1], 2),
        (b"garbage\n" * 3 + spell(1), [1], 3),
        (b"\0" * 5000 + b"\n" + spell(1), [1], 1),
        (spell(1).replace(b"L\t", b"Z\t") + spell(2), [2], 1),
        (spell(1).lower().upper() + spell(2), [2], 1),
        (b"zzzzzzzz L\tx\n" + spell(1), [1], 1),
        (encode_event("T", {})[:-4] + b"\n" + spell(1), [1], 1),
        (b'{"old": "format"}\n' + spell(1), [1], 1),
        (b"\xff\xfe\x80 \xff\n" + spell(1), [1], 1),
    ],
)
def test_good_records_among_damaged_ones_are_all_used(spool, tmp_path, data, good, damaged):
    (tmp_path / "h-1-a.0.spool").write_bytes(data)
    raws = [raw for chunk in take(spool) for raw in chunk.raws]
    records, bad = decode_all(raws)
    assert [entry.seq for entry in records] == good
    assert bad == damaged


def test_an_empty_file_is_nothing(spool, tmp_path):
    (tmp_path / "h-1-a.0.spool").touch()
    assert take(spool) == []
    assert spool.ended() == ["h-1-a"]


def test_a_truncated_file_begins_again_and_is_counted(spool, tmp_path):
    path = tmp_path / "h-1-a.0.spool"
    path.write_bytes(spell(1) + spell(2))
    take(spool)
    path.write_bytes(spell(3))
    (chunk,) = take(spool)
    assert (seqs([chunk]), chunk.start, chunk.skipped) == ([3], 0, 1)


def test_a_replaced_file_begins_at_its_beginning(spool, tmp_path):
    path = tmp_path / "h-1-a.0.spool"
    path.write_bytes(spell(1))
    take(spool)
    (tmp_path / "new").write_bytes(spell(2) + spell(3))
    (tmp_path / "new").rename(path)
    assert seqs(take(spool)) == [2, 3]


def test_what_is_no_readable_file_never_stands_in_the_way(spool, tmp_path):
    (tmp_path / "dir.0.spool").mkdir()
    (tmp_path / "link.0.spool").symlink_to("/etc/passwd")
    (tmp_path / "other.txt").write_text("no")
    (tmp_path / "h-1-a.0.spool").write_bytes(spell(1))
    assert seqs(take(spool)) == [1]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_of_another_owner_is_named_and_kept(spool, tmp_path):
    (tmp_path / "h-1-a.0.spool").write_bytes(spell(1))
    (tmp_path / "h-2-b.0.spool").write_bytes(spell(2))
    (tmp_path / "h-1-a.0.spool").chmod(0)
    assert seqs(take(spool)) == [2]
    assert "h-1-a.0.spool" in spool.trouble()


def test_a_missing_folder_is_an_empty_one(tmp_path):
    spool = Spool(tmp_path / "none")
    spool.scan()
    assert (spool.chunks(10), spool.trouble()) == ([], "")


def test_a_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "file").touch()
    spool = Spool(tmp_path / "file")
    spool.scan()
    assert "Not a directory" in spool.trouble()


def test_a_held_file_means_a_living_process(spool, tmp_path):
    path = tmp_path / "h-1-a.0.spool"
    with path.open("ab", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(spell(1))
        take(spool)
        assert spool.ended() == []
        assert spool.alive()
    assert spool.ended() == ["h-1-a"]
    assert not spool.alive()


def test_a_file_left_by_rotation_is_found_and_removed(spool, tmp_path):
    (tmp_path / "h-1-a.0.spool").write_bytes(spell(1))
    with (tmp_path / "h-1-a.1.spool").open("ab", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(spell(2))
        assert [seqs(take(spool)), seqs(take(spool))] == [[1], [2]]
        assert spool.rotated() == ["h-1-a.0.spool"]
        assert spool.ended() == []
        spool.remove(spool.rotated())
    assert [path.name for path in tmp_path.iterdir()] == ["h-1-a.1.spool"]


def test_a_file_somebody_still_writes_to_is_never_removed(spool, tmp_path):
    path = tmp_path / "h-1-a.0.spool"
    path.write_bytes(spell(1))
    take(spool)
    with path.open("ab") as file:
        file.write(spell(2))
    spool.remove(["h-1-a.0.spool"])
    assert path.exists()


@pytest.mark.parametrize(
    ("name", "stem"),
    [("h-1-a.3.spool", "h-1-a"), ("web.example.org-1-a.12.spool", "web.example.org-1-a")],
)
def test_the_process_is_in_the_files_name(name, stem):
    assert stem_of(name) == stem
