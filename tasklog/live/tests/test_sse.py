import asyncio
import re

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from tasklog.live import sse


def parse(wire):
    """The events of a stream, as the WHATWG standard reads them."""
    events, event = [], {"data": []}
    for line in re.split("\r\n|\r|\n", wire.decode()):
        if not line:
            if event["data"]:
                events.append({**event, "data": "\n".join(event["data"])})
            event = {"data": []}
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        event.setdefault(name, value)
        if name == "data":
            event["data"].append(value)
    return events


@given(st.text(alphabet=st.sampled_from("a:\r\n\0 \u2028idevnt") | st.characters(codec="utf-8")))
def test_text_of_any_kind_is_exactly_one_event(text):
    (event,) = parse(sse.frame("lines", text, 7))
    said = text.replace("\r\n", "\n").replace("\r", "\n")
    assert event == {"event": "lines", "id": "7", "data": said}


def test_a_carriage_return_forges_nothing():
    wire = sse.frame("lines", "x\revent: forged\rid: 999999\r\rdata: more", 1)
    assert [(e["event"], e["id"]) for e in parse(wire)] == [("lines", "1")]


@pytest.mark.parametrize(
    ("query", "header", "expected"),
    [("", "", 0), ("5", "", 5), ("5", "9", 9), ("9", "5", 9), ("-1", "x", 0), ("9" * 40, "", 0)],
)
def test_a_stream_resumes_from_the_larger_number(query, header, expected):
    request = RequestFactory().get("/", {"after": query}, headers={"last-event-id": header})
    assert sse.resume_from(request) == expected


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"origin": "http://testserver"}, True),
        ({"origin": "http://elsewhere.example"}, False),
        ({"origin": "null"}, False),
    ],
)
def test_only_pages_of_this_site_and_programs_open_streams(headers, allowed):
    refused = sse.refusal(RequestFactory().get("/", headers=headers), "ada")
    assert (refused is None) == allowed
    assert refused is None or refused.status_code == 403


async def endless():
    while True:
        yield b"x"
        await asyncio.sleep(0)


async def read(stream, count):
    return [await anext(stream) for _ in range(count)]


def test_a_slot_is_given_back_by_who_leaves_and_never_taken_by_who_did_not_start():
    async def scene():
        started = sse.EventStream(
            RequestFactory().get("/"), sse.serve(endless(), "ada", lambda: True)
        )
        aborted = sse.EventStream(
            RequestFactory().get("/"), sse.serve(endless(), "ada", lambda: True)
        )
        await read(aiter(started), 3)
        during = sse.slots.open["ada"]
        await aiter(started).aclose()
        await aiter(aborted).aclose()
        return during, sse.slots.open["ada"]

    assert asyncio.run(scene()) == (1, 0)


def test_one_stream_too_many_is_refused(monkeypatch):
    monkeypatch.setattr(sse, "STREAMS_PER_USER", 1)
    with sse.slots.taken("ada"):
        refused = sse.refusal(RequestFactory().get("/"), "ada")
        other = sse.refusal(RequestFactory().get("/"), "bob")
    assert (refused.status_code, other) == (429, None)


def test_who_loses_the_right_loses_the_stream(monkeypatch):
    monkeypatch.setattr(sse, "RECHECK_SECONDS", 0)

    async def scene():
        return [part async for part in sse.serve(endless(), "ada", lambda: False)]

    assert [part[:6] for part in asyncio.run(scene())] == [b"retry:"]


def test_nobody_stores_or_buffers_a_stream():
    response = sse.EventStream(RequestFactory().get("/"), endless())
    assert (response["Cache-Control"], response["X-Accel-Buffering"]) == ("no-store", "no")
