import asyncio

from tasklog.archive.only import Only
from tasklog.live import publish, stored
from tasklog.live.replay import Leap, Lines, Moved, Quiet, Unknown


def upto(last, first=1):
    return list(range(first, last + 1))


def test_the_stored_lines_come_first_and_then_the_new_ones(viewer, drain, channel):
    async def scene():
        await drain(1500)
        async with viewer("t") as seen:
            await seen.numbered(1500)
            await drain(1510)
            await drain(1520)
            await seen.numbered(1520)
        return seen.numbers

    assert asyncio.run(scene()) == upto(1520)


def test_a_viewer_resumes_after_the_number_it_has(viewer, drain, channel):
    async def scene():
        await drain(30)
        async with viewer("t", 25) as seen:
            await drain(35)
            await seen.numbered(35)
        return seen.numbers

    assert asyncio.run(scene()) == upto(35, first=26)


def test_lines_stored_while_the_viewer_arrives_are_neither_lost_nor_doubled(viewer, drain, channel):
    async def scene():
        async def write():
            for last in range(5, 400, 5):
                await drain(last)

        writing = asyncio.create_task(write())
        async with viewer("t") as first, viewer("t") as second:
            await writing
            await first.numbered(395)
            await second.numbered(395)
        return first.numbers, second.numbers

    assert asyncio.run(scene()) == (upto(395), upto(395))


def test_a_finished_run_is_given_whole_and_then_the_end(viewer, drain, end, channel):
    async def scene():
        await drain(2500)
        await end()
        async with viewer("t") as seen:
            await seen.until(lambda: seen.ended)
        return seen

    seen = asyncio.run(scene())
    assert seen.numbers == upto(2500)
    assert seen.steps[-1].data["state"] == "SUCCESS"


def test_the_end_comes_after_the_last_line(viewer, drain, end, channel):
    async def scene():
        async with viewer("t") as seen:
            await drain(10)
            await end()
            await seen.until(lambda: seen.ended)
        return seen.numbers

    assert asyncio.run(scene()) == upto(10)


def test_lost_messages_are_read_from_the_database(viewer, drain, end, redis_only):
    async def scene():
        async with viewer("t") as seen:
            await drain(10)
            await drain(20, publishing=False)
            await drain(30)
            await seen.numbered(30)
            await drain(40, publishing=False)
            await end()
            await seen.until(lambda: seen.ended)
        return seen.numbers

    assert asyncio.run(scene()) == upto(40)


def test_a_message_twice_is_shown_once(viewer, drain, redis_only):
    async def scene():
        async with viewer("t") as seen:
            new = await drain(10)
            await stored.read(publish.publish_lines, "t", new)
            await drain(11)
            await seen.numbered(11)
        return seen.numbers

    assert asyncio.run(scene()) == upto(11)


def test_lines_of_the_ring_that_are_gone_are_read_from_the_database(
    viewer, drain, redis_only, monkeypatch
):
    monkeypatch.setattr("tasklog.live.ring.RING_LINES", 10)

    async def scene():
        async with viewer("t") as seen:
            for last in range(8, 400, 8):
                await drain(last)
            await seen.numbered(392)
        return seen.numbers

    assert asyncio.run(scene()) == upto(392)


def test_a_viewer_far_behind_leaps_to_the_newest_lines(viewer, drain, channel):
    async def scene():
        await drain(5000)
        async with viewer("t", 100, leap=Leap()) as seen:
            await seen.numbered(5000)
        return seen

    seen = asyncio.run(scene())
    assert (seen.skipped[0].first, seen.skipped[0].last) == (101, 4500)
    assert seen.numbers == upto(5000, first=4501)


def test_a_viewer_of_some_lines_leaps_as_well(viewer, drain, channel):
    async def scene(words):
        await drain(5000)
        async with viewer("t", 100, only=Only(q=words), leap=Leap(keep=200)) as seen:
            await seen.numbered(4999)
        return seen

    flooded = asyncio.run(scene("9"))
    last = [n for n in upto(4999) if "9" in str(n)][-200:]
    assert flooded.numbers == last
    assert (flooded.skipped[0].first, flooded.skipped[0].last) == (101, last[0] - 1)
    calm = asyncio.run(scene("999"))
    assert (calm.numbers, calm.skipped) == ([999, 1999, 2999, 3999, 4999], [])


def test_a_viewer_may_want_only_some_lines(viewer, drain, channel):
    async def scene():
        await drain(20)
        async with viewer("t", only=Only(q="LINE 2")) as seen:
            await seen.numbered(20)
            await drain(30)
            await seen.numbered(29)
        return seen.numbers

    assert asyncio.run(scene()) == [2, *range(20, 30)]


def test_numbers_that_were_dropped_on_purpose_hold_nothing_up(viewer, drain, run, channel):
    async def scene():
        async with viewer("t") as seen:
            await drain(5)
            await seen.numbered(5)
            run.line_count = 100
            await stored.read(run.save)
            await drain(101)
            await seen.numbered(101)
        return seen.numbers

    assert asyncio.run(scene()) == [1, 2, 3, 4, 5, 101]


def test_an_unknown_run_is_said_to_be_unknown(viewer, transactional_db, channel):
    async def scene():
        async with viewer("nobody") as seen:
            await seen.until(lambda: False)
        return seen.steps[-1]

    assert asyncio.run(scene()) == Unknown()


def test_progress_is_told(viewer, run, channel):
    def move():
        run.progress = 40
        run.save()
        publish.publish_event("t", "progress", {"progress": 40, "message": ""})

    async def scene():
        async with viewer("t") as seen:
            await asyncio.sleep(0.1)
            await stored.read(move)
            await seen.until(lambda: isinstance(seen.steps[-1], Moved))
        return seen.steps[-1].data["progress"]

    assert asyncio.run(scene()) == 40


def test_a_viewer_whose_filter_lets_nothing_through_gets_signs_of_life(
    viewer, drain, redis_only, monkeypatch
):
    monkeypatch.setattr("tasklog.live.watch.KEEPALIVE_SECONDS", 0.2)

    async def scene():
        async with viewer("t", only=Only(q="nothing like it")) as seen:
            for last in range(5, 200, 5):
                await drain(last)
            await seen.until(lambda: sum(isinstance(step, Quiet) for step in seen.steps) > 1)
        return seen.numbers

    assert asyncio.run(scene()) == []


def test_viewers_share_what_is_made_of_lines_that_come_close_together(viewer, drain, redis_only):
    async def scene():
        async with viewer("t") as first, viewer("t") as second:
            await drain(1)
            await first.numbered(1)
            for last in range(2, 40):
                await drain(last)
            await first.numbered(39)
            await second.numbered(39)
        return [
            {id(batch) for step in one.steps if isinstance(step, Lines) for batch in step.batches}
            for one in (first, second)
        ]

    # One that falls behind on a busy machine reads for itself for a moment; sharing is the rule.
    first, second = asyncio.run(scene())
    assert first & second


def test_a_run_that_is_deleted_is_said_to_be_unknown(viewer, drain, run, redis_only):
    async def scene():
        async with viewer("t") as seen:
            await drain(5)
            await seen.numbered(5)
            await stored.read(run.delete)
            await stored.read(publish.publish_event, "t", "end", {"state": "SUCCESS"})
            await seen.until(lambda: False)
        return seen.steps[-1]

    assert asyncio.run(scene()) == Unknown()
