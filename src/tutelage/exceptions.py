"""What can go wrong, told in three parts: what is wrong, why, and what to do.

The command line turns these into one screen without a traceback and into an exit code:
`UserError` 2, `BudgetReached` 3, every other `TutelageError` 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class TutelageError(Exception):
    """Base of all errors that Tutelage raises on purpose.

    Args:
        what: What is wrong, with the offending value.
        why: Why that is a problem. May be empty.
        do: What the reader can do about it. May be empty.
    """

    exit_code = 1

    def __init__(self, what: str, why: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what, self.why, self.do = what, why, do

    def __str__(self) -> str:
        return "\n".join(part for part in (self.what, self.why, self.do) if part)


class UserError(TutelageError):
    """A mistake in what the user gave: a file, a recipe, an option. Nothing was lost."""

    exit_code = 2


def package_missing(who: str, package: str, *, extra: str) -> UserError:
    """What to say where a package that `who` needs is not installed.

    >>> print(package_missing("The student setfit", "setfit", extra="setfit").do)
    Install it: pip install 'tutelage[setfit]'.
    """
    return UserError(
        f"{who} needs the package {package}.",
        "It is not installed.",
        f"Install it: pip install 'tutelage[{extra}]'.",
    )


class DataError(UserError):
    """A data file that cannot be read as what the recipe says it is."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a recipe."""

    where: str
    """Path inside the recipe, such as `student.epochs`."""
    what: str
    """What is wrong with the value, and what to write instead."""
    line: int | None = None
    """Line of the file, counted from 1; None where the value came from elsewhere."""


class RecipeError(UserError):
    """All faults of one recipe at once."""

    def __init__(self, source: str, faults: Sequence[Fault]) -> None:
        self.source, self.faults = source, tuple(faults)
        lines = [
            f"  {source}{f':{f.line}' if f.line else ''}: {f.where}: {f.what}" for f in self.faults
        ]
        count = "1 fault" if len(lines) == 1 else f"{len(lines)} faults"
        super().__init__(f"{source} has {count}:\n" + "\n".join(lines))


class BudgetReached(TutelageError):
    """A cap stops the purchase. Everything bought so far is kept, and raising the cap continues.

    Args:
        scope: Whose cap it is: `study`, which stops the run, or `arm` or `turn`, which ends that
            arm's or turn's purchase and no more.
    """

    exit_code = 3

    def __init__(self, what: str, why: str = "", do: str = "", *, scope: str = "study") -> None:
        super().__init__(what, why, do)
        self.scope = scope


class TeacherError(TutelageError):
    """A teacher that cannot be reached, refuses us, or fails more often than the recipe allows."""


class SealedTestError(TutelageError):
    """Someone asked for test rows before the last line of the loop."""


class TrainingError(TutelageError):
    """Training that cannot go on: a loss that is not a number, labels that cannot be told apart."""
