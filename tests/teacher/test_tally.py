from __future__ import annotations

import pytest

from tutelage.teacher.tally import FailureCeiling, Tally


def counted(replies: int, failures: int) -> Tally:
    tally = Tally(replies=replies)
    for _ in range(failures):
        tally.failed("timeout: after 3 s")
    return tally


@pytest.mark.parametrize(
    ("ceiling", "replies", "failures", "passed"),
    [
        ("5%", 0, 19, False),
        ("5%", 19, 1, False),
        ("5%", 18, 2, True),
        ("5%", 95, 5, False),
        ("0%", 99, 1, True),
        (2, 0, 2, False),
        ("2", 100, 3, True),
        (0, 0, 1, True),
    ],
)
def test_the_ceiling(ceiling, replies, failures, passed):
    assert FailureCeiling.read(ceiling).passed(counted(replies, failures)) is passed


def test_a_small_purchase_of_failures_only_passes_it_at_its_end():
    ceiling = FailureCeiling.read("5%")
    assert ceiling.passed(counted(0, 3), last=True)
    assert not ceiling.passed(counted(1, 3), last=True)
    assert not ceiling.passed(counted(0, 0), last=True)


@pytest.mark.parametrize("text", ["many", "-1", "120%", "x%", ""])
def test_what_is_no_ceiling_is_refused(text):
    with pytest.raises(ValueError, match="max_failed needs a share"):
        FailureCeiling.read(text)


def test_the_error_shows_the_most_frequent_failures_as_they_came():
    tally = counted(10, 9)
    for k in range(5):
        tally.failed(f"http 400: bad row {k}")
    error = str(FailureCeiling.read("5%").error(tally))
    assert "14 of 24 requests failed; max_failed allows 0.05 of them." in error
    assert "  9 x timeout: after 3 s\n  5 x http 400: bad row 0" in error


def test_sums_and_projections():
    one = Tally(wanted=5, total=10, replies=4, hits=1, paid=400)
    two = Tally(wanted=1, total=None, replies=1, paid=100)
    assert one.projected() == 400 + 5 * 100
    both = one.total_of([two])
    assert (both.wanted, both.replies, both.paid, both.total) == (6, 5, 500, None)
    assert both.projected() is None
