"""A package of somebody else: a synthesizer, a check and a learner for Tutelage.

It is what `docs/plugins.md` builds step by step, and the tests install and use it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tutelage.contracts import Bench
from tutelage.plugins import Plugin
from tutelage.records import (
    Brief,
    Draft,
    Example,
    Fitted,
    Message,
    Moment,
    Order,
    Origin,
    Prediction,
    Reply,
    Request,
    Sampling,
    Task,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class ParaphraseOptions:
    """Rewrites gold rows."""

    rows: int = 10
    """Rows to rewrite in each turn."""


@dataclass(frozen=True)
class Paraphrase:
    """One order for each of the first rows, one request for each order, one draft for each reply."""

    task: Task
    rows: int
    stages: tuple[str, ...] = ("paraphrases",)
    waves: int = 1

    def quota(self, brief: Brief) -> Mapping[str, int]:
        return {}

    def orders(self, stage: str, brief: Brief) -> Sequence[Order]:
        return [Order(i, "text", row.label, row) for i, row in enumerate(brief.train[: self.rows])]

    def step(self, order: Order, replies: Sequence[Reply]) -> Sequence[Request] | Sequence[Draft]:
        assert order.source is not None
        field = self.task.fields[0]
        if not replies:
            prompt = f"Say this in other words: {order.source.fields[field]}"
            return [Request((Message("user", prompt),), Sampling(temperature=0.9, max_tokens=80))]
        row = replace(
            order.source,
            id=f"{order.source.id}-again",
            fields={field: f"{replies[0].text} ({order.number})"},
            origin=Origin(source=order.source.id, requests=(replies[0].request,)),
        )
        return [Draft(0, order.number, row, replies[0].text)]


def build_paraphrase(options: ParaphraseOptions, *, task: Task, folder: Path) -> Paraphrase:
    return Paraphrase(task, options.rows)


@dataclass(frozen=True)
class NoShouting:
    """Drops rows in capitals."""

    def judge(self, drafts: Sequence[Draft], bench: Bench) -> list[Verdict]:
        return [
            Verdict(draft.number, "dropped", "no_shouting", "all in capitals")
            if isinstance(draft.content, Example)
            and any(text.isupper() for text in draft.content.fields.values())
            else Verdict(draft.number, "kept", "no_shouting")
            for draft in drafts
        ]


def build_no_shouting(options: object, *, task: Task) -> NoShouting:
    return NoShouting()


@dataclass(frozen=True)
class FirstWord:
    """Learns the commonest label of each first word."""

    task: Task

    def fit(
        self, rows: Sequence[Example], dev: Sequence[Example], *, seed: int, folder: Path
    ) -> Fitted:
        counts: dict[str, Counter[str]] = {}
        for row in rows:
            counts.setdefault(self._word(row), Counter())[row.label or ""] += 1
        table = {word: labels.most_common(1)[0][0] for word, labels in counts.items()}
        (folder / "table.json").write_text(json.dumps(table))
        moment = Moment(step=1, epoch=1.0, dev={"accuracy": self._accuracy(table, dev)})
        return Fitted({"last": str(folder)}, "last", (moment,), {"words": len(table)})

    def load(self, folder: Path) -> FirstWordStudent:
        return FirstWordStudent(self, json.loads((folder / "table.json").read_text()))

    def _word(self, row: Example) -> str:
        return row.fields[self.task.fields[0]].split()[0].lower()

    def _accuracy(self, table: dict[str, str], rows: Sequence[Example]) -> float:
        return sum(table.get(self._word(row)) == row.label for row in rows) / max(len(rows), 1)


@dataclass(frozen=True)
class FirstWordStudent:
    learner: FirstWord
    table: dict[str, str]

    def predict(self, examples: Sequence[Example], *, rationale: bool = False) -> list[Prediction]:
        default = self.learner.task.label_names[0]
        return [
            Prediction(row.id, label=self.table.get(self.learner._word(row), default))
            for row in examples
        ]


def build_first_word(options: object, *, task: Task) -> FirstWord:
    return FirstWord(task)


PLUGINS = (
    Plugin(
        "synthesizer",
        "acme_paraphrase",
        "acme_tutelage:build_paraphrase",
        ParaphraseOptions,
        "Rewrites gold rows.",
    ),
    Plugin("check", "acme_no_shouting", "acme_tutelage:build_no_shouting"),
    Plugin("learner", "acme_first_word", "acme_tutelage:build_first_word"),
)
