"""Answers for unlabelled rows by a prompted teacher: the arm that most users need.

Generate nothing, label what there is. Rows are chosen turn by turn (`candidates`), asked for and
understood as by any annotator (`tutelage.teacher.annotator`), and drafted with the teacher's label,
and where asked its reasons and scores. With several votes (self-consistency, Wang et al., ICLR
2023) the same prompt is drawn several times and the majority labels the row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tutelage.exceptions import UserError
from tutelage.records import (
    Brief,
    Draft,
    Example,
    Order,
    Prediction,
    Refusal,
    Reply,
    Request,
    Task,
)
from tutelage.synthesis import AnnotateOptions
from tutelage.synthesis.candidates import at_random, by_weight, near, spread
from tutelage.synthesis.rationales import at_least, begun, done
from tutelage.teacher.annotator import AnnotatorOptions, abstains, ask, choose_shots, read
from tutelage.teacher.cleaning import refusal
from tutelage.teacher.templating import load, placed

ALTERNATIVES = 20
"""Tokens asked for at each place: as many as OpenAI-compatible endpoints give."""


@dataclass(frozen=True)
class Annotation:
    """A synthesizer that orders one label for each chosen unlabelled row."""

    task: Task
    options: AnnotateOptions
    asking: AnnotatorOptions
    stages: tuple[str, ...] = ("annotations",)
    waves: int = 1

    def quota(self, brief: Brief) -> Mapping[str, int]:
        return {}

    def orders(self, stage: str, brief: Brief) -> Sequence[Order]:
        """One order for each row of this turn; rows that were kept before are not asked again."""
        if not brief.unlabelled:
            raise UserError(
                "There are no unlabelled rows to annotate.",
                "This synthesis labels rows that have no label yet.",
                "Give `gold.unlabelled`, or choose another synthesis.",
            )
        shots = choose_shots(self.task, brief.train, self.options.shots, seed=brief.seed)
        return [
            Order(number, "annotation", source=begun(_bare(row), brief), shots=shots)
            for number, row in enumerate(self._choose(brief))
        ]

    def step(self, order: Order, replies: Sequence[Reply]) -> Sequence[Request] | Sequence[Draft]:
        row = order.source
        assert row is not None
        if not replies:
            return [
                ask(self.task, row, shots=order.shots, options=self.asking)
            ] * self.options.votes
        answers = [read(self.task, row, reply, options=self.asking) for reply in replies]
        raw = "\n---\n".join(reply.text for reply in replies)
        return [Draft(order.number, order.number, self._content(order, replies, answers), raw)]

    def _choose(self, brief: Brief) -> Sequence[Example]:
        """The rows of this turn."""
        count, seed, way = self.options.rows, brief.seed, self.options.choose
        known = {name for row in brief.kept for name in (row.id, row.origin.source)}
        left = [row for row in brief.unlabelled if row.id not in known]
        weighted = brief.feedback.rows if brief.feedback else ()
        blind = way in ("uncertainty", "near_errors") and not weighted
        if count is None or way == "random" or blind:
            return at_random(brief.unlabelled, count, seed=seed, turn=brief.turn)
        if way == "coverage":
            return spread(left, [*brief.train, *brief.kept], count, seed=seed)
        return (by_weight if way == "uncertainty" else near)(left, weighted, count, seed=seed)

    def _content(
        self, order: Order, replies: Sequence[Reply], answers: Sequence[Prediction]
    ) -> Example | Refusal:
        assert order.source is not None
        answer = _vote(self.task, answers)
        if answer is None:
            return Refusal(self._reason(replies, answers))
        first = next((a for a in answers if a.answer == answer), answers[0])
        return replace(
            order.source,
            **_known(self.task, answer, first),
            rationale=first.rationale,
            scores=self._scores(answers),
            origin=done(order, replies),
        )

    def _scores(self, answers: Sequence[Prediction]) -> Mapping[str, float] | None:
        """Shares of the votes by label, or what the log-probabilities of one reply say."""
        if len(answers) == 1:
            return answers[0].scores if self.options.soft_labels else None
        if not self.task.labels:
            return None
        return _shares(self.task, answers)

    def _reason(self, replies: Sequence[Reply], answers: Sequence[Prediction]) -> str:
        """Why no answer came out."""
        if any(answer.answer is not None for answer in answers):
            return "no majority among the votes"
        if not any(reply.text.strip() for reply in replies):
            return "empty reply"
        if any(abstains(self.task, reply) for reply in replies):
            return "abstained"
        phrase = next(filter(None, (refusal(reply.text) for reply in replies)), None)
        what = "label can be read for certain" if self.task.labels else "answer is in the context"
        return f"refused: {phrase}" if phrase else f"no {what}"


def _known(task: Task, answer: str | tuple[str, ...], first: Prediction) -> dict[str, Any]:
    """The answer as parts of a row; of a question, the span by which `first` gave it."""
    if task.kind == "span_qa":
        return {"spans": first.spans}
    return {"labels": answer} if isinstance(answer, tuple) else {"label": answer}


def _vote(task: Task, answers: Sequence[Prediction]) -> str | tuple[str, ...] | None:
    """What most of the answers say; None where the most are unreadable or two say it as often.

    Where several labels may apply, each one that more than half of the readable answers name.
    """
    votes = Counter(answer.answer for answer in answers).most_common()
    if task.kind == "multi_label" and 2 * sum(n for a, n in votes if a is not None) > len(answers):
        shares = _shares(task, answers)
        return tuple(name for name in task.label_names if shares[name] > 0.5)
    tied = len(votes) > 1 and votes[0][1] == votes[1][1]
    return None if tied else votes[0][0]


def _shares(task: Task, answers: Sequence[Prediction]) -> Mapping[str, float]:
    """Share of the readable answers that name each label."""
    said = [one.answer for one in answers if one.answer is not None]
    named = [a if isinstance(a, tuple) else (a,) for a in said]
    return {name: sum(name in one for one in named) / len(named) for name in task.label_names}


def _bare(row: Example) -> Example:
    """`row` without anything that says its answer."""
    return Example(row.id, row.fields, weight=row.weight, origin=row.origin, tags=row.tags)


def build(options: AnnotateOptions, *, task: Task, folder: Path = Path()) -> Annotation:
    """The synthesizer `annotate`.

    Raises:
        UserError: options that cannot be, or a template that is missing or faulty.
    """
    at_least(options, rows=1, shots=0, votes=1, max_tokens=1)
    temperature = options.temperature
    if temperature is None:
        temperature = 0.0 if options.votes == 1 else 0.7
    if options.votes > 1 and (temperature == 0 or options.soft_labels):
        clash = "soft_labels" if options.soft_labels else "temperature: 0"
        raise UserError(
            f"votes: {options.votes} does not go with {clash}.",
            "Several votes are several random draws, and their shares are the scores.",
            f"Leave {clash} out, or write votes: 1.",
        )
    template = placed(options.template, folder)
    load(template)
    asking = AnnotatorOptions(
        shots=options.shots,
        rationale=options.rationale,
        abstain=options.abstain,
        template=template,
        temperature=temperature,
        max_tokens=options.max_tokens,
        logprobs=ALTERNATIVES if options.soft_labels else None,
    )
    return Annotation(task, options, asking)
