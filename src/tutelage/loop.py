"""The sentence, on one page: orders, replies, drafts, kept examples, a student, feedback, orders.

One unit is one arm at one point of its grid with one seed of each stream. Every line is a step that
is read from the store once it is finished (`steps.py`); no line knows the name of a method.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tutelage.exceptions import TrainingError
from tutelage.harvesting import Harvest, without_student
from tutelage.records import Example, Feedback, Fitted, Prediction
from tutelage.row_sets import gold_rows, mix
from tutelage.steps import Unit, Workbench


@dataclass(frozen=True)
class Turn:
    """What one turn of the loop brought."""

    harvest: Harvest
    rows: int
    """Rows the student was trained on."""
    fitted: Fitted
    feedback: Feedback | None
    steps: Mapping[str, str] = field(default_factory=dict)
    """Folder of each step of the turn by its name, inside the run's folder."""


@dataclass(frozen=True)
class Learned:
    """A unit whose last student is final."""

    unit: Unit
    turns: tuple[Turn, ...]
    fitted: Fitted
    """The student that is examined: the last turn's, or one trained on gold too (`gold: last`)."""
    rows: int
    """Rows it was trained on."""


async def learn(bench: Workbench) -> Learned:
    """Run a unit from its first order to its last student. The test stays sealed.

    Raises:
        BudgetReached: the study's cap stops the run; all that was bought is kept.
        TeacherError: the teacher cannot be reached or fails too often.
        TrainingError: a student cannot be trained; where rows were bought, with their account.
    """
    parts, gold = bench.parts, bench.gold
    kept: list[Example] = []
    feedback: Feedback | None = None
    draws: Mapping[str, int] = {}
    turns: list[Turn] = []
    dev = await bench.dev_rows()
    for turn in range(parts.turns):
        harvest = await bench.harvest(turn, kept, feedback, draws)
        kept, draws = [*kept, *harvest.kept], harvest.draws
        rows = mix(kept, gold_rows(gold, parts.with_gold))
        try:
            fitted = bench.fit(turn, rows, dev)
        except TrainingError as error:
            if parts.synthesizer is None:
                raise
            harvests = [*(past.harvest for past in turns), harvest]
            raise without_student(str(bench.unit), harvests, len(rows), error) from error
        last = turn + 1 == parts.turns
        feedback = bench.review(turn, fitted, kept, last=last)
        turns.append(Turn(harvest, len(rows), fitted, feedback, bench.steps(turn)))
        if stops(turns, parts.patience):
            break
    if parts.with_gold == "last":
        rows = mix(kept, gold_rows(gold, "last", last=True))
        fitted = bench.fit(len(turns), rows, dev)
    return Learned(bench.unit, tuple(turns), fitted, len(rows))


def stops(turns: Sequence[Turn], patience: int | None) -> bool:
    """Whether the last `patience` turns brought no better dev score than the best before them;
    never without dev rows."""
    if patience is None or len(turns) <= patience:
        return False
    scores = [best_dev(turn.fitted) for turn in turns]
    best = max(scores[:-patience])
    return best > float("-inf") and max(scores[-patience:]) <= best


def best_dev(fitted: Fitted) -> float:
    """Highest dev accuracy (span QA: token F1; generation: chrF) over training; falls back to the
    lowest dev loss, negated."""
    names = ("accuracy", "f1", "chrf")
    scores = [m.dev[name] for m in fitted.history for name in names if name in m.dev]
    losses = [-m.dev["loss"] for m in fitted.history if "loss" in m.dev]
    return max(scores or losses or [float("-inf")])


def examine(
    bench: Workbench, learned: Learned, open_rows: Callable[[], Sequence[Example]]
) -> dict[str, list[Prediction]]:
    """The last line: let the final student, under each checkpoint rule, answer the rows.

    Args:
        open_rows: Opens the sealed test, or gives dev while a recipe is being developed. Called
            only here, after every student of the study is final.
    """
    rows = open_rows()
    fitted = learned.fitted
    return {
        rule: bench.predict(fitted, rule, rows, rationale=rule == fitted.primary)
        for rule in fitted.folders
    }
