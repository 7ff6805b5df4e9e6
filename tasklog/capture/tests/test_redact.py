import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasklog.capture import redact, scan, shorten
from tasklog.conf import conf

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJkZW1vIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("password=hunter2 next", "password=[masked] next"),
        ("DB_PASSWORD: hunter2", "DB_PASSWORD: [masked]"),
        ('{"api_key": "abc", "n": 1}', '{"api_key": "[masked]", "n": 1}'),
        ("{'token': 'a\\'b', 'n': 1}", "{'token': '[masked]', 'n': 1}"),
        ('{\\"secret\\": \\"abc\\"}', '{\\"secret\\": \\"[masked]\\"}'),
        ("Authorization: Bearer abc.def", "Authorization: Bearer [masked]"),
        ("-H 'Authorization: Basic dXNlcjpwdw==' x", "-H 'Authorization: Basic [masked]' x"),
        ("Cookie: a=1; sessionid=2", "Cookie: [masked]"),
        ("sent bearer abcdefgh1234", "sent bearer [masked]"),
        (f"got {JWT}.", "got [masked]."),
        ("AKIAABCDEFGHIJKLMNOP used", "[masked] used"),
        ("postgres://shop:hun:ter2@db:5432/x", "postgres://shop:[masked]@db:5432/x"),
        ("redis://:pw@host/0", "redis://:[masked]@host/0"),
        ("card 4111 1111 1111 1111 ok", "card [masked] ok"),
        ("card4111111111111111a", "card[masked]a"),
        ("12 4111-1111-1111-1111", "12 [masked]"),
        ("amex 3782 822463 10005", "amex [masked]"),
        ("of 18552371-2804-47d9-a33a-768e57fa7515: 4111111111111111",
         "of 18552371-2804-47d9-a33a-768e57fa7515: [masked]"),
        ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI", "AWS_SECRET_ACCESS_KEY=[masked]"),
        ("accessToken=abc&x=1", "accessToken=[masked]&x=1"),
        ("İ password=hunter2", "İ password=[masked]"),
        ("-----BEGIN PRIVATE KEY-----\\nMII\\n-----END PRIVATE KEY-----",
         "-----BEGIN PRIVATE KEY-----[masked]-----END PRIVATE KEY-----"),
    ],
)  # fmt: skip
def test_secrets_are_masked(text, masked):
    assert redact.mask(text) == masked
    assert redact.mask(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "batch 361/580  ok  50 orders  12.4 ms/order",
        "2026-11-21 07:42:50,123 order 1234567890123456 shipped",
        "max_tokens=512, keyboard: qwertz, the basic training went well",
        "https://example.org/a:b@c and https://user@example.org/",
        "passed 12 tests, primary key: 7",
        "4111 1111 1111 1112",
        "stamp 1000 1795664005.100774",
        "row 180 1795664951 of 5000",
        "run 18552371-2804-47d9-a33a-768e57fa7515 and e0841573-1370-46c6-b5b0-5c2e7c14d6e4",
        "image sha256:c4111111111111111a7f0c4111111111111111a7f0c4111111111111111a7f00",
    ],
)
def test_what_is_no_secret_stays(text):
    assert redact.mask(text) == text


@given(st.text())
def test_masking_twice_is_masking_once_and_never_fails(text):
    once = redact.mask(f"password={text}")
    assert isinstance(redact.mask(once), str)


def test_a_private_key_of_many_lines_is_hidden_to_its_end():
    mask = redact.Masker()
    lines = [
        "-----BEGIN RSA PRIVATE KEY-----",
        "MIIE",
        "abcd",
        "-----END RSA PRIVATE KEY-----",
        "x",
    ]
    assert [mask("o", line) for line in lines] == [
        lines[0], "[masked]", "[masked]", lines[3], "x"
    ]  # fmt: skip
    assert mask("e", "free") == "free"


def test_every_key_of_a_text_is_hidden_and_what_follows_on_a_line_is_looked_at():
    key = "-----BEGIN PRIVATE KEY-----MII-----END PRIVATE KEY-----"
    hidden = key.replace("MII", "[masked]")
    assert redact.mask(f"{key} and {key}") == f"{hidden} and {hidden}"
    mask = redact.Masker()
    begin, end = "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"
    lines = [begin, "MII", f"{end} password=hunter2 {begin}", "MII", end, "free"]
    masked = [begin, "[masked]", f"{end} password=[masked] {begin}", "[masked]", end, "free"]
    assert [mask("o", line) for line in lines] == masked


@pytest.mark.parametrize("at", range(1, 40))
def test_a_text_is_masked_before_it_is_cut(at):
    secret = "postgres://shop:hunter2hunter2@db/x"
    value = "." * (4000 - at) + secret
    assert "hunt" not in shorten.as_json([value])
    assert "hunt" not in redact.mask_cut(value, 4000)
    long = "x" * 10 + f" password={'sesame' * 3}\n" + "y" * (shorten.MAX_TRACEBACK - at)
    assert "sesame" not in shorten.traceback(long)


def test_own_patterns_are_masked_with_re2(settings):
    settings.CELERY_TASKLOG_MASK = [r"order [0-9]+"]
    assert redact.Masker()("o", "order 17 is mine") == "[masked] is mine"
    settings.CELERY_TASKLOG_MASK = ["("]
    assert "is no RE2 pattern" in redact.problem()
    assert conf().mask == ("(",)


def test_arguments_are_masked_by_name_and_shortened():
    value = {"user": "ada", "password": "x", "deep": [{"api_key": 1}], "note": "token=abc"}
    assert shorten.as_json(value) == (
        '{"user": "ada", "password": "[masked]", "deep": [{"api_key": "[masked]"}],'
        ' "note": "token=[masked]"}'
    )
    assert len(shorten.as_json(["x" * 10_000])) < 2_100
    nested = []
    nested.append(nested)
    assert shorten.as_json(nested).count("[") == 20


def test_a_broken_repr_is_said():
    class Broken:
        def __repr__(self):
            raise RuntimeError

    assert "failed with RuntimeError" in shorten.as_json([Broken()])


@pytest.mark.parametrize(
    "piece",
    ["eyJ", "eyJ.", "password=", 'token="', "://a:", "1 ", "1-", "4111 ", "bearer ", "\\", "key ",
     "-----BEGIN ", "akia", "'", "authorization: bearer ", "session_id_", "://", "cookie:'",
     "4111111111111111 ", "ToKen='a' ", "token=eyJ.eyJ.a ", "\u0130token:"],
)  # fmt: skip
def test_hostile_lines_take_linear_time(piece):
    """Four times the text in about four times the time: a ratio, the machine may be slow."""

    def seconds(size):
        line = (piece * size)[:size]
        rounds = []
        for _ in range(4):
            started = time.thread_time()
            scan.mask(line)
            rounds.append(time.thread_time() - started)
        return min(rounds)

    assert seconds(1 << 18) < 8 * seconds(1 << 16) + 0.001


def test_patterns_that_cannot_be_used_hide_every_line(settings):
    settings.CELERY_TASKLOG_MASK = ["ORDER-[0-9"]
    assert redact.mask("ORDER-77131 is secret") == (
        "[masked] CELERY_TASKLOG_MASK cannot be used, see manage.py check"
    )
    assert "ORDER-[0-9" in redact.problem()
