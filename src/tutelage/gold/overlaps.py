"""Rows that stand in two roles, twice in one, or in the wrong one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from tutelage.gold.fingerprints import fold, split_fingerprint, text_key
from tutelage.records import Example

HELD_OUT = ("dev", "test")


@dataclass(frozen=True, slots=True)
class Overlap:
    """What two roles share."""

    first: str
    second: str
    by: str
    """`row` (texts and answer), `text` (all texts), or the name of one field."""
    rows_first: int
    """Rows of the first role that the second one has too."""
    rows_second: int
    """Rows of the second role that the first one has too."""
    size_first: int
    size_second: int

    @property
    def leaks(self) -> bool:
        """Whether whole texts stand on both sides of a held-out role."""
        return self.by == "text" and bool({self.first, self.second} & set(HELD_OUT))

    def __str__(self) -> str:
        what = {"row": "whole row", "text": "text"}.get(self.by, self.by)
        if self.rows_first == self.size_first == self.size_second == self.rows_second:
            return f"{self.first} and {self.second} are the same {self.size_first} rows (by {what})"
        return (
            f"{self.rows_second} of {self.size_second} {self.second} rows have a {what} "
            f"that is also in {self.first} ({self.rows_first} of {self.size_first} rows there)"
        )


def find_overlaps(roles: Mapping[str, Sequence[Example]]) -> list[Overlap]:
    """What each two roles share by whole row, by text and by each single field.

    Single fields are left out for tasks that have but one: there the field is the text.
    """
    folded = {role: [_folded(row) for row in rows] for role, rows in roles.items()}
    keys: dict[str, dict[str, list[object]]] = {
        "row": {
            role: [(texts, row.answer) for texts, row in zip(folded[role], rows, strict=True)]
            for role, rows in roles.items()
        },
        "text": {role: list(texts) for role, texts in folded.items()},
    }
    names = sorted({name for rows in roles.values() for row in rows[:1] for name in row.fields})
    for at, name in enumerate(names if len(names) > 1 else ()):
        keys[name] = {role: [texts[at] for texts in found] for role, found in folded.items()}
    return [overlap for by, seen in keys.items() for overlap in _shared(by, seen)]


def _shared(by: str, seen: Mapping[str, Sequence[object]]) -> Iterator[Overlap]:
    sets = {role: set(values) for role, values in seen.items()}
    for a, b in combinations(seen, 2):
        in_a = sum(value in sets[b] for value in seen[a])
        in_b = sum(value in sets[a] for value in seen[b])
        if in_a:
            yield Overlap(a, b, by, in_a, in_b, len(seen[a]), len(seen[b]))


def _folded(row: Example) -> tuple[str, ...]:
    return tuple(fold(row.fields[name]) for name in sorted(row.fields))


def drop_held_out(roles: Mapping[str, Sequence[Example]]) -> dict[str, Sequence[Example]]:
    """The roles without rows that are learned from and have a text of what is measured on.

    Train and pool lose the rows whose text is in dev or test, dev those whose text is in test. The
    test keeps all its rows, so that scores on it can be compared with others'.
    """
    texts = {role: {_folded(row) for row in roles.get(role, ())} for role in HELD_OUT}
    barred = {"test": frozenset[object](), "dev": texts["test"]}
    either = texts["dev"] | texts["test"]
    return {
        role: [row for row in rows if _folded(row) not in barred.get(role, either)]
        for role, rows in roles.items()
    }


@dataclass(frozen=True, slots=True)
class Repeats:
    """Texts that stand more than once in one role."""

    rows: int
    """Rows beyond the first of their text."""
    contradicting: int
    """Texts that carry different answers; none for generation, where one input has many."""


def find_repeats(rows: Sequence[Example]) -> Repeats:
    """Count texts that one role has more than once, and those whose answers disagree."""
    answers: dict[tuple[str, ...], set[object]] = defaultdict(set)
    for row in rows:
        answers[_folded(row)].add(row.answer if row.target is None else None)
    return Repeats(len(rows) - len(answers), sum(len(found) > 1 for found in answers.values()))


Expected = Mapping[str, str | Sequence[Example]]
"""By role: a split fingerprint that was recorded earlier, or reference rows it must consist of."""


def swapped(expected: Expected, given: Mapping[str, Sequence[Example]]) -> list[str]:
    """Roles that were given another role's rows, such as dev as test and test as dev.

    Args:
        expected: What each role is known to be. A reference may hold more rows than the role.
        given: The rows that were read, by role.

    Returns:
        One sentence for each role that rather is another one; empty where all is well.

    Fingerprints find swaps of unchanged splits. References find them in changed data as well: rows
    are joined on their texts, and on their ids where the ids of the references tell them apart.
    """
    marks = _marks({r: e for r, e in expected.items() if not isinstance(e, str)})
    found = []
    for role, rows in given.items():
        if not rows or role not in expected:
            continue
        print_ = split_fingerprint(rows)
        for other, known in expected.items():
            if other == role:
                continue
            if isinstance(known, str):
                if print_ == known != expected[role]:
                    found.append(f"{role} was given the {len(rows)} rows recorded as {other}")
            elif role in marks:
                mine, theirs = (_known(rows, marks[r]) for r in (role, other))
                if theirs > mine and theirs > len(rows) / 2:
                    found.append(
                        f"{role} was given rows of {other}: {theirs} of {len(rows)} are in the "
                        f"reference of {other}, {mine} in that of {role}"
                    )
    return found


def unexpected(expected: Expected, given: Mapping[str, Sequence[Example]]) -> list[str]:
    """Roles that are not what was expected of them, swapped or changed otherwise."""
    found = swapped(expected, given)
    named = {sentence.partition(" ")[0] for sentence in found}
    marks = _marks({r: e for r, e in expected.items() if not isinstance(e, str)})
    for role, known in expected.items():
        rows = given.get(role, ())
        if role in named:
            continue
        if isinstance(known, str):
            if split_fingerprint(rows) != known:
                found.append(f"{role} is {split_fingerprint(rows)}, the recipe expects {known}")
        elif not rows:
            found.append(f"there are no {role} rows to compare with its reference")
        elif (inside := _known(rows, marks[role])) < len(rows):
            found.append(
                f"{len(rows) - inside} of {len(rows)} {role} rows are not in its reference"
            )
    return found


def _marks(references: Mapping[str, Sequence[Example]]) -> dict[str, tuple[set[bytes], set[str]]]:
    """Texts and telling ids of each reference."""
    ids = {role: {row.id for row in rows} for role, rows in references.items()}
    shared = {i for a, b in combinations(ids, 2) for i in ids[a] & ids[b]}
    return {
        role: ({text_key(row.fields) for row in rows}, set() if shared else ids[role])
        for role, rows in references.items()
    }


def _known(rows: Sequence[Example], marks: tuple[set[bytes], set[str]]) -> int:
    texts, ids = marks
    return sum(row.id in ids or text_key(row.fields) in texts for row in rows)
