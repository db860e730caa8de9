from __future__ import annotations

from tutelage.gold.lengths import cut_share
from tutelage.records import Example, Task

TASK = Task("t", "nli", ("premise", "hypothesis"))


def words(text: str) -> int:
    return len(text.split())


def test_the_share_counts_all_fields_in_their_order() -> None:
    rows = [Example(str(n), {"hypothesis": "h", "premise": "p " * n}) for n in range(1, 11)]
    assert cut_share(rows, TASK, words, 11) == 0.0
    assert cut_share(rows, TASK, words, 10) == 0.1
    assert cut_share(rows, TASK, words, 1) == 1.0
    seen: list[str] = []
    cut_share(rows[:1], TASK, lambda text: len(seen.append(text) or ""), 1)  # type: ignore[func-returns-value]
    assert seen == ["p  h"]


def test_no_rows_have_no_share() -> None:
    assert cut_share([], TASK, words, 1) == 0.0
