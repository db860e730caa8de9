from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tutelage.gold.splits import carve, deal, draw, unit_interval
from tutelage.records import Example

SHARES = {"test": 0.2, "dev": 0.1}


def ids(rows: list[Example]) -> set[str]:
    return {row.id for row in rows}


def by_role(split: dict[str, list[Example]]) -> dict[str, set[str]]:
    return {role: ids(rows) for role, rows in split.items()}


def made(count: int, labels: str = "abc") -> list[Example]:
    return [
        Example(f"r{i}", {"text": f"text {i}"}, label=labels[i % len(labels)]) for i in range(count)
    ]


def test_the_hash_of_a_row_is_pinned() -> None:
    # A change of these numbers would move test rows of finished studies into train.
    assert unit_interval(0, "carve", b"row") == 0.05645338456742899
    assert unit_interval(1, "carve", b"row") == 0.5011844273493782
    assert unit_interval(0, "folds", b"row") == 0.967702788564092


@given(st.integers(0, 2**32), st.integers(0, 99))
def test_carving_ignores_the_order_of_rows(seed: int, shuffle: int) -> None:
    rows = made(60)
    mixed = random.Random(shuffle).sample(rows, len(rows))
    assert by_role(carve(rows, SHARES, seed=seed)) == by_role(carve(mixed, SHARES, seed=seed))


def test_added_rows_move_no_other_row() -> None:
    before = by_role(carve(made(600), SHARES, seed=3))
    after = by_role(carve(made(900), SHARES, seed=3))
    for role, rows in before.items():
        assert rows <= after[role]


def test_sizes_are_near_the_shares_in_each_label() -> None:
    split = carve(made(3_000), SHARES, seed=0)
    for label in "abc":
        size = Counter(row.label for row in split["test"])[label]
        assert abs(size - 200) < 4 * (1000 * 0.2 * 0.8) ** 0.5
    assert sum(map(len, split.values())) == 3_000


@given(st.integers(0, 2**32))
def test_each_expected_label_stands_on_each_side(seed: int) -> None:
    split = carve(made(36), SHARES, seed=seed)
    assert all({row.label for row in rows} == set("abc") for rows in split.values())


def test_equal_texts_stay_together_whatever_their_case() -> None:
    rows = made(200)
    copies = [
        replace(r, id=f"copy-{r.id}", fields={"text": r.fields["text"].upper()}) for r in rows
    ]
    split = carve(rows + copies, SHARES, seed=0)
    for found in split.values():
        assert {i for i in ids(found) if not i.startswith("copy")} == {
            i.removeprefix("copy-") for i in ids(found) if i.startswith("copy")
        }


def test_groups_stay_together_by_field_and_by_tag() -> None:
    rows = [
        Example(
            f"r{i}",
            {"premise": f"p{i // 4}", "hypothesis": f"h{i}"},
            label="ab"[i % 2],
            tags={"user": f"u{i // 8}"},
        )
        for i in range(400)
    ]
    for by, value in (
        ("premise", lambda r: r.fields["premise"]),
        ("user", lambda r: r.tags["user"]),
    ):
        split = carve(rows, SHARES, seed=1, by=by)
        sides = [{value(row) for row in found} for found in split.values()]
        assert all(sides)
        assert not sides[0] & sides[1] and not sides[0] & sides[2] and not sides[1] & sides[2]


def test_a_text_under_two_values_joins_them() -> None:
    rows = [
        Example(
            f"{user}{i}",
            {"text": "same" if i == 0 else f"{user} {i}"},
            label="a",
            tags={"user": user},
        )
        for user in ("ann", "bob")
        for i in range(5)
    ]
    split = carve(rows, {"test": 0.5}, seed=0, by="user")
    assert sorted(map(len, split.values())) == [0, 10]


@given(st.integers(10, 80), st.integers(2, 10), st.integers(0, 2**32))
def test_folds_hold_each_row_once_and_are_even(count: int, folds: int, seed: int) -> None:
    rows = made(count)
    dealt = deal(rows, folds, seed=seed)
    assert sorted(row.id for fold in dealt for row in fold) == sorted(ids(rows))
    sizes = [len(fold) for fold in dealt]
    assert max(sizes) - min(sizes) <= 1
    for label in "abc":
        of_label = [sum(row.label == label for row in fold) for fold in dealt]
        assert max(of_label) - min(of_label) <= 1


def test_folds_ignore_the_order_of_rows() -> None:
    rows = made(50)
    mixed = random.Random(1).sample(rows, len(rows))
    assert [ids(f) for f in deal(rows, 5, seed=0)] == [ids(f) for f in deal(mixed, 5, seed=0)]


@given(st.integers(1, 70), st.integers(0, 2**32))
def test_draws_are_exact_and_ignore_order(count: int, seed: int) -> None:
    rows = made(60, "aaab")
    drawn = draw(rows, count, seed=seed)
    assert len(drawn) == min(count, 60)
    assert ids(drawn) == ids(draw(rows[::-1], count, seed=seed))
    if count >= 2:
        assert {row.label for row in drawn} == {"a", "b"}
    if count % 4 == 0 and count <= 60:
        assert Counter(row.label for row in drawn) == {"a": count * 3 // 4, "b": count // 4}


def test_a_smaller_draw_is_part_of_a_larger_one() -> None:
    rows = made(300)
    assert ids(draw(rows, 30, seed=4)) < ids(draw(rows, 60, seed=4))
    assert ids(draw(rows, 30, seed=4)) != ids(draw(rows, 30, seed=5))
