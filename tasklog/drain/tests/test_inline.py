import uuid

import pytest
from django.db import connection, transaction

from tasklog.drain.inline import store_records
from tasklog.models import TaskLogLine, TaskRun
from tasklog.spool.record import encode_event


def texts(task_id="t1"):
    return list(TaskLogLine.objects.of(task_id).values_list("message", flat=True))


@pytest.mark.django_db
def test_lines_of_no_attempt_are_readable_at_once(spell):
    assert store_records([spell("t1", "", 1, "a"), spell("t1", "", 2, "b")]) == 0
    assert texts() == ["a", "b"]
    assert TaskRun.objects.get().line_count == 2


@pytest.mark.django_db
def test_a_refused_record_breaks_neither_the_transaction_nor_its_neighbours(spell):
    refused = [
        spell("t1", "no uuid", 2, "bad attempt"),
        spell("t1", "", 2**70, "number too large"),
        b"not a record\n",
        encode_event("S", {"at": 1}),
    ]
    with transaction.atomic():
        assert store_records([spell("t1", "", 1, "a"), *refused, spell("t1", "", 3, "b")]) == 4
        assert connection.is_usable()
    assert texts() == ["a", "b"]


@pytest.mark.django_db(transaction=True)
def test_rows_vanish_with_the_callers_transaction(spell):
    with transaction.atomic():
        store_records([spell("t1", uuid.uuid4().hex, 1, "a")])
        assert texts() == ["a"]
        transaction.set_rollback(True)
    assert texts() == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("a\0b", "a␀b"),
        ("lone \ud800 surrogate", "lone \\ud800 surrogate"),
        ("tab\tcr\rbackslash\\N \\.", "tab\tcr\rbackslash\\N \\."),
        ("\u2028 \x85 \x1b[31m \x7f", "\u2028 \x85 \x1b[31m \x7f"),
        ("𝄞 e\u0301 \u202e", "𝄞 e\u0301 \u202e"),
        ("\\.", "\\."),
        ("", ""),
        ("%s %d {} ' \" ; --", "%s %d {} ' \" ; --"),
    ],
)
def test_any_text_is_stored_and_found_again(spell, written, kept):
    assert store_records([spell("t1", "", 1, written), spell("t1", "", 2, "neighbour")]) == 0
    assert texts() == [kept, "neighbour"]
    assert TaskLogLine.objects.filter(message__endswith=kept[-3:]).exists()


@pytest.mark.django_db
def test_names_longer_than_their_columns_are_cut(spell):
    store_records([spell("x" * 400, "", 1, "a", logger="l" * 400, level=99_999)])
    line = TaskLogLine.objects.get()
    assert (len(line.task_id), len(line.logger), line.level) == (255, 255, 32_767)
    data = {"task_id": "t1", "attempt": uuid.uuid4().hex, "at": 1, "name": "n\0" * 300}
    assert store_records([encode_event("S", {**data, "args": "\0", "kwargs": "\ud800"})]) == 0
    run = TaskRun.objects.get(pk="t1")
    assert (len(run.name), run.args, run.kwargs) == (255, "␀", "\\ud800")
