from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from tutelage.evaluation.detectability import smallest_detectable, typical_discordance
from tutelage.evaluation.scales import Scale, scale_of
from tutelage.evaluation.significance import (
    compare,
    equivalence,
    holm,
    interval,
    mcnemar,
    together,
)
from tutelage.exceptions import UserError


def study(rng: np.random.Generator, seeds: int, rows: int, gain: float = 0.0) -> list[np.ndarray]:
    """Two arms: shared row difficulty, own row preferences, seed offsets, noise."""
    hard = rng.normal(size=rows)
    return [
        (
            0.9
            + shift
            + hard
            + 0.3 * rng.normal(size=rows)
            + 0.05 * rng.normal(size=(seeds, 1))
            + 0.6 * rng.normal(size=(seeds, rows))
            > 0
        ).astype(float)
        for shift in (gain, 0.0)
    ]


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_equal_arms_are_told_apart_in_at_most_seven_of_a_hundred_studies(seeds: int) -> None:
    rng = np.random.default_rng(seeds)
    found = [compare(*study(rng, seeds, 1000)).p < 0.05 for _ in range(400)]
    assert np.mean(found) <= 0.07


def test_rows_that_share_a_premise_cry_wolf_unless_they_are_grouped() -> None:
    rng = np.random.default_rng(4)
    groups = np.repeat(np.arange(120), 5)
    alone, grouped = [], []
    for _ in range(200):
        shared = 0.9 + rng.normal(size=600)
        a, b = (
            (
                shared
                + 0.6 * rng.normal(size=120)[groups]
                + 0.03 * rng.normal(size=(3, 1))
                + 0.6 * rng.normal(size=(3, 600))
                > 0
            ).astype(float)
            for _ in range(2)
        )
        alone.append(compare(a, b).p < 0.05)
        grouped.append(compare(a, b, groups=groups).p < 0.05)
    assert np.mean(grouped) <= 0.07 < np.mean(alone)


def test_a_true_gain_is_found() -> None:
    rng = np.random.default_rng(7)
    verdicts = [compare(*study(rng, 5, 1000, gain=0.35)).verdict for _ in range(100)]
    assert verdicts.count("gain") >= 95
    assert "loss" not in verdicts


@pytest.mark.parametrize(
    ("seeds", "rows", "least"), [(2, 200, 0.92), (5, 1000, 0.92), (1, 50, 0.9)]
)
def test_the_interval_covers_the_true_accuracy(seeds: int, rows: int, least: float) -> None:
    rng = np.random.default_rng(seeds)
    truth = stats.norm.cdf(0.9 / np.sqrt(1 + 0.09 + 0.0025 + 0.36))
    covered = 0
    for _ in range(300):
        found = interval(study(rng, seeds, rows)[0])
        covered += found.low <= truth <= found.high
    assert covered / 300 >= least


def test_one_seed_of_ungrouped_rows_is_the_textbook_wilson_interval() -> None:
    values = [1.0] * 30 + [0.0] * 10
    found = interval(values)
    n_eff = 40 - 1  # p(1-p) over the unbiased variance of the mean
    t = stats.t.ppf(0.975, 39)
    middle = (0.75 + t**2 / (2 * n_eff)) / (1 + t**2 / n_eff)
    half = t * np.sqrt(0.75 * 0.25 / n_eff + t**2 / (4 * n_eff**2)) / (1 + t**2 / n_eff)
    assert (found.low, found.high) == pytest.approx((middle - half, middle + half))
    assert found.covers == "test rows only (one seed)"


def test_a_perfect_score_is_not_certain() -> None:
    found = interval([[1.0] * 50] * 3)
    assert found.point == found.high == 1.0
    assert found.low == pytest.approx(1 / (1 + 1.959964**2 / 50))


def test_seeds_that_change_nothing_add_nothing() -> None:
    line = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0]
    several, one = interval([line] * 5), interval(line)
    assert (several.low, several.high) == pytest.approx((one.low, one.high))
    assert several.covers == "test rows (all seeds answer alike)"


def test_rows_that_share_a_premise_count_once() -> None:
    rng = np.random.default_rng(1)
    right = (rng.random(100) < 0.7).astype(float)
    alone = interval(right)
    fourfold = interval(np.repeat(right, 4), groups=np.repeat(np.arange(100), 4))
    assert (fourfold.low, fourfold.high) == pytest.approx((alone.low, alone.high), abs=2e-3)
    assert interval(np.repeat(right, 4)).high < fourfold.high


def test_a_comparison_by_hand() -> None:
    a, b = np.array([1.0, 1, 1, 0, 1, 0, 1, 1]), np.array([1.0, 0, 1, 0, 0, 1, 1, 0])
    d = a - b  # 3 wins, 1 loss of 8 rows
    found = compare(a, b, margin=0.05)
    error = np.sqrt(d.var(ddof=1) / 8 + 2 / 64)
    assert found.difference == 0.25
    assert found.error == pytest.approx(error)
    assert found.verdict == "undecided"
    assert found.covers == "test rows only (one seed)"
    assert found.smallest_detectable > found.difference


def test_two_seeds_of_a_large_set_rest_on_few_degrees_of_freedom() -> None:
    a = np.zeros((2, 1000))
    a[0, :520] = a[1, :480] = 1
    found = compare(a, np.zeros((2, 1000)))
    by_seeds = np.var([0.52, 0.48], ddof=1) / 2
    assert found.error >= np.sqrt(by_seeds)
    assert found.freedom < 12


def test_an_arm_of_one_seed_says_that_its_seeds_are_not_covered() -> None:
    found = compare(np.eye(3, 10), np.ones(10), names=("explain", "majority"))
    assert found.covers == "test rows and the seeds of explain (one seed of majority)"
    assert found.seeds == (3, 1)


def test_no_gain_above_x_is_said_where_the_interval_ends_below_the_margin() -> None:
    same = (np.random.default_rng(0).random((3, 4000)) < 0.8).astype(float)
    found = compare(same, same)
    assert found.verdict == "no gain above x"
    assert found.equivalence_bound == found.high < 0.02
    assert found.sentence == f"no gain above {100 * found.high:.1f} points"
    assert equivalence(found).p < 0.05
    assert equivalence(found, margin=1e-6).p > 0.4


def test_two_arms_that_agree_on_few_rows_are_not_called_equal() -> None:
    assert compare([1.0] * 20, [1.0] * 20).verdict == "undecided"


def test_a_loss_is_a_gain_the_other_way_round() -> None:
    a, b = study(np.random.default_rng(0), 5, 1000, gain=0.5)
    one, other = compare(a, b), compare(b, a)
    assert (one.verdict, other.verdict) == ("gain", "loss")
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))


def test_rows_must_match() -> None:
    with pytest.raises(UserError, match="3 and 2 rows"):
        compare([1, 0, 1], [1, 0])
    with pytest.raises(UserError, match="1 scores"):
        interval([1.0, float("nan")])
    with pytest.raises(UserError, match="2 groups"):
        interval([1.0, 0.0, 1.0], groups=["a", "b"])


def test_holm_by_hand_and_in_any_order() -> None:
    assert holm([0.01, 0.02, 0.2]) == pytest.approx([0.03, 0.04, 0.2])
    assert holm([0.2, 0.01, 0.02]) == pytest.approx([0.2, 0.03, 0.04])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_holm_can_take_a_gain_back() -> None:
    rng = np.random.default_rng(12)
    base = (rng.random(500) < 0.7).astype(float)
    better = base.copy()
    better[np.flatnonzero(base == 0)[:7]] = 1
    alone = compare(better, base)
    assert alone.verdict == "gain"
    shown = together([alone] + [compare(base, base)] * 4)
    assert shown[0].p_adjusted == pytest.approx(5 * alone.p)
    assert shown[0].verdict != "gain"
    assert together([alone]) == [alone]


def test_mcnemar_is_exact_and_knows_one_seed_only() -> None:
    a, b = [1] * 8 + [0] * 2, [0] * 7 + [1] + [1] + [0]
    assert mcnemar(a, b) == pytest.approx(stats.binomtest(7, 8, 0.5).pvalue)
    assert mcnemar([1, 0], [1, 0]) == 1.0
    with pytest.raises(UserError, match="13 to 32 of 100"):
        mcnemar(np.ones((5, 10)), np.ones((5, 10)))
    with pytest.raises(UserError, match="right"):
        mcnemar([0.5, 1], [1, 1])


def test_what_the_published_test_sets_can_show() -> None:
    assert smallest_detectable(1000, base_accuracy=0.42) == pytest.approx(0.044, abs=5e-4)
    assert smallest_detectable(9824, base_accuracy=0.8) == pytest.approx(0.011, abs=5e-4)
    assert smallest_detectable(1000, 2, 0.42, seed_sd=0.01) > smallest_detectable(
        1000, 5, 0.42, seed_sd=0.01
    )
    with pytest.raises(UserError):
        smallest_detectable(0)


def test_what_is_called_detectable_is_found_in_about_four_of_five_studies() -> None:
    rng = np.random.default_rng(5)
    studies = [compare(*study(rng, 3, 500, gain=0.2)) for _ in range(300)]
    effect = np.mean([s.difference for s in studies])
    power = np.mean([s.verdict == "gain" for s in studies])
    reach = np.median([s.smallest_detectable for s in studies])
    expected = stats.norm.cdf(2.8 * effect / reach - 1.96)
    assert power == pytest.approx(expected, abs=0.1)


@given(st.lists(st.floats(0, 1), max_size=12), st.randoms())
def test_holm_is_monotone_never_below_p_and_knows_no_order(
    p_values: list[float], chance: random.Random
) -> None:
    adjusted = holm(p_values)
    assert all(p <= a <= 1 for p, a in zip(p_values, adjusted, strict=True))
    ranked = sorted(zip(p_values, adjusted, strict=True))
    assert [a for _, a in ranked] == sorted(a for _, a in ranked)
    order = list(range(len(p_values)))
    chance.shuffle(order)
    assert holm([p_values[i] for i in order]) == [adjusted[i] for i in order]


@given(
    arrays(
        np.float64,
        st.tuples(st.integers(1, 4), st.integers(1, 25)),
        elements=st.sampled_from([0.0, 1.0]),
    ),
    st.integers(1, 5),
)
def test_any_scores_have_an_interval_inside_0_to_1_that_holds_the_point(
    values: np.ndarray, size: int
) -> None:
    groups = np.arange(values.shape[1]) // size
    found = interval(values, groups=groups)
    assert 0 <= found.low <= found.point <= found.high <= 1
    other = compare(values, values[:1], groups=groups)
    assert other.low < other.difference < other.high
    assert 0 <= other.p <= 1
    assert other.freedom >= 1


def test_a_score_of_a_hundred_is_a_share_a_hundred_times_as_large() -> None:
    values = np.random.default_rng(0).random((3, 40))
    of_one, of_hundred = interval(values), interval(100 * values, scale=Scale(top=100.0))
    assert of_hundred.low == pytest.approx(100 * of_one.low)
    assert of_hundred.high == pytest.approx(100 * of_one.high)
    assert interval([0.0] * 30, scale=Scale(top=100.0)).high == pytest.approx(100 * 0.1135, abs=0.1)
    a, b = values, values[::-1]
    share, points = compare(a, b), compare(100 * a, 100 * b, scale=Scale(top=100.0))
    assert points.low == pytest.approx(100 * share.low)
    assert points.p == pytest.approx(share.p)
    assert points.margin == pytest.approx(2.0)
    assert points.verdict == share.verdict


def test_equal_texts_are_not_called_equal_for_certain() -> None:
    same = [50.0] * 200
    found = compare(same, same, scale=scale_of("chrf"))
    assert found.error == pytest.approx(math.sqrt(2) * 20 / 200)
    assert found.sentence == "no gain above 0.3 points"


def test_texts_show_smaller_differences_than_labels() -> None:
    spread = typical_discordance("generation")
    assert smallest_detectable(500, discordance=spread) == pytest.approx(0.0187936)
    assert typical_discordance("nli") is None
