from __future__ import annotations

import stat
from pathlib import Path

import pytest

from project.environment import Environment, WrongValue, local_secret_key


@pytest.mark.parametrize(
    ("value", "flag"), [("true", True), ("1", True), ("ON", True), ("no", False), ("", False)]
)
def test_a_flag_understands_the_usual_words(value: str, flag: bool) -> None:
    assert Environment({"DEBUG": value}).flag("DEBUG", True) is flag


def test_a_missing_value_takes_the_default() -> None:
    env = Environment({})
    assert env.number("PORT", 8000) == 8000
    assert env.words("ALLOWED_HOSTS", ["a", "b"]) == ["a", "b"]
    assert env.optional_number("LIMIT") is None
    assert set(env.names) == {"PORT", "ALLOWED_HOSTS", "LIMIT"}


@pytest.mark.parametrize("value", ["ten", "-1", "1.5", "70000", "٣", "1e3", "9" * 30])
def test_a_number_out_of_range_is_named_with_what_is_allowed(value: str) -> None:
    with pytest.raises(WrongValue, match=r"PORT is .* a whole number from 0 to 65535"):
        Environment({"PORT": value}).number("PORT", 1, most=65535)


def test_a_value_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("s3cret\n")
    env = Environment({"SECRET_KEY_FILE": str(secret), "SECRET_KEY": "less"})
    assert env.text("SECRET_KEY") == "s3cret"


def test_a_url_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(WrongValue, match=r"REDIS_URL .* redis://, unix://"):
        Environment({"REDIS_URL": "http://x"}).url("REDIS_URL", schemes=("redis", "unix"))


def test_a_database_url_keeps_its_options(tmp_path: Path) -> None:
    url = "postgres://user:p%40ss@db:6543/logs?sslmode=require"
    found = Environment({"DATABASE_URL": url}).database("DATABASE_URL", tmp_path)
    assert found["ENGINE"] == "django.db.backends.postgresql"
    assert (found["PASSWORD"], found["PORT"], found["NAME"]) == ("p@ss", 6543, "logs")
    assert found["OPTIONS"] == {"sslmode": "require"}


def test_a_broken_database_url_is_refused_without_showing_its_password(tmp_path: Path) -> None:
    env = Environment({"DATABASE_URL": "postgres://user:hidden@db:port/x"})
    with pytest.raises(WrongValue) as error:
        env.database("DATABASE_URL", tmp_path)
    assert "hidden" not in str(error.value)


def test_the_local_key_is_made_once_and_private(tmp_path: Path) -> None:
    key = local_secret_key(tmp_path / "var")
    assert len(key) >= 50
    assert local_secret_key(tmp_path / "var") == key
    assert stat.S_IMODE((tmp_path / "var/secret_key").stat().st_mode) == 0o600
    assert len(list((tmp_path / "var").iterdir())) == 1, "no draft is left"


def test_where_no_key_can_be_kept_its_name_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WrongValue, match="SECRET_KEY is missing"):
        local_secret_key(tmp_path / "file" / "var")
