from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tasklog.search import rows, trigram
from tasklog.search.find import find
from tasklog.search.query import parse

on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite only")


def tell(*options):
    out = StringIO()
    call_command("tasklog_index", *options, stdout=out)
    return out.getvalue()


@on_sqlite
@pytest.mark.django_db
def test_sqlite_says_why_it_has_no_such_index():
    with pytest.raises(CommandError, match=r"for PostgreSQL.*24 times"):
        tell("--create")


@pytest.fixture
def index(transactional_db):
    """CREATE INDEX CONCURRENTLY wants no transaction around it."""
    yield
    trigram.drop()


@on_postgresql
def test_the_index_is_made_used_and_dropped(index, say, monkeypatch):
    monkeypatch.setattr(rows, "FIRST", 1)  # or the newest lines would be all there are
    say("a", "one needle 100%", "nothing here")
    assert "no trigram index" in tell()
    assert "in use" in tell("--create")
    assert "in use" in tell("--create")
    found = find(parse('NEEDLE "100%"'), None)
    assert (found.count, found.looked_at) == (1, None)
    say("b", *["a needle"] * 250, minutes=1)
    assert [group.count for group in find(parse("needle"), None).groups] == [10, 1]
    assert "no trigram index" in tell("--drop")
    assert find(parse("needle"), None).looked_at == 252
