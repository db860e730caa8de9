"""Whole new rows by a teacher that was tuned on gold rows to write them (arXiv 2310.01119).

A tuned teacher writes what it learned: a row as lines (`tutelage.teacher.serialisation`), asked for
by a short prompt (`tutelage.teacher.composing`). Any other teacher can be asked by a longer one.
What the paper leaves open is an option: how labels come about, how many rows, how they are drawn.

    balance      label                                 reply
    equal, gold  stands in the prompt                  the texts
    free         chosen by the teacher                 the label, then the texts
    (no labels)                                        the texts, then the target

With `then: annotate` (GAL, He et al., arXiv 2106.06168) no label has a part in the writing: inputs
are written in a stage `inputs`, and answered in a stage `labels` as by `annotate`, under the same
rules of confidence. An input that repeats an earlier one of the turn is not answered again.

Replies are read strictly, and never corrected: what cannot be read is refused with its reason, and
ordered again in the next wave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tutelage.exceptions import UserError
from tutelage.records import (
    Brief,
    Completion,
    Draft,
    Example,
    Material,
    Order,
    Origin,
    Refusal,
    Reply,
    Request,
    Sampling,
    Task,
)
from tutelage.synthesis.annotate_options import AnsweringOptions
from tutelage.synthesis.annotation import CALIBRATION, Annotation, answerer, mean_logprob
from tutelage.synthesis.calibration import weighed
from tutelage.synthesis.copying import copied
from tutelage.synthesis.joint_options import GenerateOptions
from tutelage.synthesis.quotas import in_turns, quota, wanted
from tutelage.synthesis.showing import Showing
from tutelage.synthesis.writing import blank
from tutelage.teacher.cleaning import refusal
from tutelage.teacher.composing import compose
from tutelage.teacher.serialisation import ParsedRow, headings, parse, render
from tutelage.teacher.templating import load, placed

ROWS, INPUTS, LABELS = "rows", "inputs", "labels"


@dataclass(frozen=True)
class Generation:
    """A synthesizer that orders whole rows, or inputs and then their answers."""

    task: Task
    options: GenerateOptions
    balance: str
    stages: tuple[str, ...]
    answering: Annotation | None = None
    """Answers the inputs; None where rows are written with their answers."""

    @property
    def waves(self) -> int:
        return self.options.waves

    @property
    def calibration(self) -> int:
        """Dev rows wanted to choose a threshold on; 0 where none is chosen."""
        return self.answering.calibration if self.answering else 0

    def quota(self, brief: Brief) -> Mapping[str, int]:
        if self.balance == "free":
            return {"": self.options.rows}
        balance = "gold" if self.balance == "gold" else "labels"
        return quota(self.task, brief, self.options.rows, balance=balance)

    def orders(self, stage: str, brief: Brief) -> Sequence[Order]:
        """The orders of one stage: as many rows as the quota lacks, or an answer to each input."""
        if stage == CALIBRATION and self.answering:
            return self.answering.calibrating(brief)
        if self.answering and self.answering.threshold(brief).reason:
            # No answer would count: nothing is written, and the stage after says so.
            return self.answering.answering([], brief) if stage == LABELS else []
        if stage == LABELS and self.answering:
            rows = _inputs(self.task, brief)
            planned = not (brief.lacking or _known(self.task, brief))
            return self.answering.answering(self._foreseen(brief) if planned else rows, brief)
        return self._texts(stage, brief)

    def step(self, order: Order, replies: Sequence[Reply]) -> Sequence[Request] | Sequence[Draft]:
        if order.kind not in (ROWS, INPUTS):
            assert self.answering is not None
            return self._with_both(order, self.answering.step(order, replies))
        if not replies:
            return [self._request(order)]
        completion = replies[0].completions[0] if replies[0].completions else Completion("")
        content = self._content(order, replies[0], completion)
        score = mean_logprob(replies[0])
        return [Draft(order.number, order.number, content, completion.text, score)]

    # --- asking -----------------------------------------------------------------------------------

    def _texts(self, stage: str, brief: Brief) -> list[Order]:
        """One order for each text, the labels in turns where the prompt names them."""
        tried = brief.placed - len(weighed(brief.materials)) - len(_known(self.task, brief))
        counts = wanted(replace(brief, placed=tried), self.quota(brief))
        if not self._names_labels:
            counts = {"": sum(counts.values())}
        shots = Showing(
            brief,
            count=self.options.shots,
            choose="random",
            rows=brief.train if self._names_labels else [_unsaid(row) for row in brief.train],
        )
        known = {row.id: row for row in brief.train}
        return [
            Order(
                number,
                stage,
                label,
                blank(brief),
                tuple(known[row.id] for row in shots.next(label)),
                attributes={"wave": str(brief.wave)} if stage == INPUTS else {},
            )
            for number, (label, _) in enumerate(in_turns(counts), start=brief.placed)
        ]

    @property
    def _names_labels(self) -> bool:
        return bool(self.task.labels) and self.balance != "free" and self.answering is None

    def _answer(self, order: Order) -> bool:
        """Whether the reply to `order` holds the answer."""
        return order.kind == ROWS and order.label is None

    def _request(self, order: Order) -> Request:
        o = self.options
        sampling = Sampling(
            temperature=o.temperature,
            top_p=o.top_p,
            max_tokens=o.max_tokens,
            # A row holds no empty line: a teacher that was shown rows would go on with the next.
            stop=("\n\n",) if order.shots else (),
            logprobs=0 if o.logprobs else None,
        )
        return compose(
            self.task,
            label=order.label,
            answer=self._answer(order),
            shots=order.shots,
            template=o.template,
            sampling=sampling,
        )

    def _foreseen(self, brief: Brief) -> list[Example]:
        """What a plan counts, which knows no inputs yet: one for each row that is wanted."""
        count = sum(self.quota(brief).values())
        empty = dict.fromkeys(self.task.fields, "")
        return [Example("", empty, origin=blank(brief).origin)] * count

    # --- reading ----------------------------------------------------------------------------------

    def _content(
        self, order: Order, reply: Reply, completion: Completion
    ) -> Example | Material | Refusal:
        found = parse(self.task, completion.text, answer=self._answer(order))
        if fault := _fault(completion, found):
            return Refusal(fault)
        fields = dict(found.fields)
        shared = self.options.most_shared
        if why := copied(fields, order.shots, written=tuple(fields), most_shared=shared):
            return Refusal(why)
        if order.kind == INPUTS:
            # The kind says whence: which wave, which order, which request.
            kind = f"input {order.attributes['wave']} {order.number} {reply.request}"
            return Material(kind, render(self.task, Example("", fields), answer=False))
        assert order.source is not None
        arm, turn = order.source.origin.arm, order.source.origin.turn
        return Example(
            f"{arm}.{turn}.{order.number}",
            fields,
            label=found.label if order.label is None else order.label,
            target=found.target,
            references=() if found.target is None else (found.target,),
            origin=Origin(arm=arm, turn=turn, order=order.number, requests=(reply.request,)),
        )

    def _with_both(
        self, order: Order, result: Sequence[Request] | Sequence[Draft]
    ) -> Sequence[Request] | Sequence[Draft]:
        """What the annotator made of it; its row also names the request that wrote the texts."""
        assert order.source is not None
        wrote = order.source.origin.requests
        return [
            replace(item, content=_named(item.content, wrote))
            if isinstance(item, Draft) and isinstance(item.content, Example)
            else item
            for item in result
        ]  # type: ignore[return-value]


def _named(row: Example, wrote: tuple[str, ...]) -> Example:
    origin = replace(row.origin, requests=(*wrote, *row.origin.requests), source="")
    return replace(row, origin=origin)


def _unsaid(row: Example) -> Example:
    """`row` as one of no label in particular."""
    return replace(row, label=None)


_BROKEN = {
    "length": "it is cut off at max_tokens",
    "loop": "it repeats itself without end",
    "content_filter": "blocked by a content filter",
}


def _fault(completion: Completion, found: ParsedRow) -> str:
    """Why `completion` is no row; empty where it is one."""
    if found.fault and (phrase := refusal(completion.text)):
        return f"refused: {phrase}"
    broken = _BROKEN.get(completion.finish, "")
    said = found.fault if completion.text.strip() or not broken else ""
    return "; ".join(filter(None, (broken, said)))


def _known(task: Task, brief: Brief) -> dict[str, Material]:
    """The inputs written so far in this turn, by their texts: the first of those that are alike."""
    found: dict[str, Material] = {}
    for material in brief.materials:
        if material.kind.startswith("input "):
            fields = parse(task, material.text, answer=False).fields
            found.setdefault(Example("", fields).text_fingerprint(), material)
    return found


def _inputs(task: Task, brief: Brief) -> list[Example]:
    """The new inputs of this wave, as rows without an answer."""
    rows = []
    for material in _known(task, brief).values():
        _, wave, number, request = material.kind.split(" ", 3)
        if int(wave) == brief.wave:
            origin = Origin(arm=brief.arm, turn=brief.turn, requests=(request,))
            fields = parse(task, material.text, answer=False).fields
            rows.append(Example(f"{brief.arm}.{brief.turn}.{number}", fields, origin=origin))
    return rows


def build(options: GenerateOptions, *, task: Task, folder: Path = Path()) -> Generation:
    """The synthesizer `generate`.

    Raises:
        UserError: a task whose rows cannot be written, or options that do not go together.
    """
    template = placed(options.template, folder)
    load(template)
    options = replace(options, template=template)
    answered = options.then == "annotate"
    balance = options.balance or ("free" if answered else "equal")
    _check(options, task, balance)
    if not answered:
        return Generation(task, options, balance, (ROWS,))
    answering = answerer(
        AnsweringOptions(
            shots=options.shots,
            template=options.answer_template,
            soft_labels=options.soft_labels,
            confidence=options.confidence,
            keep_accuracy=options.keep_accuracy,
            calibration_rows=options.calibration_rows,
        ),
        task=task,
        folder=folder,
    )
    first = (CALIBRATION,) if answering.calibration else ()
    return Generation(task, options, balance, (*first, INPUTS, LABELS), answering)


def _check(options: GenerateOptions, task: Task, balance: str) -> None:
    """Refuse what cannot be written, and options that nothing would come of."""
    headings(task, answer=options.then == "none")
    if task.kind == "multi_label" and balance != "free":
        raise UserError(
            f"balance: {balance} is for rows with one label.",
            "A row with several labels counts for none of them.",
            "Leave balance out.",
        )
    if options.then == "annotate":
        return
    for name in ("soft_labels", "confidence", "keep_accuracy"):
        if getattr(options, name):
            raise UserError(
                f"{name} needs then: annotate.",
                "It is about answers to texts that were written before.",
                f"Write then: annotate, or leave {name} out.",
            )
