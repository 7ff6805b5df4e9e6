import asyncio

import redis

from tasklog.live.hub import shutdown
from tasklog.live.replay import Channel
from tasklog.live.topics import client_url


def topics(broker_url):
    return redis.Redis.from_url(client_url(broker_url)).pubsub_channels("tasklog:*")


def channels(viewer):
    return [step.live for step in viewer.steps if isinstance(step, Channel)]


def test_many_viewers_share_one_topic_which_ends_with_the_last(
    viewer, run, redis_only, broker_url, current_hub
):
    async def scene():
        async with viewer("t"), viewer("t"):
            together = topics(broker_url), current_hub().watches["t"].viewers
        await asyncio.sleep(0.2)
        return together, current_hub().watches

    (open_topics, viewers), left = asyncio.run(scene())
    assert (len(open_topics), viewers, left) == (1, 2, {})


def test_without_redis_the_viewer_is_told_that_it_polls(viewer, run, settings):
    settings.CELERY_TASKLOG_REDIS_URL = ""

    async def scene():
        async with viewer("t") as seen:
            return seen.steps[0]

    assert asyncio.run(scene()) == Channel(live=False)


def test_a_redis_that_is_away_costs_no_line(viewer, drain, settings):
    settings.CELERY_TASKLOG_REDIS_URL = "unix:///nowhere/at.sock"

    async def scene():
        async with viewer("t") as seen:
            await drain(10)
            await seen.numbered(10)
        return seen.numbers

    assert asyncio.run(scene()) == list(range(1, 11))


def test_a_lost_connection_is_made_again_without_a_gap(viewer, drain, redis_only, broker_url):
    admin = redis.Redis.from_url(client_url(broker_url))

    async def scene():
        async with viewer("t") as seen:
            await drain(10)
            await seen.numbered(10)
            admin.client_kill_filter(_type="pubsub")
            await drain(20)
            await seen.numbered(20)
            await seen.until(lambda: len(channels(seen)) == 3)
            await drain(30)
            await seen.numbered(30)
        return seen.numbers, channels(seen)

    numbers, live = asyncio.run(scene())
    assert numbers == list(range(1, 31))
    assert live == [True, False, True]


def test_all_streams_end_when_the_process_is_told_to_stop(viewer, run, channel):
    async def scene():
        async with viewer("t") as seen:
            shutdown()
            async with asyncio.timeout(2):
                await asyncio.gather(seen.reading)
        return seen.ended

    assert asyncio.run(scene()) is False


def test_a_stream_that_opens_while_the_process_stops_ends_as_well(
    viewer, run, channel, current_hub
):
    async def scene():
        current_hub().close()
        async with viewer("t") as seen, asyncio.timeout(5):
            await asyncio.gather(seen.reading)
        return seen.ended

    assert asyncio.run(scene()) is False
