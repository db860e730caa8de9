from __future__ import annotations

import pytest

from tutelage.exceptions import DataError
from tutelage.gold.data_faults import MOST_FAULTS, DataFaults, joined


def test_nothing_wrong_raises_nothing() -> None:
    faults = DataFaults("a.csv")
    assert not faults
    faults.settle()


def test_parts_of_several_faults_are_told_once() -> None:
    faults = DataFaults("a.csv")
    faults.add("One.", line=2, why="Because.", do="Do this.")
    faults.add("Two.", line=3, why="Because.", do="Do that.")
    with pytest.raises(DataError) as caught:
        faults.settle()
    assert str(caught.value) == (
        "a.csv has 2 faults:\n  a.csv:2: One.\n  a.csv:3: Two.\nBecause.\nDo this. Do that."
    )


def test_the_last_straw_comes_with_all_before_it() -> None:
    faults = DataFaults("a.csv")
    faults.add("One.", line=2)
    error = faults.fail("The file ends.", do="Fetch it again.")
    assert error.what == "a.csv has 2 faults:\n  a.csv:2: One.\n  a.csv: The file ends."
    with pytest.raises(DataError, match="at least 20 faults"):
        for i in range(MOST_FAULTS):
            faults.add(f"Fault {i}.")


def test_errors_of_several_sources_are_one() -> None:
    one, two = DataError("a", "why", "do"), DataError("b", "why", "do b")
    assert joined([one]) is one
    assert str(joined([one, two])) == "a\nb\nwhy\ndo do b"
