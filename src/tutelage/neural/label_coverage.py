"""Whether gold rows can teach every label. Knows no torch: it is asked before a model is needed."""

from __future__ import annotations

from collections.abc import Sequence

from tutelage.exceptions import UserError


def check_covered(said: Sequence[str | None], labels: Sequence[str]) -> None:
    """Refuse gold from which a teacher cannot learn every label.

    Args:
        said: The label of each gold row.
        labels: Names of the task's labels; none where rows have other answers.

    Raises:
        UserError: no row, fewer rows than labels, or a label without a row.
    """
    count = len(said)
    if not said:
        raise UserError(
            "There is no gold row to tune a teacher on.",
            "A tuned teacher learns from gold rows.",
            "Give some, or use a teacher that is not tuned.",
        )
    if count < len(labels):
        raise UserError(
            f"{count} gold {'row is' if count == 1 else 'rows are'} fewer than the {len(labels)} "
            "labels.",
            "A teacher cannot learn a label of which it sees no row.",
            "Raise gold.fraction, give more gold rows, or use a teacher that is not tuned.",
        )
    if missing := [name for name in labels if name not in said]:
        raise UserError(
            f"No gold row has the label {missing[0]!r}"
            + (f", nor {', '.join(map(repr, missing[1:]))}." if missing[1:] else "."),
            "A teacher cannot learn a label of which it sees no row.",
            "Give a gold row of each label, or draw the gold rows by label.",
        )
