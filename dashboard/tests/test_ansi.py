import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import ansi
from dashboard.lines import text_of

ESC = "\x1b"
PIECES = st.sampled_from(
    [ESC, "[", "]", "m", ";", "1", "31", "38;5;", "38;2;1;2;3", "\x07", "\\", "<b>", "&", '"', "a"]
)
HOSTILE = st.lists(PIECES | st.text(max_size=3), max_size=40).map("".join)


@given(HOSTILE)
def test_no_tag_but_span_and_no_attribute_but_class_ever_comes_out(text):
    html = ansi.to_html(text)
    tags = re.findall(r"<[^>]*>", html)
    assert all(re.fullmatch(r'<span class="[a-z0-9 ]+">|</span>', tag) for tag in tags)
    assert "<" not in re.sub(r"</?span[^>]*>", "", html)
    assert html.count("<span") == html.count("</span>")


@given(HOSTILE)
def test_links_add_only_web_addresses_that_cannot_break_out(text):
    html = text_of("", f"{text} https://example.org/{text}")
    for tag in re.findall(r"<a[^>]*>", html):
        found = re.fullmatch(
            r'<a href="https?://[^"<>]*" rel="noopener noreferrer nofollow" target="_blank">', tag
        )
        assert found


@given(st.text())
def test_text_without_escapes_is_only_escaped(text):
    visible = re.sub("[\x00-\x08\x0b-\x1f\x7f]", "", text.replace("\n", ""))
    assert "<" not in ansi.to_html(visible)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (f"{ESC}[31mred{ESC}[0m plain", '<span class="f1">red</span> plain'),
        (f"{ESC}[1;32mok{ESC}[22m!", '<span class="f2 bold">ok</span><span class="f2">!</span>'),
        (f"{ESC}[38;5;196mx", '<span class="f9">x</span>'),
        (f"{ESC}[38;2;0;0;200mx", '<span class="f12">x</span>'),
        (f"{ESC}[44mx{ESC}[49my", '<span class="b4">x</span>y'),
        (f"a{ESC}[2Kb{ESC}]0;title\x07c{ESC}]8;;http://x{ESC}\\d", "abcd"),
        (f"unfinished{ESC}[31", "unfinished"),
        ("a\tb\x00c\x7f", "a\tb␀c␡"),
        ("<script>", "&lt;script&gt;"),
    ],
)
def test_sequences_become_classes_or_nothing(text, html):
    assert ansi.to_html(text) == html


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("see http://a.example/x.", "http://a.example/x"),
        ("(https://a.example/x)", "https://a.example/x"),
        ("https://a.example/?a=1&b=2,", "https://a.example/?a=1&amp;b=2"),
        ('"https://a.example/"', "https://a.example/"),
    ],
)
def test_web_addresses_become_links(text, url):
    assert f'<a href="{url}" rel=' in text_of("", text)


@pytest.mark.parametrize("text", ["javascript:alert(1)", "ftp://x", "data:text/html,x", "http:/x"])
def test_other_addresses_stay_text(text):
    assert "<a" not in text_of("", text)


@pytest.mark.parametrize(
    "unit", [f"{ESC}[31mx", f"{ESC}[", f"{ESC}]", ESC, f"{ESC}[1;", f"{ESC}[38;5;", "http://", "<"]
)
def test_a_hostile_line_is_drawn_in_linear_time(unit):
    def seconds(size):
        text = unit * (size // len(unit))
        best = []
        for _ in range(3):
            start = time.process_time()
            text_of("", text)
            best.append(time.process_time() - start)
        return min(best)

    # Eight times the text in about eight times the time; a quadratic scan would need 64.
    assert seconds(512 * 1024) < 30 * max(seconds(64 * 1024), 0.002)
