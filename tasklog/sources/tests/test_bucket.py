"""Objects of a bucket: each once, in order, whatever they hold and whenever we die."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tasklog.models import TaskLogLine, TaskRun
from tasklog.notify.transport import TransportError
from tasklog.sources import poll
from tasklog.sources.kinds import aws, bucket
from tasklog.sources.models import Connection

pytestmark = pytest.mark.django_db
REGION = "eu-central-1"


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, bytes], None]]:
    """`put(name, data)` into the bucket `shop-logs` of an S3 of the test's own."""
    import boto3
    from moto import mock_aws

    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.setenv(f"AWS_{name}", "testing")
    with mock_aws():
        client = boto3.client("s3", region_name=REGION)
        client.create_bucket(
            Bucket="shop-logs", CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        yield lambda name, data: client.put_object(Bucket="shop-logs", Key=name, Body=data)


@pytest.fixture
def watched(put: object) -> Connection:
    made = Connection(kind="bucket", name="bucket", created_by="ada")
    made.settings = {"region": REGION, "bucket": "shop-logs", "under": "app/"}
    made.save()
    return made


def texts() -> list[str]:
    return list(TaskLogLine.objects.order_by("id").values_list("message", flat=True))


def numbered(count: int) -> list[str]:
    return [f"line {number}" for number in range(count)]


def test_objects_are_read_once_in_the_order_of_their_names(put: Any, watched: Connection) -> None:
    put("app/2026-11-02.log", b"third\nwithout an end")
    put("app/2026-11-01.log.gz", gzip.compress(b"first\nsecond\n"))
    put("app/", b"")
    put("other/2026-11-01.log", b"nobody asked\n")
    poll.poll(watched.pk)
    assert texts() == ["first", "second", "third", "without an end"]
    put("app/2026-11-03.log", "Gda\u0144sk\n".encode())
    for _ in range(2):
        poll.poll(watched.pk)
    assert texts()[4:] == ["Gda\u0144sk"]
    assert TaskRun.objects.get().source == "connection bucket"


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_poll_killed_anywhere_goes_on_without_loss_or_double(
    put: Any, watched: Connection, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr(bucket, "PART", 100)
    put("app/a.log", pack("\n".join(numbered(60)).encode()))
    enter, calls = poll._enter, []

    def dying(*words: Any) -> Any:
        calls.append(1)
        if len(calls) % 2 == 0:
            raise MemoryError  # before the commit: rows and cursor go together
        return enter(*words)

    monkeypatch.setattr(poll, "_enter", dying)
    for _ in range(40):
        Connection.objects.update(claimed_until=None)
        try:
            poll.poll(watched.pk)
        except MemoryError:
            continue
    assert texts() == numbered(60)


def test_an_object_that_is_replaced_while_it_is_read_begins_anew(
    put: Any, watched: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket, "PART", 20)
    put("app/a.log", "\n".join(numbered(9)).encode())
    begun = bucket.fetch(watched.settings, {}, watched.next_at)
    assert [event.text for event in begun.events] == ["line 0", "line 1"]
    put("app/a.log", b"another\n")
    gone = bucket.fetch(watched.settings, begun.cursor, watched.next_at)
    assert (gone.events, gone.more) == ([], True)
    anew = bucket.fetch(watched.settings, gone.cursor, watched.next_at)
    assert [event.text for event in anew.events] == ["another"]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (gzip.compress(b"\n" * 10_000_000), "200 times its size"),
        (gzip.compress(b"cut off " * 5_000)[:-20], "is cut off"),
        (b"BZh91AY&SY", "bzip2 archive"),
        (gzip.compress(gzip.compress(b"x")), "archive inside this archive"),
    ],
    ids=["bomb", "cut off", "bzip2", "nested"],
)
def test_what_cannot_be_read_is_said_and_the_next_object_is_read(
    put: Any, watched: Connection, data: bytes, told: str
) -> None:
    put("app/1.log", data)
    put("app/2.log", b"the next one\n")
    poll.poll(watched.pk)
    said = [text for text in texts() if text]
    assert said[0].startswith("app/1.log was left at byte ")
    assert told in said[0]
    assert said[1] == "the next one"


def test_a_wrong_bucket_is_told_and_no_line_is_lost_in_an_outage(
    put: Any, watched: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TransportError, match="no such bucket"):
        bucket.fetch({**watched.settings, "bucket": "nobodys"}, {}, watched.next_at)
    put("app/1.log", b"one\n")
    client = aws.client

    def cut(*words: Any) -> Any:
        class Body:
            def __enter__(self) -> Body:
                return self

            def __exit__(self, *_: object) -> None: ...

            def read(self, size: int) -> bytes:
                raise ConnectionResetError

        found = client(*words)
        found.get_object = lambda **_: {"Body": Body()}
        return found

    with monkeypatch.context() as broken:
        broken.setattr(aws, "client", cut)
        assert "No answer" in poll.poll(watched.pk)
    Connection.objects.update(next_at=watched.next_at, claimed_until=None)
    poll.poll(watched.pk)
    assert texts() == ["one"]


def test_the_form_wants_a_bucket(put: object) -> None:
    form = bucket.BucketForm({"region": REGION, "bucket": "No Bucket"})
    assert form.errors == {"bucket": ["Give a bucket's name, such as shop-logs."]}
