"""Faults of one data source, gathered so that a user hears of all of them at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from tutelage.exceptions import DataError

MOST_FAULTS = 20
MOST_LINES = 5


@dataclass
class _Kind:
    """One thing that is wrong, and where it was seen."""

    why: str
    do: str
    count: int = 0
    lines: list[int] = field(default_factory=list)

    def places(self, source: str) -> str:
        return f"{source}:{self.lines[0]}" if self.lines else source

    def others(self) -> str:
        """How often, for what was seen more than once."""
        if self.count < 2:
            return ""
        lines = ", ".join(map(str, self.lines))
        return (
            f" ({self.count} rows: lines {lines}{', ...' if self.count > len(self.lines) else ''})"
        )


class DataFaults:
    """What is wrong with one source. The same fault on many lines is told once, with its lines.

    >>> faults = DataFaults("train.csv")
    >>> faults.add("The cell `text` is empty.", line=3)
    >>> faults.add("The cell `text` is empty.", line=9)
    >>> faults.settle()
    Traceback (most recent call last):
    tutelage.exceptions.DataError: train.csv:3: The cell `text` is empty. (2 rows: lines 3, 9)
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self._kinds: dict[str, _Kind] = {}

    def __bool__(self) -> bool:
        return bool(self._kinds)

    def add(self, what: str, *, line: int | None = None, why: str = "", do: str = "") -> None:
        """Note a fault.

        Args:
            what: What is wrong, without the place.
            line: Line of a text file or row of a table, counted from 1.
            why: Why that is a problem.
            do: What the user can do.

        Raises:
            DataError: so many different faults were found that reading on helps nobody.
        """
        kind = self._kinds.setdefault(what, _Kind(why, do))
        kind.count += 1
        if line is not None and len(kind.lines) < MOST_LINES:
            kind.lines.append(line)
        if len(self._kinds) >= MOST_FAULTS:
            self.settle()

    def fail(self, what: str, *, line: int | None = None, why: str = "", do: str = "") -> DataError:
        """The error for a fault after which nothing more can be read, with all faults before it."""
        self._kinds.setdefault(what, _Kind(why, do)).count += 1
        if line is not None:
            self._kinds[what].lines.append(line)
        return self._error()

    def settle(self) -> None:
        """Raises DataError with all faults noted so far, if there are any."""
        if self._kinds:
            raise self._error()

    def _error(self) -> DataError:
        told = [
            f"{kind.places(self.source)}: {what}{kind.others()}"
            for what, kind in self._kinds.items()
        ]
        if len(told) > 1:
            more = "at least " if len(told) >= MOST_FAULTS else ""
            told.insert(0, f"{self.source} has {more}{len(told)} faults:")
        kinds = self._kinds.values()
        return DataError(
            "\n  ".join(told),
            " ".join(dict.fromkeys(kind.why for kind in kinds if kind.why)),
            " ".join(dict.fromkeys(kind.do for kind in kinds if kind.do)),
        )


def joined(errors: list[DataError]) -> DataError:
    """Several sources' errors as one."""
    if len(errors) == 1:
        return errors[0]
    return DataError(
        "\n".join(error.what for error in errors),
        " ".join(dict.fromkeys(error.why for error in errors if error.why)),
        " ".join(dict.fromkeys(error.do for error in errors if error.do)),
    )
