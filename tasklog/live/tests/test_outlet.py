"""The outlet before a small ASGI application; before Django: tasklog/api/tests/test_stream.py."""

import asyncio

import pytest

from tasklog.live import outlet
from tasklog.live.outlet import Outlet, takes_over

START = {"type": "http.response.start", "status": 200, "headers": []}


class Request:
    """One request to an outlet: what it was sent, and a way to go."""

    def __init__(self, path="/runs/t/stream/"):
        self.scope = {"type": "http", "path": path}
        self.sent = []
        self.asked = False
        self.left = asyncio.Event()

    async def receive(self):
        if not self.asked:
            self.asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        self.sent.append(message)

    @property
    def body(self):
        return b"".join(message.get("body", b"") for message in self.sent)


def answering(frames):
    """An application that answers as Django does: it listens, starts, and lets go."""

    async def app(scope, receive, send):
        await receive()
        listening = asyncio.create_task(receive())
        await asyncio.sleep(0)
        await send(START)
        assert takes_over(scope, frames())
        listening.cancel()
        await send({"type": "http.response.body"})

    return app


async def three():
    for number in b"123":
        yield bytes([number])


def test_what_is_handed_over_is_sent_when_the_application_is_done():
    async def scene():
        request = Request()
        await Outlet(answering(three))(request.scope, request.receive, request.send)
        return request

    request = asyncio.run(scene())
    assert (request.sent[0], request.body) == (START, b"123")
    assert [message.get("more_body") for message in request.sent[1:]] == [True, True, True, None]


def test_a_reader_that_goes_ends_its_frames():
    ended = []

    async def endless():
        try:
            while True:
                yield b"x"
                await asyncio.sleep(0.01)
        finally:
            ended.append(True)

    async def scene():
        request = Request()
        app = Outlet(answering(endless))
        serving = asyncio.create_task(app(request.scope, request.receive, request.send))
        while not request.body:
            await asyncio.sleep(0.01)
        request.left.set()
        async with asyncio.timeout(5):
            await serving

    asyncio.run(scene())
    assert ended == [True]


def test_a_cancelled_request_stays_cancelled():
    async def silent():
        await asyncio.sleep(60)
        yield b"never"

    async def scene():
        request = Request()
        app = Outlet(answering(silent))
        serving = asyncio.create_task(app(request.scope, request.receive, request.send))
        await asyncio.sleep(0.05)
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving

    asyncio.run(scene())


@pytest.mark.parametrize("path", ["/runs/t/stream/", "/runs/t/"])
def test_other_answers_pass_unchanged(path):
    async def app(scope, receive, send):
        await receive()
        await send(START)
        await send({"type": "http.response.body", "body": b"page"})

    async def scene():
        request = Request(path)
        await Outlet(app)(request.scope, request.receive, request.send)
        return request

    assert asyncio.run(scene()).sent == [START, {"type": "http.response.body", "body": b"page"}]


def test_a_storm_is_let_in_a_few_at_a_time_and_an_open_stream_keeps_nobody_out():
    inside, most = 0, 0

    async def app(scope, receive, send):
        async def received():
            nonlocal inside, most
            message = await receive()
            if message["type"] == "http.request":
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0.001)
                inside -= 1
            return message

        await answering(lasting)(scope, received, send)

    async def lasting():
        yield b"x"
        await asyncio.sleep(60)

    async def scene():
        door = Outlet(app)
        requests = [Request() for _ in range(outlet.AT_A_TIME * 4)]
        serving = [asyncio.create_task(door(r.scope, r.receive, r.send)) for r in requests]
        async with asyncio.timeout(10):
            while not all(request.body for request in requests):
                await asyncio.sleep(0.01)
        for request in requests:
            request.left.set()
        await asyncio.gather(*serving)

    asyncio.run(scene())
    assert most == outlet.AT_A_TIME


def test_a_request_that_never_comes_whole_keeps_nobody_out():
    class Trickling(Request):
        async def receive(self):
            await self.left.wait()
            return {"type": "http.disconnect"}

    async def app(scope, receive, send):
        if (await receive())["type"] == "http.request":
            await send(START)
            await send({"type": "http.response.body", "body": b"page"})

    async def scene():
        door, last = Outlet(app), Request()
        slow = [Trickling() for _ in range(outlet.AT_A_TIME * 2)]
        waiting = [asyncio.create_task(door(r.scope, r.receive, r.send)) for r in slow]
        await asyncio.sleep(0.01)
        async with asyncio.timeout(5):
            await door(last.scope, last.receive, last.send)
        for request in slow:
            request.left.set()
        await asyncio.gather(*waiting)
        return last.body

    assert asyncio.run(scene()) == b"page"
