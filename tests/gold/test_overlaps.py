from __future__ import annotations

from dataclasses import replace

from tutelage.gold.fingerprints import split_fingerprint
from tutelage.gold.overlaps import Repeats, find_overlaps, find_repeats, swapped, unexpected
from tutelage.records import Example


def pair(id: str, premise: str, hypothesis: str, label: str = "a") -> Example:
    return Example(id, {"premise": premise, "hypothesis": hypothesis}, label=label)


def made(start: int, stop: int, prefix: str = "r") -> list[Example]:
    return [
        Example(f"{prefix}{i}", {"text": f"text {i}"}, label="ab"[i % 2])
        for i in range(start, stop)
    ]


def test_overlaps_by_row_text_and_field() -> None:
    train = [pair("1", "p", "h"), pair("2", "p", "i"), pair("3", "q", "j"), pair("4", "s", "k")]
    test = [pair("5", "P", "H"), pair("6", "p", "i", "b"), pair("7", "q", "new")]
    found = {
        o.by: (o.rows_first, o.rows_second) for o in find_overlaps({"train": train, "test": test})
    }
    assert found == {"row": (1, 1), "text": (2, 2), "premise": (3, 3), "hypothesis": (2, 2)}
    leaks = [o for o in find_overlaps({"train": train, "test": test}) if o.leaks]
    assert [str(o) for o in leaks] == [
        "2 of 3 test rows have a text that is also in train (2 of 4 rows there)"
    ]


def test_one_field_is_told_once_and_train_with_pool_is_no_leak() -> None:
    found = find_overlaps({"train": made(0, 10), "pool": made(5, 8), "dev": []})
    assert [(o.first, o.second, o.by, o.rows_second, o.leaks) for o in found] == [
        ("train", "pool", "row", 3, False),
        ("train", "pool", "text", 3, False),
    ]


def test_repeats_and_contradictions() -> None:
    rows = [*made(0, 4), replace(made(0, 1)[0], id="x"), replace(made(1, 2)[0], id="y", label="a")]
    assert find_repeats(rows) == Repeats(rows=2, contradicting=1)
    assert find_repeats([]) == Repeats(0, 0)


DEV, TEST = made(0, 20), made(20, 40)
REFERENCE = {"dev": DEV, "test": TEST}
SWAP = {"dev": TEST, "test": DEV}


def test_a_swap_is_found_by_fingerprint() -> None:
    prints = {role: split_fingerprint(rows) for role, rows in REFERENCE.items()}
    assert swapped(prints, REFERENCE) == []
    assert swapped(prints, SWAP) == [
        "dev was given the 20 rows recorded as test",
        "test was given the 20 rows recorded as dev",
    ]


def test_a_swap_is_found_in_changed_data_by_text_or_by_id() -> None:
    by_text = {
        r: [replace(x, id=f"new{x.id}", label="c") for x in rows[:15]] for r, rows in SWAP.items()
    }
    by_id = {r: [replace(x, fields={"text": x.id}) for x in rows] for r, rows in SWAP.items()}
    for given in (by_text, by_id):
        assert [told.partition(":")[0] for told in swapped(REFERENCE, given)] == [
            "dev was given rows of test",
            "test was given rows of dev",
        ]


def test_ids_that_both_references_use_tell_nothing() -> None:
    numbered = {
        r: [replace(x, id=str(i)) for i, x in enumerate(rows)] for r, rows in REFERENCE.items()
    }
    assert swapped(numbered, numbered) == [] and unexpected(numbered, numbered) == []
    assert len(swapped(numbered, {"dev": numbered["test"], "test": numbered["dev"]})) == 2


def test_only_one_side_may_be_known() -> None:
    assert swapped({"dev": DEV}, SWAP) == []
    assert unexpected({"dev": DEV}, SWAP) == ["20 of 20 dev rows are not in its reference"]
    assert unexpected(REFERENCE, REFERENCE | {"dev": DEV[:5]}) == []
    assert unexpected({"dev": split_fingerprint(DEV)}, {"dev": DEV[1:]})[0].startswith(
        "dev is split1-"
    )
    assert unexpected({"test": DEV}, {}) == ["there are no test rows to compare with its reference"]
