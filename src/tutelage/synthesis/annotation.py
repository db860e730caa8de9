"""Answers for unlabelled rows by a prompted teacher: the arm that most users need.

Generate nothing, label what there is. Rows are chosen turn by turn (`candidates`), asked for and
understood as by any annotator (`tutelage.teacher.annotator`), and drafted with the teacher's label
or text, and where asked its reasons and scores. With several votes (self-consistency, Wang et al.,
ICLR 2023) the same prompt is drawn several times and the majority labels the row.

An answer of which the teacher is not sure enough can be refused. Its confidence is the probability
of the label it gave (a share of votes where there are several); of a text, the geometric mean of
its tokens' probabilities. How sure is enough is said (`confidence`), or chosen on dev so that what
is kept is right often enough (`keep_accuracy`, see `calibration`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
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
from tutelage.synthesis.annotate_options import (
    AnnotateOptions,
    AnsweringOptions,
    check_answering,
)
from tutelage.synthesis.calibration import (
    LEAST,
    Threshold,
    Weighed,
    below,
    threshold,
    weighed,
)
from tutelage.synthesis.candidates import at_random, by_weight, near, spread
from tutelage.synthesis.rationales import at_least, begun, done
from tutelage.synthesis.writing import blank
from tutelage.teacher.annotator import AnnotatorOptions, abstains, ask, choose_shots, read
from tutelage.teacher.cleaning import refusal
from tutelage.teacher.templating import load, placed

ALTERNATIVES = 20
"""Tokens asked for at each place: as many as OpenAI-compatible endpoints give."""


ANNOTATIONS, CALIBRATION = "annotations", "calibration"
_ASKED, _WEIGHED, _NOTHING = "annotation", "calibration", "no threshold"
"""Kinds of orders: a row to answer, a dev row to weigh an answer by, and none at all."""
_LEAST = "confidence"
"""Attribute of an order: how sure the teacher must be."""


@dataclass(frozen=True)
class Annotation:
    """A synthesizer that orders one answer for each chosen unlabelled row."""

    task: Task
    options: AnsweringOptions
    asking: AnnotatorOptions
    stages: tuple[str, ...] = (ANNOTATIONS,)
    waves: int = 1

    @property
    def calibration(self) -> int:
        """Dev rows wanted to choose a threshold on; 0 where none is chosen."""
        return self.options.calibration_rows if self.options.keep_accuracy is not None else 0

    def quota(self, brief: Brief) -> Mapping[str, int]:
        return {}

    def orders(self, stage: str, brief: Brief) -> Sequence[Order]:
        """One order for each row of this turn; rows that were kept before are not asked again."""
        if stage == CALIBRATION:
            return self.calibrating(brief)
        if not brief.unlabelled:
            raise UserError(
                "There are no unlabelled rows to annotate.",
                "This synthesis labels rows that have no label yet.",
                "Give `gold.unlabelled`, or choose another synthesis.",
            )
        return self.answering([begun(_bare(row), brief) for row in self._choose(brief)], brief)

    def calibrating(self, brief: Brief) -> list[Order]:
        """One order for each dev row to weigh an answer by; none where a wave before has done it.

        Raises:
            UserError: there are no dev rows.
        """
        if weighed(brief.materials):
            return []
        if not brief.dev:
            raise UserError(
                f"There are no dev rows to reach keep_accuracy: {self.options.keep_accuracy} on.",
                "The threshold is chosen on dev.",
                "Give `gold.dev`, or write a `confidence` instead.",
            )
        rows = at_random(brief.dev, self.options.calibration_rows, seed=brief.seed)
        shots = self._shots(brief)
        return [
            Order(number, _WEIGHED, source=begun(row, brief), shots=shots)
            for number, row in enumerate(rows, start=brief.placed)
        ]

    def answering(self, rows: Sequence[Example], brief: Brief) -> list[Order]:
        """One order for each of `rows`, whose origins say for which arm and turn.

        Where calibration found no threshold, one order that asks nothing and says why.
        """
        least = self.threshold(brief)
        if least.reason:
            nothing = {_NOTHING: least.reason}
            return [Order(brief.placed, _NOTHING, source=blank(brief), attributes=nothing)]
        known = {} if least.confidence is None else {_LEAST: repr(least.confidence)}
        shots = self._shots(brief)
        return [
            Order(number, _ASKED, source=row, shots=shots, attributes=known)
            for number, row in enumerate(rows, start=brief.placed)
        ]

    def step(self, order: Order, replies: Sequence[Reply]) -> Sequence[Request] | Sequence[Draft]:
        row = order.source
        assert row is not None
        if order.kind == _NOTHING:
            return [Draft(order.number, order.number, Refusal(order.attributes[_NOTHING]))]
        if not replies:
            return self._requests(order, row)
        answers = [read(self.task, row, reply, options=self.asking) for reply in replies]
        raw = "\n---\n".join(reply.text for reply in replies)
        content = (
            self._weighed(row, replies, answers).material()
            if order.kind == _WEIGHED
            else self._content(order, replies, answers)
        )
        score = mean_logprob(replies[0]) if self.task.kind == "generation" else None
        return [Draft(order.number, order.number, content, raw, score)]

    def _requests(self, order: Order, row: Example) -> list[Request]:
        """One request for each vote. Dev is asked about once for all turns, and arms that share
        the prompt: only votes must be drawn anew."""
        asked = ask(self.task, row, shots=order.shots, options=self.asking)
        once = order.kind == _WEIGHED and self.options.votes == 1
        return [replace(asked, shared=once)] * self.options.votes

    def _shots(self, brief: Brief) -> tuple[Example, ...]:
        return choose_shots(self.task, brief.train, self.options.shots, seed=brief.seed)

    def threshold(self, brief: Brief) -> Threshold:
        """How sure the teacher must be: as was said, or as dev shows. A plan, which knows no
        replies yet, has no threshold either, and orders every row."""
        if self.options.keep_accuracy is None:
            return Threshold(self.options.confidence)
        answers = weighed(brief.materials)
        return threshold(answers, self.options.keep_accuracy) if answers else Threshold(None)

    def _choose(self, brief: Brief) -> Sequence[Example]:
        """The rows of this turn."""
        assert isinstance(self.options, AnnotateOptions)
        count, seed, way = self.options.rows, brief.seed, self.options.choose
        known = {name for row in brief.kept for name in (row.id, row.origin.source)}
        left = [row for row in brief.unlabelled if row.id not in known]
        weighted = brief.feedback.rows if brief.feedback else ()
        blind = way in ("uncertainty", "near_errors") and not weighted
        if count is None or way == "random" or blind:
            return at_random(_untouched(brief), count, seed=seed, turn=brief.own_turn)
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
        if self.task.kind == "generation" and (fault := _unfinished(replies[0])):
            return Refusal(fault)
        if why := self._doubt(order, answer, replies, answers):
            return Refusal(why)
        first = next((a for a in answers if a.answer == answer), answers[0])
        return replace(
            order.source,
            **_known(self.task, answer, first),
            rationale=first.rationale,
            scores=self._scores(answers),
            origin=done(order, replies),
        )

    def _doubt(
        self,
        order: Order,
        answer: str | tuple[str, ...],
        replies: Sequence[Reply],
        answers: Sequence[Prediction],
    ) -> str:
        """Why the teacher is not sure enough of `answer`; empty where it is."""
        if self.options.confidence is None and self.options.keep_accuracy is None:
            return ""
        if _LEAST not in order.attributes:
            return "no threshold: there is no answer to a dev row"
        sure = self._confidence(answer, replies, answers)
        if sure is None:
            return "its confidence is not known: the reply has no log-probabilities to tell it by"
        least = float(order.attributes[_LEAST])
        return below(sure, least) if sure < least else ""

    def _confidence(
        self,
        answer: str | tuple[str, ...],
        replies: Sequence[Reply],
        answers: Sequence[Prediction],
    ) -> float | None:
        """How sure the teacher is of `answer`, 0 to 1; None where that is not known."""
        if self.task.kind == "generation":
            mean = mean_logprob(replies[0])
            return None if mean is None else math.exp(mean)
        scores = _shares(self.task, answers) if len(answers) > 1 else answers[0].scores
        return scores[answer] if scores is not None and isinstance(answer, str) else None

    def _weighed(
        self, row: Example, replies: Sequence[Reply], answers: Sequence[Prediction]
    ) -> Weighed:
        """What the answer to a dev row is worth."""
        answer = _vote(self.task, answers)
        sure = None if answer is None else self._confidence(answer, replies, answers)
        return Weighed(sure, answer == row.label)

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
        if self.task.kind == "generation":
            what = "text can be read"
        return f"refused: {phrase}" if phrase else f"no {what}"


def _known(task: Task, answer: str | tuple[str, ...], first: Prediction) -> dict[str, Any]:
    """The answer as parts of a row; of a question, the span by which `first` gave it."""
    if task.kind == "generation":
        return {"target": answer, "references": (answer,)}
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


def _untouched(brief: Brief) -> Sequence[Example]:
    """The rows that no other method of the arm has answered in a turn before."""
    before = {row.origin.source for row in brief.kept if row.origin.turn < brief.since}
    return [row for row in brief.unlabelled if row.id not in before] if before else brief.unlabelled


def _bare(row: Example) -> Example:
    """`row` without anything that says its answer."""
    return Example(row.id, row.fields, weight=row.weight, origin=row.origin, tags=row.tags)


def _unfinished(reply: Reply) -> str:
    """Why the text of `reply` has no end; empty where it has one."""
    finish = reply.completions[0].finish if reply.completions else ""
    return {"length": "it is cut off at max_tokens", "loop": "it repeats itself without end"}.get(
        finish, ""
    )


def mean_logprob(reply: Reply) -> float | None:
    """Mean log-probability of the first completion's tokens, where the reply carries them."""
    tokens = reply.completions[0].tokens if reply.completions else None
    return fmean(token.logprob for token in tokens) if tokens else None


def build(options: AnnotateOptions, *, task: Task, folder: Path = Path()) -> Annotation:
    """The synthesizer `annotate`.

    Raises:
        UserError: options that cannot be, or a template that is missing or faulty.
    """
    at_least(options, rows=1)
    return answerer(options, task=task, folder=folder)


def answerer(options: AnsweringOptions, *, task: Task, folder: Path) -> Annotation:
    """An annotator of any rows.

    Raises:
        UserError: options that cannot be, or a template that is missing or faulty.
    """
    at_least(options, shots=0, votes=1, max_tokens=1, calibration_rows=LEAST)
    check_answering(options, task)
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
        logprobs=_alternatives(options, task),
    )
    calibrated = options.keep_accuracy is not None
    stages = (CALIBRATION, ANNOTATIONS) if calibrated else (ANNOTATIONS,)
    return Annotation(task, options, asking, stages)


def _alternatives(options: AnsweringOptions, task: Task) -> int | None:
    """Alternatives to ask for at each token; None for no log-probabilities at all."""
    sure = options.confidence is not None or options.keep_accuracy is not None
    if task.kind == "generation":
        return 0 if sure else None
    return ALTERNATIVES if options.soft_labels or (sure and options.votes == 1) else None
