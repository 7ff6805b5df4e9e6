"""The answer to the find box, and windows around a line."""

import pytest

from tasklog.models import TaskLogLine

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(make_run):
    """Twenty lines; 5 and 15 are errors, of a logger each."""
    run = make_run("r", line_count=20)
    TaskLogLine.objects.bulk_create(
        TaskLogLine(
            task=run, number=n, stream="log", level=40 if n % 10 == 5 else 20,
            logger=f"shop.l{n}", message=f"line {n}",
        )
        for n in range(1, 21)
    )  # fmt: skip
    return run


@pytest.fixture
def find(browser_of_ada, run):
    return lambda query: browser_of_ada.get(f"/runs/r/find/?{query}").json()


def test_the_next_match_comes_with_its_place_among_all(find):
    answer = find("find=LINE+1&from=1")
    assert (answer["number"], answer["ordinal"], answer["total"]) == (10, 2, 11)
    assert answer["numbers"] == [1, *range(10, 20)]
    assert (answer["exact"], answer["wrapped"]) == (True, False)


def test_the_previous_match_goes_round(find):
    answer = find("find=line+1&from=1&dir=previous")
    assert (answer["number"], answer["wrapped"]) == (19, True)


def test_only_lines_of_the_view_are_matches(find):
    assert find("find=line&level=error")["numbers"] == [5, 15]
    assert find("level=error&logger=shop.l15")["numbers"] == [15]


def test_a_match_alone_is_asked_for_without_the_count(find):
    answer = find("find=line&from=7&counted=1")
    assert (answer["number"], answer["total"], answer["exact"]) == (8, 0, False)


@pytest.mark.parametrize("query", ["", "find=x%00", "find=line&from=-3", f"from={'9' * 5000}"])
def test_an_address_that_makes_no_sense_is_answered(find, query):
    assert "number" in find(query)


def test_another_persons_run_is_not_found(browser_of_ada, run, settings):
    settings.CELERY_TASKLOG_VISIBILITY = lambda user, runs: runs.none()
    assert browser_of_ada.get("/runs/r/find/?find=line").status_code == 404


def test_a_window_around_a_line_keeps_the_filters_and_one_in_context_does_not(browser_of_ada, run):
    def shown(query):
        page = browser_of_ada.get(f"/runs/r/lines/?{query}").content.decode()
        return page.count('class="no"')

    assert shown("level=error&at=15") == 2
    assert shown("level=error&line=15") == 20
