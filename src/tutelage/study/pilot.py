"""How good the teacher is, asked about gold train rows before it labels what nobody can check.

The pilot stands before an arm that annotates: a teacher that is no better than a student of the
gold rows alone has nothing to teach it. Only train rows are asked: dev and test stay sealed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from tutelage.buying import Answers
from tutelage.evaluation.alignment import indicators
from tutelage.evaluation.classification import confusion
from tutelage.evaluation.influence import row_values
from tutelage.evaluation.rivals import unanswered
from tutelage.evaluation.significance import Interval, interval
from tutelage.evaluation.text_rivals import Nearest
from tutelage.exceptions import TrainingError, UserError
from tutelage.gold.opening import Gold
from tutelage.plugins import find
from tutelage.recipe import LoadedRecipe
from tutelage.recipe.named_teachers import MAIN, is_tuned, teachers_of
from tutelage.records import Example, Prediction, Reply, Request, Task, Usage, content_hash
from tutelage.study.building import build_synthesizer
from tutelage.teacher.annotator import AnnotatorOptions, ask, choose_shots, read

ROWS = 50
"""Gold train rows of a pilot."""
STAND_IN = "linear"
"""The gold-only student to which the teacher is compared: it is trained in seconds."""
OVERLAP = "rouge_l"
"""By which texts are judged, which are not right or wrong: a mean over rows, 0 to 1."""
FAR = 0.5
"""Overlap below which a text is shown as one that parts from gold."""

AskFor = Callable[[str, Sequence[Request]], Awaitable[Answers]]
"""Buys requests on the account of an arm's pilot."""


@runtime_checkable
class Annotating(Protocol):
    """A synthesizer that lets the teacher decide labels, and says how it is asked."""

    asking: AnnotatorOptions


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A gold row that the teacher answers otherwise."""

    id: str
    fields: dict[str, str]
    gold: Any
    said: Any
    """None where its answer could not be read."""
    reply: str


@dataclass(frozen=True)
class Pilot:
    """What the teacher said about gold train rows."""

    arm: str
    """Empty where no arm annotates, and the teacher was asked zero-shot."""
    teacher: str
    rows: int
    asked: int
    """Replies that came; rows without one count as wrong."""
    right: int
    """Rows that are right; texts: those that are word for word a reference."""
    accuracy: Interval
    """Share of rows that are right; of texts the mean ROUGE-L with their references."""
    unreadable: int
    confusion: dict[str, Any] | None
    """None for tasks other than with one label a row."""
    disagreements: tuple[Disagreement, ...]
    usage: Usage
    """What the replies cost, as if bought alone."""
    student: Interval | None = None
    """The gold-only student on the same rows, without having seen them; of texts the target of the
    nearest other gold row. None where there are too few rows to train one, and for questions, which
    the stand-in cannot learn."""
    stopped: str = ""
    """The cap that ended the purchase."""
    texts: bool = False
    """Whether the teacher wrote texts."""
    called: str = MAIN
    """The teacher's name in the recipe."""

    @property
    def better(self) -> bool | None:
        """Whether the teacher is better than the gold-only student; None where there is none."""
        return None if self.student is None else self.accuracy.point > self.student.point

    @property
    def sentence(self) -> str:
        """The finding in words."""
        if self.texts:
            return self._of_texts()
        told = f"{self._who} answers {_share(self.accuracy)} of {self.rows} gold train rows right"
        if self.student is None:
            why = "too few gold rows, or no quick student for the task"
            return f"{told}; there is nothing to compare it with ({why})."
        sign = "more than" if self.better else "no more than"
        return (
            f"{told}, {sign} a {STAND_IN} student of the other gold rows "
            f"({_share(self.student)} of the same rows)."
        )

    @property
    def _who(self) -> str:
        return f"The teacher {self.called}" if self.called else "The teacher"

    def _of_texts(self) -> str:
        told = (
            f"{self._who}'s texts for {self.rows} gold train rows have a ROUGE-L of "
            f"{_share(self.accuracy)} with theirs"
        )
        if self.student is None:
            return f"{told}; there is nothing to compare it with (too few gold rows)."
        sign = "more than" if self.better else "no more than"
        return f"{told}, {sign} the target of the nearest other gold row ({_share(self.student)})."

    def to_facts(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            **asdict(self),
            "usd": self.usage.usd,
            "better": self.better,
            "sentence": self.sentence,
        }


def _share(found: Interval) -> str:
    return f"{found.point:.0%} ({found.low:.0%} to {found.high:.0%})"


@dataclass(frozen=True)
class Asking:
    """How a teacher is asked, and for which arm."""

    arm: str
    options: AnnotatorOptions
    teacher: str = MAIN
    """Its name in the recipe."""


def annotating_arms(loaded: LoadedRecipe, task: Task, names: Sequence[str] = ()) -> list[Asking]:
    """Arms in which the teacher decides labels, each way of asking each teacher once.

    Teachers that are tuned are left out: they have learned the rows that a pilot asks about.

    Args:
        loaded: Holds the arms.
        task: For the synthesizers.
        names: Look at these arms only; all where empty.
    """
    found: list[Asking] = []
    for name, arm in loaded.recipe.arms.items():
        if arm.synthesis is None or (names and name not in names):
            continue
        synthesizer = build_synthesizer(loaded, arm.synthesis, task)
        if not isinstance(synthesizer, Annotating):
            continue
        way = Asking(name, synthesizer.asking, arm.teacher)
        known = any((o.options, o.teacher) == (way.options, way.teacher) for o in found)
        if not known and not is_tuned(teachers_of(loaded.recipe)[way.teacher]):
            found.append(way)
    return found


async def try_teacher(
    asking: Asking,
    gold: Gold,
    *,
    buy: AskFor,
    teacher: str,
    rows: int = ROWS,
    compare: bool = True,
) -> Pilot:
    """Let the teacher answer gold train rows, and compare it with a student of the others.

    Args:
        asking: How it is asked.
        gold: The train rows.
        buy: Buys replies.
        teacher: Its name.
        rows: How many to ask, chosen by their content; at most all.
        compare: Also train the stand-in of the gold-only student.

    Raises:
        BudgetReached: the study's cap.
        UserError: there are no gold train rows.
    """
    task = gold.task
    if not gold.train:
        raise UserError("There are no gold train rows to try the teacher on.")
    chosen = pilot_rows(gold, rows)
    requests = [pilot_request(asking.options, gold, row) for row in chosen]
    answers = await buy(asking.arm, requests)
    predictions = [
        read(task, row, reply, options=asking.options)
        if isinstance(reply, Reply)
        else Prediction(row.id)
        for row, reply in zip(chosen, answers.replies, strict=True)
    ]
    right = right_rows(task, chosen, predictions)
    replies = [reply for reply in answers.replies if isinstance(reply, Reply)]
    return Pilot(
        arm=asking.arm,
        teacher=teacher,
        rows=len(chosen),
        asked=len(replies),
        right=int((right == 1).sum()),
        accuracy=interval(right),
        unreadable=sum(p.answer is None for p in predictions),
        confusion=_confusion(task, chosen, predictions),
        disagreements=tuple(_disagreements(chosen, predictions, right)),
        usage=sum((reply.usage for reply in replies), Usage()),
        student=student_beside(gold, chosen) if compare else None,
        stopped=answers.stopped,
        texts=task.kind == "generation",
        called=asking.teacher,
    )


def pilot_rows(gold: Gold, count: int = ROWS) -> list[Example]:
    """The train rows that a pilot asks about, chosen by their content."""
    ranked = sorted(gold.train, key=lambda row: content_hash("pilot1", row.row_fingerprint()))
    return ranked[:count]


def pilot_request(options: AnnotatorOptions, gold: Gold, row: Example) -> Request:
    """Asked like an unlabelled row: without its answer, and never shown among the examples."""
    others = [other for other in gold.train if other.id != row.id]
    shots = choose_shots(gold.task, others, options.shots, seed=0) if options.shots else ()
    # Shared: a second pilot must find these replies rather than draw new ones.
    return replace(ask(gold.task, unanswered(row), shots=shots, options=options), shared=True)


def right_rows(
    task: Task, rows: Sequence[Example], predictions: Sequence[Prediction]
) -> npt.NDArray[np.float64]:
    """1 for each row that is right in all its labels (a question: exactly), else 0; of a text its
    overlap with the best reference."""
    if task.kind == "span_qa":
        return row_values(task, rows, predictions, metric="em")
    if task.kind == "generation":
        return row_values(task, rows, predictions, metric=OVERLAP)
    return indicators(task, rows, predictions).right.astype(np.float64)


def _confusion(
    task: Task, rows: Sequence[Example], predictions: Sequence[Prediction]
) -> dict[str, Any] | None:
    if task.kind not in ("classification", "nli"):
        return None
    return confusion(task, rows, predictions).to_facts()


def _disagreements(
    rows: Sequence[Example],
    predictions: Sequence[Prediction],
    right: npt.NDArray[np.float64],
) -> list[Disagreement]:
    return [
        Disagreement(row.id, dict(row.fields), row.answer, said.answer, said.text or "")
        for row, said, good in zip(rows, predictions, right, strict=True)
        if good < FAR
    ]


def student_beside(gold: Gold, held: Sequence[Example]) -> Interval | None:
    """Accuracy of a quick student on `held`, trained on the other train rows.

    None where they are too few to train one, and for questions. Texts are looked up.
    """
    if gold.task.kind == "span_qa":
        return None
    out = {row.id for row in held}
    rows = [row for row in gold.train if row.id not in out]
    if gold.task.kind == "generation":
        said = Nearest(gold.task, rows).predict(held) if rows else []
        return interval(right_rows(gold.task, held, said)) if said else None
    plugin = find("learner", STAND_IN)
    learner = plugin.make(plugin.options(), task=gold.task)
    with tempfile.TemporaryDirectory() as place:
        try:
            fitted = learner.fit(rows, gold.dev, seed=1, folder=Path(place))
        except TrainingError:
            return None
        student = learner.load(Path(fitted.folders[fitted.primary]))
        return interval(right_rows(gold.task, held, student.predict(held)))
