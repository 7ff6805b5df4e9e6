import pytest

from tasklog.durations import LAST, bucket_of, edge_of, quantile


@pytest.mark.parametrize("seconds", [0.0011, 0.01, 0.25, 1, 9.99, 10, 10.01, 3600, 86_400])
def test_a_duration_lies_in_its_bucket(seconds: float) -> None:
    bucket = bucket_of(seconds)
    assert edge_of(bucket - 1) < seconds <= edge_of(bucket) * (1 + 1e-9)


def test_nothing_is_too_short_or_too_long() -> None:
    assert bucket_of(0) == bucket_of(-3) == 0
    assert bucket_of(1e12) == LAST


def test_a_quantile_is_right_to_a_tenth() -> None:
    buckets: dict[int, int] = {}
    for took in range(1, 1001):
        buckets[bucket_of(took / 10)] = buckets.get(bucket_of(took / 10), 0) + 1
    assert quantile(buckets, 0.5) == pytest.approx(50, rel=0.11)
    assert quantile(buckets, 0.95) == pytest.approx(95, rel=0.11)


def test_no_durations_have_no_middle() -> None:
    assert quantile({}, 0.5) is None
