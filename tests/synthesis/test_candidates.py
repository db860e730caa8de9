from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.records import Example, Weighted
from tutelage.synthesis.candidates import at_random, by_weight, near, shuffled, spread


def rows(*texts: str) -> list[Example]:
    return [Example(f"u{i}", {"text": text}) for i, text in enumerate(texts)]


def ids(chosen: list[Example]) -> list[str]:
    return [row.id for row in chosen]


@settings(deadline=None)
@given(size=st.integers(0, 30), count=st.integers(1, 10), seed=st.integers(0, 3))
def test_random_turns_share_out_the_rows(size: int, count: int, seed: int) -> None:
    pool = [Example(f"u{i}", {}) for i in range(size)]
    turns = [at_random(pool, count, seed=seed, turn=t) for t in range(size // count + 1)]
    assert sorted(row.id for turn in turns for row in turn) == sorted(ids(pool))
    assert ids(shuffled(pool[::-1], seed=seed)) == ids(shuffled(pool, seed=seed))


def test_another_seed_is_another_order() -> None:
    pool = [Example(f"u{i}", {}) for i in range(20)]
    assert ids(shuffled(pool, seed=1)) != ids(shuffled(pool, seed=2))


def test_the_heaviest_rows_come_first_and_the_rest_at_random() -> None:
    pool = rows("a", "b", "c", "d")
    weights = {"u2": 0.9, "u0": 0.4, "other": 5.0}
    doubts = [Weighted(Example(name, {}), weight, "") for name, weight in weights.items()]
    assert ids(by_weight(pool, doubts, 2, seed=0)) == ["u2", "u0"]
    assert sorted(ids(by_weight(pool, doubts, 9, seed=0))) == ["u0", "u1", "u2", "u3"]


def test_near_takes_the_nearest_of_each_error_in_turn() -> None:
    pool = rows("the cat sat", "a cat purrs loudly", "stocks fell today", "rain again")
    errors = [
        Weighted(Example("e1", {"text": "cat sat"}), 2.0, ""),
        Weighted(Example("e2", {"text": "stocks rose"}), 1.0, ""),
    ]
    assert ids(near(pool, errors, 3, seed=0)) == ["u0", "u2", "u1"]
    assert len(near(pool, errors, 4, seed=0)) == 4
    assert ids(near(pool[::-1], errors, 3, seed=0)) == ["u0", "u2", "u1"]
    assert len(near(pool, [], 2, seed=0)) == 2
    assert near([], errors, 2, seed=0) == []


def test_spread_takes_one_of_each_kind_before_a_second() -> None:
    pool = rows("cat cat", "cat", "dog", "dog dog dog", "fish", "")
    chosen = spread(pool, (), 3, seed=0)
    assert {row.fields["text"].split()[0] for row in chosen} == {"cat", "dog", "fish"}


def test_spread_goes_where_nothing_is_covered() -> None:
    pool = rows("cat", "dog", "fish")
    covered = [Example("t1", {"text": "cat"}), Example("t2", {"text": "dog"})]
    assert ids(spread(pool, covered, 1, seed=0)) == ["u2"]
    assert ids(spread(pool[::-1], covered, 1, seed=0)) == ["u2"]
    assert spread([], covered, 1, seed=0) == []
    assert len(spread(rows("", " "), (), 5, seed=0)) == 2
