from __future__ import annotations

import numpy as np
import pytest

from tutelage.curation import nearest
from tutelage.curation.nearest import NONE, first_alike


def unit(rows: object) -> np.ndarray:
    table = np.asarray(rows, dtype=np.float32)
    return table / np.linalg.norm(table, axis=1, keepdims=True)


def angle(degrees: float) -> list[float]:
    return [float(np.cos(np.radians(degrees))), float(np.sin(np.radians(degrees)))]


def found(table: np.ndarray, threshold: float, **options: object) -> list[int]:
    groups = options.pop("groups", np.zeros(len(table), dtype=np.int64))
    known = options.pop("known", 0)
    return first_alike(
        [table], groups, known=known, threshold=threshold, **options
    ).earlier.tolist()


def test_the_first_that_stands_is_named() -> None:
    table = unit([angle(0), angle(10), angle(20), angle(90), angle(91), angle(1)])
    # cos 10 = .985, cos 20 = .940: the third is like the second alone, which does not stand
    assert found(table, 0.98) == [NONE, 0, NONE, NONE, 3, 0]


def test_groups_and_known_rows() -> None:
    table = unit([angle(0), angle(1), angle(2)])
    assert found(table, 0.9, known=2) == [NONE, NONE, 0]
    assert found(table, 0.9, groups=np.array([0, 1, 0])) == [NONE, NONE, 0]


def test_every_part_must_be_alike() -> None:
    same, other = unit([angle(0), angle(0), angle(0)]), unit([angle(0), angle(60), angle(5)])
    result = first_alike([same, other], np.zeros(3, dtype=np.int64), known=0, threshold=0.9)
    assert result.earlier.tolist() == [NONE, NONE, 0]
    assert result.likeness[2] == pytest.approx(np.cos(np.radians(5)), abs=1e-6)


def greedy(table: np.ndarray, threshold: float) -> list[int]:
    """The definition, row by row."""
    earlier: list[int] = []
    for i in range(len(table)):
        like = [j for j in range(i) if earlier[j] == NONE and table[i] @ table[j] >= threshold]
        earlier.append(like[0] if like else NONE)
    return earlier


@pytest.fixture
def clusters() -> np.ndarray:
    draw = np.random.default_rng(3)
    centres = draw.normal(size=(60, 24))
    return unit(centres[draw.integers(0, 60, 900)] + 0.15 * draw.normal(size=(900, 24)))


@pytest.mark.parametrize("block", [7, 64, 2048])
def test_blocks_change_nothing(
    monkeypatch: pytest.MonkeyPatch, clusters: np.ndarray, block: int
) -> None:
    monkeypatch.setattr(nearest, "BLOCK", block)
    assert found(clusters, 0.9) == greedy(clusters, 0.9)


def test_cells_find_nearly_all(clusters: np.ndarray) -> None:
    exact = np.array(found(clusters, 0.9)) != NONE
    cells = np.array(found(clusters, 0.9, exact=100)) != NONE
    assert exact.sum() > 500
    assert (exact & cells).sum() >= 0.98 * exact.sum()
    assert found(clusters, 0.9, exact=100) == found(clusters, 0.9, exact=100)


def test_nothing() -> None:
    assert found(np.zeros((0, 4), dtype=np.float32), 0.9) == []
