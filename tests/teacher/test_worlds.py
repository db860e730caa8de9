"""All worlds: frozen, fair between roles, and known to their teacher."""

from __future__ import annotations

import re

import pytest

from tutelage.exceptions import UserError
from tutelage.records import content_hash
from tutelage.teacher.worlds import WORLDS, find_world, write_gold
from tutelage.teacher.worlds.knowledge import ROLES, SLOTS, slot_of

NAMES = sorted(WORLDS)
TAGS = {"reviews": ("phenomenon",)}


def texts(world: str, row: dict[str, str]) -> str:
    return "\n".join(row[field] for field in WORLDS[world].task.fields)


@pytest.mark.parametrize("world", NAMES)
def test_fewer_rows_are_a_prefix_of_more(world: str) -> None:
    assert write_gold(world, "dev", 200, 7)[:50] == write_gold(world, "dev", 50, 7)


@pytest.mark.parametrize("world", NAMES)
def test_columns_are_the_fields_the_label_and_the_tags(world: str) -> None:
    task = WORLDS[world].task
    for row in write_gold(world, "train", 30, 0):
        assert tuple(row) == (*task.fields, "label", *TAGS.get(world, ()))
        assert row["label"] in task.label_names


@pytest.mark.parametrize("world", NAMES)
def test_labels_come_in_equal_shares_from_the_start(world: str) -> None:
    labels = len(WORLDS[world].task.labels)
    rows = write_gold(world, "train", 50 * labels, 3)
    for at in range(0, len(rows), labels):
        assert len({row["label"] for row in rows[at : at + labels]}) == labels


@pytest.mark.parametrize("world", NAMES)
def test_no_role_and_no_near_seed_shares_a_case(world: str) -> None:
    seen: dict[object, tuple[str, int]] = {}
    for role in ROLES:
        for seed in (0, 1, 19):
            for row in write_gold(world, role, 300, seed):
                case = WORLDS[world].read(texts(world, row))[-1]
                key = frozenset(case.findings) if world == "composition" else case
                assert key not in seen, f"{role} {seed} repeats a case of {seen[key]}"
                seen[key] = (role, seed)


def test_slots_of_roles_and_near_seeds_are_apart() -> None:
    slots = {slot_of(role, seed) for role in ROLES for seed in range(20)}
    assert slots == set(range(SLOTS))


@pytest.mark.parametrize("world", NAMES)
def test_no_row_appears_twice(world: str) -> None:
    rows = [texts(world, row) for row in write_gold(world, "train", 1000, 0)]
    assert len(set(rows)) == 1000


@pytest.mark.parametrize("world", NAMES)
def test_the_teacher_reads_back_what_was_written(world: str) -> None:
    for row in write_gold(world, "test", 300, 5):
        cases = WORLDS[world].read(f"Some words before.\n\n{texts(world, row)}\n\nAnd after it.")
        assert [case.label for case in cases] == [row["label"]]


@pytest.mark.parametrize("world", NAMES)
def test_reasons_do_not_read_as_a_case_and_do_not_name_the_label(world: str) -> None:
    for row in write_gold(world, "train", 100, 0):
        (case,) = WORLDS[world].read(texts(world, row))
        for label in WORLDS[world].task.label_names:
            reasons = case.reasons(label)
            assert not WORLDS[world].read(reasons)
            assert not re.search("|".join(WORLDS[world].task.label_names), reasons)


@pytest.mark.parametrize("world", NAMES)
def test_no_text_names_a_label(world: str) -> None:
    names = re.compile("|".join(WORLDS[world].task.label_names), re.IGNORECASE)
    assert not any(names.search(texts(world, row)) for row in write_gold(world, "train", 500, 0))


def test_unknown_world_and_role_name_the_nearest() -> None:
    with pytest.raises(UserError, match="Did you mean composition"):
        find_world("compositon")
    with pytest.raises(UserError, match="Did you mean train"):
        write_gold("composition", "trian", 1, 0)


# A world is frozen once methods were compared on it: a change of these is a new world, under a new
# name, never an edit.
GOLDEN = {
    ("composition", "train"): "golden1-2c46b7134987627aea58a8897b756380",
    ("composition", "pool"): "golden1-d77769e0629baf76cdf783cdc335c040",
    ("composition", "dev"): "golden1-1d9c3723b5b3419bf8458a17d8b566c6",
    ("composition", "test"): "golden1-02927c84ad83f40dffbd823ebb9f8057",
    ("composition", "unlabelled"): "golden1-76f78fce71b933f3ad67cd0007f93763",
    ("monotonicity", "train"): "golden1-30b10a2e29df38c95a76a7b441db9170",
    ("monotonicity", "pool"): "golden1-13a6678d6cd435470542920c9932b8a0",
    ("monotonicity", "dev"): "golden1-a8f6d47013c7cad7636b881b96e5c2b4",
    ("monotonicity", "test"): "golden1-0b16553b8b58bae750116ac89f34b60c",
    ("monotonicity", "unlabelled"): "golden1-427a92e7821227256c974cc08fe99eea",
    ("reviews", "train"): "golden1-c8ca228aff2eea81878e9718b54401d9",
    ("reviews", "pool"): "golden1-9ae37cecef0fd0deaf42c3a19b7e4816",
    ("reviews", "dev"): "golden1-5610e8f3fb3f9ba066ca0d729cd9a6a4",
    ("reviews", "test"): "golden1-8fc3a9bfddb475583d6ccc83b2bf7079",
    ("reviews", "unlabelled"): "golden1-165c78015a2e1ad09ca07f17aef87212",
}


@pytest.mark.parametrize(("world", "role"), list(GOLDEN))
def test_worlds_are_frozen(world: str, role: str) -> None:
    assert content_hash("golden1", write_gold(world, role, 100, 0)) == GOLDEN[world, role]


@pytest.mark.parametrize(
    ("world", "want"),
    [
        ("composition", "golden1-d1c6711902e6c4d2c1a01e64723017df"),
        ("monotonicity", "golden1-1a77373c54c8440e5c8c9aca736b8db8"),
        ("reviews", "golden1-be124cf0769d2fcb8a3466ab706dc6ba"),
    ],
)
def test_what_the_teacher_knows_is_frozen(world: str, want: str) -> None:
    cases = [WORLDS[world].read(texts(world, row))[0] for row in write_gold(world, "train", 100, 0)]
    said = [[case.reasons(label) for label in WORLDS[world].task.label_names] for case in cases]
    assert content_hash("golden1", said) == want
