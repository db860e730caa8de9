"""Fewer gold rows on purpose: the train rows that a study uses, and the rest that it sets aside.

`few` takes a number of rows, `fraction` a share of them: the axis of arXiv 2310.01119. What is set
aside can be unlabelled text (`gold.unlabelled: rest`), or train an upper bound (`arm.gold: whole`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tutelage.exceptions import UserError
from tutelage.gold.columns import Columns
from tutelage.gold.data_faults import DataFaults
from tutelage.gold.fingerprints import text_key
from tutelage.gold.readers.cells import RawRow
from tutelage.gold.sources import Table
from tutelage.gold.splits import draw, draw_share
from tutelage.recipe import GoldSpec
from tutelage.records import Example, Task

REST = "the rest of train"


@dataclass(frozen=True)
class Reduced:
    """The train rows of a study, cut in two."""

    train: Sequence[Example]
    rest: Sequence[Example]
    """Train rows that are set aside; none whose text a kept row has too."""


def reduced(gold: GoldSpec, task: Task, train: Sequence[Example], *, seed: int) -> Reduced:
    """Cut `train` down to what `gold.few` or `gold.fraction` asks for.

    Raises:
        UserError: fewer rows would be left than the task has labels.
    """
    if gold.fraction is not None:
        kept = draw_share(train, gold.fraction, seed=seed)
    elif gold.few is not None:
        kept = draw(train, gold.few, seed=seed)
    else:
        return Reduced(train, ())
    if len(kept) < len(task.labels) <= len(train):
        _refuse(gold, task, kept=len(kept), of=len(train))
    texts = {text_key(row.fields) for row in kept}
    return Reduced(kept, [row for row in train if text_key(row.fields) not in texts])


def _refuse(gold: GoldSpec, task: Task, *, kept: int, of: int) -> None:
    labels = len(task.labels)
    key, value = ("few", gold.few) if gold.fraction is None else ("fraction", gold.fraction)
    needed = f"{labels}" if gold.fraction is None else f"{_rounded_up(labels / of):g}"
    raise UserError(
        f"The gold is smaller than the number of labels: gold.{key} {value:g} of {of} train rows "
        f"leaves {kept}, and the task has {labels} labels.",
        "A label without a row can be neither shown to a teacher nor learned by a student.",
        f"Set gold.{key} to {needed} or more.",
    )


def _rounded_up(share: float) -> float:
    """The least share in thousandths that is no smaller.

    >>> _rounded_up(6 / 5452)
    0.002
    """
    return -int(-share * 1_000 // 1) / 1_000


def rest_table(rest: Sequence[Example], columns: Columns) -> Table:
    """The set-aside rows as a table that holds their texts, ids and tags, and no answer at all.

    Raises:
        UserError: nothing was set aside.
    """
    if not rest:
        raise UserError(
            "gold.unlabelled takes the rest of train, and no row is left over.",
            "gold.few or gold.fraction takes them all.",
            "Lower it, or leave gold.unlabelled out.",
        )

    def cells(row: Example) -> Mapping[str, str]:
        texts = {column: row.fields[field] for field, column in columns.fields.items()}
        tags = {column: row.tags[t] for t, column in columns.tags.items() if t in row.tags}
        return {**tags, **texts, columns.id: row.id}

    def read(faults: DataFaults) -> Iterator[RawRow]:
        for number, row in enumerate(rest, 1):
            yield RawRow(number, cells(row))

    return Table(REST, read)
