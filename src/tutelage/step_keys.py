"""Identities by which steps are keyed, and folders that survive a move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tutelage.records import Brief, Fitted, Task, content_hash
from tutelage.store.encoding import encode, rows_fingerprint


def task_identity(task: Task) -> Mapping[str, Any]:
    """A task as the plain data by which steps are keyed."""
    return {
        "kind": task.kind,
        "fields": list(task.fields),
        "labels": [[label.name, label.words, label.guideline] for label in task.labels],
        "instruction": task.instruction,
        "metric": task.metric,
    }


def brief_fingerprint(brief: Brief) -> str:
    """Identity of all that a method was shown. Dev rows are in it where there are any, so that
    methods which are shown none keep the keys that they had before there could be."""
    calibration = [rows_fingerprint(brief.dev)] if brief.dev else []
    return content_hash(
        "brief2",
        [
            task_identity(brief.task),
            rows_fingerprint(brief.train),
            rows_fingerprint(brief.unlabelled),
            rows_fingerprint(brief.kept),
            encode(brief.feedback) if brief.feedback else None,
            brief.turn,
            brief.seed,
            brief.wave,
            brief.placed,
            rows_fingerprint(brief.accepted),
            dict(brief.lacking),
            encode(brief.materials),
            *calibration,
        ],
    )


def relative(fitted: Fitted, folder: Path) -> Fitted:
    """The same with folders relative to the run's, so that a run can be moved."""
    return replace(
        fitted,
        folders={
            rule: str(Path(place).resolve().relative_to(folder.resolve()))
            for rule, place in fitted.folders.items()
        },
    )
