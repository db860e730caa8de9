"""What a study found, as plain facts: `results.json`, from which the report is made.

Everything that depends on when or how often the run was started stands under `clock`; all the rest
is the same for a run that was killed and resumed as for one that was not.
"""

from __future__ import annotations

import platform
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Self

from tutelage.evaluation.slicing import sliced_by, slices
from tutelage.evaluation.standings import (
    Contender,
    choose_grid,
    comparisons,
    contenders,
    table,
)
from tutelage.evaluation.text_quality import references_of, text_signatures
from tutelage.exceptions import TrainingError
from tutelage.loop import Learned, Turn, best_dev
from tutelage.recipe import Recipe
from tutelage.recipe.validation import BLIND, parse_primary
from tutelage.records import Example, Label, Scorecard, Task, Usage
from tutelage.steps import Parts, Unit
from tutelage.store.ledger import Ledger
from tutelage.study.building import Prepared
from tutelage.study.draft_reasons import reason_facts
from tutelage.study.gold_use import gold_use
from tutelage.study.recitation import recited
from tutelage.study.returns import return_facts
from tutelage.study.shop import arm_of
from tutelage.study.teacher_facts import seconds_in, size_facts, without_seconds
from tutelage.synthesis.rationales import label_mentions

SHOWN_EXAMPLES = 12


@dataclass(frozen=True)
class Evidence:
    """All that was learned and measured."""

    prepared: Prepared
    learned: Sequence[Learned]
    dev_cards: Sequence[Scorecard]
    charged: Mapping[Unit, Usage]
    failed: Mapping[str, TrainingError] = field(default_factory=dict)
    """Arms without a student, with the reason."""
    turn_cards: Sequence[Scorecard] = ()
    """Dev cards of every turn of arms with several."""
    rows: Sequence[Example] = ()
    """Rows of the split that was examined last."""
    cards: Sequence[Scorecard] = ()
    """Cards of that split, rivals included."""
    openings: Sequence[str] = ()
    final: bool = False
    teachers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Of `teacher_facts`, once nobody asks any more."""

    def with_test(
        self, rows: Sequence[Example], cards: Sequence[Scorecard], openings: Sequence[str]
    ) -> Self:
        return replace(self, rows=rows, cards=cards, openings=openings, final=True)

    def with_rivals(self, rivals: Sequence[Scorecard]) -> Self:
        rows = [row for gold in self.prepared.golds for row in gold.dev]
        return replace(self, rows=rows, cards=[*self.dev_cards, *rivals])

    @property
    def rules(self) -> dict[str, str]:
        """Primary checkpoint rule by arm."""
        return {entry.unit.arm: entry.fitted.primary for entry in self.learned}

    @property
    def chosen(self) -> dict[str, Contender]:
        """Each arm at the grid point that is best on dev, and each rival."""
        metric = self.prepared.task.metric
        chosen = choose_grid(self.dev_cards, rules=self.rules, metric=metric)
        rivals = {c.arm: c for c in contenders(self.cards) if c.arm not in chosen}
        return {**chosen, **rivals}


def results_of(evidence: Evidence, *, ledger: Ledger, study: str, started: float) -> dict[str, Any]:
    """All facts of a finished run."""
    prepared = evidence.prepared
    recipe = prepared.recipe
    task, by = prepared.task, cluster(prepared)
    chosen = evidence.chosen
    pairs = compared_pairs(prepared, chosen)
    return {
        "format": 1,
        "name": recipe.name,
        "about": recipe.about,
        "paper": recipe.paper,
        "mode": recipe.mode,
        "split": "test" if evidence.final else "dev",
        "task": {**asdict(task), "labels": [asdict(label) for label in task.labels]},
        "recipe": prepared.loaded.resolved(),
        "gold": [dict(gold.facts) for gold in prepared.golds],
        "units": [
            unit_facts(entry, evidence.charged, task.labels, prepared.parts(entry.unit))
            for entry in evidence.learned
        ],
        "failed": [
            {"arm": arm, "what": error.what, "why": error.why, "do": error.do}
            for arm, error in evidence.failed.items()
        ],
        "chosen": {arm: contender._asdict() for arm, contender in chosen.items()},
        "rules": evidence.rules,
        "rivals": [name for name in chosen if name not in recipe.arms],
        "cluster": by,
        "standings": [s.to_facts() for s in table(task, evidence.rows, evidence.cards, by=by)],
        "dev_standings": [
            s.to_facts() for s in table(task, _dev_rows(prepared), evidence.dev_cards, by=by)
        ],
        "comparisons": [
            c.to_facts() for c in comparisons(task, evidence.rows, evidence.cards, pairs, by=by)
        ],
        "primary": recipe.primary,
        "slices": slice_facts(evidence, by),
        "slices_against": slice_reference(evidence),
        "sliced_by": sliced_by(task),
        "signatures": text_signatures(task, evidence.rows),
        "recited": recited(prepared, evidence.learned, chosen, evidence.cards),
        "confusion": {
            arm: _confusion(_cards_of(evidence, contender)) for arm, contender in chosen.items()
        },
        "returns": return_facts(
            prepared,
            evidence.learned,
            chosen,
            evidence.dev_cards,
            evidence.turn_cards,
            by=by,
        ),
        "gold_use": gold_use(prepared, evidence.learned, chosen),
        "teachers": without_seconds(evidence.teachers),
        "sizes": size_facts(recipe, evidence.learned, chosen, evidence.teachers),
        "examples": shown_examples(evidence),
        "costs": cost_facts(evidence, ledger, study),
        "openings": len(evidence.openings),
        "clock": clock_facts(evidence, ledger, study, started),
    }


def cluster(prepared: Prepared) -> str:
    """What makes test rows depend on each other: the premise of a pair, the context of a question,
    or what the recipe says."""
    return cluster_of(prepared.recipe, prepared.task)


def cluster_of(recipe: Recipe, task: Task) -> str:
    """The same, before anything is built."""
    if by := recipe.gold.carve.by:
        return by
    return task.fields[0] if task.kind in ("nli", "span_qa") else ""


def compared_pairs(
    prepared: Prepared, chosen: Mapping[str, Contender]
) -> list[tuple[Contender, Contender]]:
    """The comparisons that are shown: the primary one first, then every other contender against
    the same reference. Few on purpose: Holm makes each further one cost all the others."""
    better, worse = parse_primary(prepared.recipe.primary)
    gold_only = _gold_only(prepared.recipe)
    reference = next(name for name in (worse, *gold_only, *chosen) if name in chosen)
    first = [better] if better in chosen and better != reference else []
    others = [
        name
        for name in chosen
        if name not in (better, reference)
        and (name in prepared.recipe.arms or _is_strong(prepared, name))
    ]
    return [(chosen[name], chosen[reference]) for name in (*first, *others)]


def slice_reference(evidence: Evidence) -> str:
    """The arm that all others are held against slice by slice: gold only, else the reference of
    the primary comparison; empty where neither ran."""
    arms, chosen = evidence.prepared.recipe.arms, evidence.chosen
    gold_only = _gold_only(evidence.prepared.recipe)
    worse = parse_primary(evidence.prepared.recipe.primary)[1]
    return next((name for name in (*gold_only, worse) if name in chosen and name in arms), "")


def _gold_only(recipe: Recipe) -> list[str]:
    """Arms that train on the gold rows alone which all others see too. An upper bound is none."""
    return [
        name
        for name, arm in recipe.arms.items()
        if not arm.synthesis and not arm.rows and arm.gold != "whole"
    ]


def slice_facts(evidence: Evidence, by: str) -> dict[str, list[dict[str, Any]]]:
    """Every arm on every slice, and its gap to the reference there."""
    task, chosen, reference = evidence.prepared.task, evidence.chosen, slice_reference(evidence)
    against = _cards_of(evidence, chosen[reference]) if reference else []
    return {
        arm: [
            found.to_facts()
            for found in slices(
                task,
                evidence.rows,
                _cards_of(evidence, contender),
                against=() if arm == reference else against,
                by=by,
            )
        ]
        for arm, contender in chosen.items()
        if arm in evidence.prepared.recipe.arms
    }


def _is_strong(prepared: Prepared, rival: str) -> bool:
    """Whether a rival is worth a comparison: beating one that does not look proves little."""
    return prepared.recipe.rivals[rival].kind not in BLIND


def _dev_rows(prepared: Prepared) -> list[Example]:
    return [row for gold in prepared.golds for row in gold.dev]


def _cards_of(evidence: Evidence, contender: Contender) -> list[Scorecard]:
    return contenders(evidence.cards).get(contender, [])


def _confusion(cards: Sequence[Scorecard]) -> Any:
    """Counts summed over seeds."""
    tables = [card.facts["confusion"] for card in cards if "confusion" in card.facts]
    if not tables:
        return None
    counts = [
        [sum(cell) for cell in zip(*lines, strict=True)]
        for lines in zip(*(t["counts"] for t in tables), strict=True)
    ]
    return {**tables[0], "counts": counts, "students": len(tables)}


# --- units ----------------------------------------------------------------------------------------


def unit_facts(
    entry: Learned, charged: Mapping[Unit, Usage], labels: Sequence[Label], parts: Parts
) -> dict[str, Any]:
    """What one unit bought, kept and learned."""
    fitted = entry.fitted
    return {
        **asdict(entry.unit),
        "turns": [turn_facts(turn, labels) for turn in entry.turns],
        "most_waves": parts.synthesizer.waves if parts.synthesizer else 1,
        "most_rows": parts.most_rows,
        "upper_bound": parts.with_gold == "whole",
        "rows": entry.rows,
        "primary": fitted.primary,
        "folders": dict(fitted.folders),
        "history": [asdict(moment) for moment in fitted.history],
        "training": dict(fitted.facts),
        "charged": asdict(charged.get(entry.unit, Usage())),
    }


def turn_facts(turn: Turn, labels: Sequence[Label]) -> dict[str, Any]:
    harvest = turn.harvest
    decisions = Counter(verdict.decision for verdict in harvest.verdicts)
    return {
        "drafts": harvest.drafts,
        "decisions": dict(sorted(decisions.items())),
        **reason_facts(harvest.verdicts),
        "added": len(harvest.kept),
        "added_by_label": dict(sorted(Counter(row.label or "" for row in harvest.kept).items())),
        "materials": harvest.materials,
        "with_rationale": sum(1 for row in harvest.kept if row.rationale),
        "rationale_names_label": label_mentions(harvest.kept, labels)["own"],
        "rows": turn.rows,
        "requests": len(harvest.requests),
        "failed": harvest.failed,
        "unbought": harvest.unbought,
        "stopped": harvest.stopped,
        "waves": harvest.waves,
        "wanted": dict(harvest.wanted),
        "usage": asdict(harvest.usage),
        "gold_shown": len(harvest.shown),
        "lacking": {name: count for name, count in harvest.lacking.items() if count},
        "feedback": dict(turn.feedback.measures) if turn.feedback else {},
        "reviewed": turn.feedback is not None,
        "feedback_rows": len(turn.feedback.rows) if turn.feedback else 0,
        "best_dev": best_dev(turn.fitted),
        "steps": dict(turn.steps),
    }


# --- examples -------------------------------------------------------------------------------------


def shown_examples(evidence: Evidence) -> list[dict[str, Any]]:
    """A few examined rows with every arm's answer, so that a reader sees what the figures count.

    Rows are taken in the order of their ids' hash: no row is picked because it looks good.
    """
    first = {
        arm: {p.id: p for p in cards[0].predictions}
        for arm, contender in evidence.chosen.items()
        if (cards := _cards_of(evidence, contender))
    }
    rows = sorted(evidence.rows, key=lambda row: row.row_fingerprint())[:SHOWN_EXAMPLES]
    kind = evidence.prepared.task.kind
    return [
        {
            "id": row.id,
            "fields": dict(row.fields),
            "answer": row.answer,
            "references": list(references_of([row])[0]) if kind == "generation" else [],
            "answers": {
                arm: {
                    "said": list(p.answer) if isinstance(p.answer, tuple) else p.answer,
                    "rationale": p.rationale,
                }
                for arm, predictions in first.items()
                if (p := predictions.get(row.id))
            },
        }
        for row in rows
    ]


# --- money and time -------------------------------------------------------------------------------


def cost_facts(evidence: Evidence, ledger: Ledger, study: str) -> dict[str, Any]:
    """What was charged to each arm and rival, as if it had bought its replies alone."""
    charged: dict[tuple[str, int], Usage] = {}
    for total in ledger.totals(study=study):
        key = (total.account.arm, total.account.purchase)
        charged[key] = charged.get(key, Usage()) + total.charged
    return {
        "charged": [
            {
                "arm": arm_of(buyer),
                "buyer": buyer,
                "purchase_seed": purchase,
                **asdict(usage),
                "usd": usage.usd,
            }
            for (buyer, purchase), usage in sorted(charged.items())
        ],
        "unpriced": sum(total.unpriced for total in ledger.totals(study=study)),
    }


def clock_facts(evidence: Evidence, ledger: Ledger, study: str, started: float) -> dict[str, Any]:
    """What depends on when, where and how often the run was started."""
    totals = ledger.totals(study=study)
    paid = sum((total.paid for total in totals), Usage())
    presumed = sum((total.presumed for total in totals), Usage())
    return {
        "study": study,
        "started": started,
        "finished": time.time(),
        "training_seconds": {
            str(entry.unit): round(entry.fitted.seconds, 2) for entry in evidence.learned
        },
        "teacher_seconds": {
            name: seconds
            for name, told in evidence.teachers.items()
            if (seconds := seconds_in(told["facts"]))
        },
        "paid": {**asdict(paid), "usd": paid.usd},
        "presumed": {**asdict(presumed), "usd": presumed.usd},
        "openings": [
            {"run": o.run, "recipe": o.recipe, "at": o.at, "fingerprint": o.fingerprint}
            for gold in evidence.prepared.golds
            for o in ledger.openings(gold.test.fingerprint)
        ],
        "environment": environment(),
    }


def environment() -> dict[str, Any]:
    """Versions and machine."""
    packages = ("tutelage", "torch", "transformers", "scikit-learn", "numpy", "aiohttp")
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "machine": platform.machine(),
        "packages": found,
    }
