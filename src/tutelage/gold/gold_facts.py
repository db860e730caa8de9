"""What the report and `check` say about gold data: counts, overlaps, warnings, fingerprints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from statistics import fmean, median
from typing import Any

from tutelage.gold.fingerprints import split_fingerprint, text_key
from tutelage.gold.overlaps import Overlap, Repeats, find_repeats
from tutelage.gold.tasks import some_labels
from tutelage.records import Example, Task


def facts_of(
    task: Task,
    roles: Mapping[str, Sequence[Example]],
    *,
    whole: Mapping[str, Sequence[Example]],
    made: Mapping[str, str],
    overlaps: Sequence[Overlap],
    fold: int,
    folds: int,
    mended: Mapping[str, int],
    dropped: Mapping[str, int],
    merged: Mapping[str, int],
) -> dict[str, Any]:
    """Facts of one fold, ready for JSON.

    Args:
        task: Names the labels.
        roles: The rows that the fold uses.
        whole: The roles as read or carved, before anything is left out of them: `gold.expect` is
            compared with these.
        made: `given`, `carved` or the kind of folds, by role.
        overlaps: What the whole roles share, before any of them is cut down by number.
        fold: Number of the fold.
        folds: How many there are.
        mended: Rows by source of which an answer did not stand at its offset (span QA).
        dropped: Rows by role that were left out because a held-out role has their text.
        merged: Held-out rows by role that gave their references to an earlier row of their input.
    """
    fingerprints = {role: split_fingerprint(rows) for role, rows in whole.items() if rows}
    repeats = {role: find_repeats(rows) for role, rows in roles.items() if rows}
    labels = {role: count_labels(task, rows) for role, rows in roles.items() if rows}
    return {
        "fold": fold,
        "folds": folds,
        "rows": {role: len(rows) for role, rows in roles.items()},
        "labels": labels,
        "targets": {role: target_lengths(rows) for role, rows in roles.items() if _written(rows)},
        "made": dict(made),
        "fingerprints": fingerprints,
        "used": {
            role: split_fingerprint(rows) if len(rows) < len(whole[role]) else fingerprints[role]
            for role, rows in roles.items()
            if rows
        },
        "overlaps": [asdict(overlap) for overlap in overlaps],
        "dropped": dict(dropped),
        "merged": dict(merged),
        "repeats": {role: asdict(found) for role, found in repeats.items()},
        "warnings": [
            *_overlap_warnings(overlaps),
            *_dropped_warnings(dropped),
            *_repeat_warnings(task, repeats, roles),
            *_empty_warnings(roles),
            *_offset_warnings(mended),
            *(
                f"{count} {role} rows have the input of an earlier row, which has their references."
                for role, count in merged.items()
            ),
        ],
    }


def count_labels(task: Task, rows: Sequence[Example]) -> dict[str, int]:
    """Rows by label, in the task's order; a multi-label row counts under each of its labels."""
    found = Counter(
        name for row in rows for name in (row.labels if row.labels is not None else (row.label,))
    )
    return {name: found[name] for name in task.label_names}


def _overlap_warnings(overlaps: Sequence[Overlap]) -> list[str]:
    return [f"{overlap}." for overlap in overlaps if overlap.by != "row"]


def _dropped_warnings(dropped: Mapping[str, int]) -> list[str]:
    return [
        f"{count} {role} rows were left out: their text is also in "
        f"{'test' if role == 'dev' else 'dev or test'}."
        for role, count in dropped.items()
    ]


def _written(rows: Sequence[Example]) -> bool:
    return bool(rows) and rows[0].target is not None


def target_lengths(rows: Sequence[Example]) -> dict[str, Any]:
    """How long the targets of a generation task are, and how many references a row has.

    Lengths are in words between white space, of the first reference of each row. `inputs` are
    different inputs: some sets have one row for each of the texts that one input allows.

    >>> row = Example("1", {"text": "x"}, target="two words", references=("two words", "one"))
    >>> target_lengths([row, row])["words"], target_lengths([row, row])["inputs"]
    ({'min': 2, 'median': 2.0, 'mean': 2.0, 'max': 2}, 1)
    """
    return {
        "words": _spread([len((row.target or "").split()) for row in rows]),
        "references": _spread([len(row.references) for row in rows]),
        "inputs": len({text_key(row.fields) for row in rows}),
    }


def _spread(values: Sequence[int]) -> dict[str, float]:
    return {
        "min": min(values),
        "median": float(median(values)),
        "mean": round(fmean(values), 2),
        "max": max(values),
    }


def _repeat_warnings(
    task: Task, repeats: Mapping[str, Repeats], roles: Mapping[str, Sequence[Example]]
) -> list[str]:
    told = []
    for role, found in repeats.items():
        if task.kind == "generation" and found.rows:
            told.append(
                f"{found.rows} of {len(roles[role])} {role} rows have the input of an earlier row; "
                "each is kept with its target."
            )
            continue
        if found.rows:
            told.append(f"{found.rows} of {len(roles[role])} {role} rows repeat an earlier text.")
        if found.contradicting:
            told.append(f"{found.contradicting} texts in {role} carry different answers.")
    return told


def _offset_warnings(mended: Mapping[str, int]) -> list[str]:
    return [
        f"In {count} rows of the {role} source an answer does not stand at its offset; it stands "
        "once elsewhere in its context and was taken from there."
        for role, count in mended.items()
        if count
    ]


def _empty_warnings(roles: Mapping[str, Sequence[Example]]) -> list[str]:
    return [f"There are no {role} rows." for role in ("train", "dev", "test") if not roles[role]]


def absent_labels(folds: Sequence[Mapping[str, Any]]) -> list[str]:
    """One warning of the labels that no row of a role has, in all folds together; or none.

    Args:
        folds: The facts of each fold.
    """
    told = []
    for role in ("train", "dev", "test"):
        lacking = [_absent(fold, role) for fold in folds]
        names = list(dict.fromkeys(name for absent in lacking for name in absent))
        if names:
            where = "" if all(absent == names for absent in lacking) else " in some folds"
            told.append(f"{role} has no row of {some_labels(names)}{where}")
    return [f"{'; '.join(told)}."] if told else []


def _absent(fold: Mapping[str, Any], role: str) -> list[str]:
    return [name for name, count in fold["labels"].get(role, {}).items() if not count]
