"""The world of quantified sentences."""

from __future__ import annotations

import itertools

import pytest

from tutelage.teacher.worlds import write_gold
from tutelage.teacher.worlds.monotonicity import (
    _NOUNS,
    _VERBS,
    Monotonicity,
    Pair,
    Sentence,
    judge,
    relation,
)

QUANTIFIERS = ("every", "some", "no", "not every")
RELATIONS = ("same", "wider", "narrower", "other")


@pytest.mark.parametrize(
    ("premise", "hypothesis", "subjects", "actions", "label"),
    [
        ("every", "every", "narrower", "wider", "entailment"),
        ("every", "every", "wider", "same", "neutral"),
        ("every", "some", "same", "same", "entailment"),
        ("every", "some", "wider", "wider", "entailment"),
        ("every", "no", "same", "same", "contradiction"),
        ("every", "not every", "narrower", "same", "contradiction"),
        ("some", "some", "wider", "wider", "entailment"),
        ("some", "some", "narrower", "same", "neutral"),
        ("some", "no", "wider", "same", "contradiction"),
        ("some", "every", "same", "same", "neutral"),
        ("no", "no", "narrower", "narrower", "entailment"),
        ("no", "no", "wider", "same", "neutral"),
        ("no", "not every", "same", "same", "entailment"),
        ("no", "every", "same", "same", "contradiction"),
        ("not every", "not every", "wider", "narrower", "entailment"),
        ("not every", "every", "same", "same", "contradiction"),
        ("not every", "some", "same", "same", "neutral"),
        ("every", "every", "other", "same", "neutral"),
        ("no", "some", "same", "other", "neutral"),
    ],
)
def test_textbook_cases(
    premise: str, hypothesis: str, subjects: str, actions: str, label: str
) -> None:
    assert judge(premise, hypothesis, subjects, actions) == label  # type: ignore[arg-type]


def brute_force(premise: str, hypothesis: str, subjects: str, actions: str) -> str:
    """The label over worlds of three individuals, each told by membership and action."""

    def fits(first: bool, second: bool, how: str) -> bool:
        return {
            "same": first == second,
            "wider": first <= second,
            "narrower": second <= first,
            "other": True,
        }[how]

    def holds(quantifier: str, members: list[bool]) -> bool:
        return {
            "every": all(members),
            "not every": not all(members),
            "some": any(members),
            "no": not any(members),
        }[quantifier]

    kinds = [
        k
        for k in itertools.product((False, True), repeat=4)
        if fits(k[0], k[1], subjects) and fits(k[2], k[3], actions)
    ]
    seen = set()
    for world in itertools.combinations_with_replacement(kinds, 4):
        first = [k[2] for k in world if k[0]]
        second = [k[3] for k in world if k[1]]
        if first and second and holds(premise, first):
            seen.add(holds(hypothesis, second))
    return "neutral" if len(seen) == 2 else "entailment" if True in seen else "contradiction"


@pytest.mark.parametrize("premise", QUANTIFIERS)
def test_judge_agrees_with_brute_force(premise: str) -> None:
    for case in itertools.product(QUANTIFIERS, ("same", "wider", "narrower"), RELATIONS):
        assert judge(premise, *case) == brute_force(premise, *case), (premise, case)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("first", "second", "want"),
    [
        (("dog", "ran", ""), ("animal", "moved", ""), ("wider", "wider")),
        (("dog", "ran", "small"), ("dog", "ran", ""), ("wider", "same")),
        (("dog", "ran", "small"), ("dog", "ran", "old"), ("other", "same")),
        (("dog", "ran", "small"), ("spaniel", "ran", ""), ("other", "same")),
        (("dog", "ran", ""), ("poodle", "sprinted", "old"), ("narrower", "narrower")),
        (("dog", "ran", ""), ("robin", "slept", ""), ("other", "other")),
    ],
)
def test_relations(
    first: tuple[str, str, str], second: tuple[str, str, str], want: tuple[str, str]
) -> None:
    assert relation(Sentence("every", *first), Sentence("every", *second)) == want


def test_no_word_is_twice_in_its_tree() -> None:
    for tree in (_NOUNS, _VERBS):
        words = [*tree, *(m for widest in tree.values() for m in widest)]
        words += [
            w for widest in tree.values() for narrow in widest.values() for w in narrow.split()
        ]
        assert len(words) == len(set(words))


def test_five_w_reads_a_premise_alone() -> None:
    assert not Monotonicity().read("In the old barn, no text.")
    (pair,) = Monotonicity().read("About this:\n\nIn the cold barn, not each old owl sang.\n\nWho:")
    assert pair.five_w() == ("not every old owl", "sang", "", "the cold barn", "")


def test_the_rationale_tells_nothing_but_the_quantifiers() -> None:
    rows = write_gold("monotonicity", "train", 600, 0)
    pairs = [Monotonicity().read(f"{r['premise']} {r['hypothesis']}")[0] for r in rows]
    by_quantifiers: dict[tuple[str, str], set[str]] = {}
    for pair in pairs:
        assert isinstance(pair, Pair)
        key = (pair.premise.quantifier, pair.hypothesis.quantifier)
        by_quantifiers.setdefault(key, set()).add(pair.reasons(pair.label))
    assert len(by_quantifiers) == 16
    assert all(len(said) == 1 for said in by_quantifiers.values())
