"""The check `agreement`: a second opinion on each draft's label.

The opinion is that of linear students that were not trained on the draft, or of the teacher as
annotator, who is told neither the label nor what the row was written for: one reply at temperature
0, or the majority of several draws (self-consistency, Wang et al., ICLR 2023). Rows with a gold
text have a gold label, and are not asked about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tutelage.contracts import Bench
from tutelage.curation.check_options import AgreementOptions
from tutelage.curation.cross_fitting import out_of_fold, refuse_share, refuse_without_labels
from tutelage.curation.verdicts import dropped, is_gold_text, mended, passed, row_of
from tutelage.exceptions import UserError
from tutelage.records import Draft, Example, Prediction, Reply, Request, Task, Verdict
from tutelage.teacher.annotator import AnnotatorOptions, ask, choose_shots, read
from tutelage.teacher.templating import load


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a second look says of a row."""

    label: str | None
    """None where it says nothing."""
    share: float = 0.0
    """Its probability, or its share of the votes."""


@dataclass(frozen=True)
class AgreementCheck:
    """Drops or relabels rows whose label a second opinion contradicts (`contracts.Inquiring`)."""

    task: Task
    options: AgreementOptions

    @property
    def asks(self) -> str:
        return "" if self.options.by == "student" else self.options.by

    def shots(self, train: Sequence[Example], seed: int) -> tuple[Example, ...]:
        return choose_shots(self.task, train, self.options.shots, seed=seed)

    def questions(self, row: Example, shots: Sequence[Example]) -> list[Request]:
        if is_gold_text(row):
            return []
        bare = replace(row, label=None, rationale=None, scores=None)
        request = ask(self.task, bare, shots=shots, options=self._asking)
        return [request] * self._votes

    def heard(self, row: Example, replies: Sequence[Reply]) -> Prediction:
        answers = [read(self.task, row, reply, options=self._asking) for reply in replies]
        votes = Counter(answer.label for answer in answers if answer.label is not None)
        if not votes:
            return Prediction(row.id)
        shares = {name: votes[name] / len(answers) for name in self.task.label_names}
        ranked = votes.most_common(2)
        tied = len(ranked) > 1 and ranked[0][1] == ranked[1][1]
        return Prediction(row.id, None if tied else ranked[0][0], scores=shares)

    @property
    def _votes(self) -> int:
        return 1 if self.options.by == "teacher" else self.options.votes

    @property
    def _asking(self) -> AnnotatorOptions:
        warmth = 0.0 if self.options.by == "teacher" else self.options.temperature
        o = self.options
        return AnnotatorOptions(shots=o.shots, temperature=warmth, template=o.template)

    def judge(self, drafts: Sequence[Draft], bench: Bench) -> list[Verdict]:
        new = [draft for draft in drafts if not is_gold_text(row_of(draft))]
        rows = [row_of(draft) for draft in new]
        opinions = self._of_teacher(rows, bench) if self.asks else self._of_students(rows, bench)
        said = {draft.number: one for draft, one in zip(new, opinions, strict=True)}
        return [self._verdict(draft, said.get(draft.number, Opinion(None))) for draft in drafts]

    def _of_students(self, rows: Sequence[Example], bench: Bench) -> list[Opinion]:
        beside = [
            row
            for row in (*bench.kept, *bench.gold)
            if row.label in self.task.label_names and row.origin.role != "pool"
        ]
        seeds = range(self.options.students)
        found = out_of_fold(rows, self.task, folds=self.options.folds, seeds=seeds, beside=beside)
        if found is None:
            return [Opinion(None)] * len(rows)
        best = found.probabilities.argmax(axis=1)
        sure = found.probabilities.max(axis=1)
        return [Opinion(found.labels[int(k)], float(p)) for k, p in zip(best, sure, strict=True)]

    def _of_teacher(self, rows: Sequence[Example], bench: Bench) -> list[Opinion]:
        if self.asks not in bench.predictors:
            raise UserError(
                f"The check agreement asks the teacher ({self.asks}), and was given no answers.",
                "A run buys them before its checks judge.",
                "Run it as part of a study with a teacher, or write by: student.",
            )
        answers = bench.predictors[self.asks].predict(rows)
        return [Opinion(one.label, (one.scores or {}).get(str(one.label), 0.0)) for one in answers]

    def _verdict(self, draft: Draft, opinion: Opinion) -> Verdict:
        row = row_of(draft)
        enough = self.options.by == "teacher" or opinion.share >= self.options.sure
        if opinion.label in (None, row.label) or not enough:
            return passed(draft, "agreement")
        whose = {
            "student": "students that have not seen it say",
            "teacher": "the teacher as annotator says",
            "self_consistency": "most replies of the teacher say",
        }[self.options.by]
        reason = f"its label is {row.label}, and {whose} {opinion.label} ({opinion.share:.0%})"
        if self.options.on_disagreement == "drop":
            return dropped(draft, "agreement", reason)
        relabelled = replace(row, label=opinion.label, scores=None, rationale=None)
        return mended(draft, "agreement", reason, relabelled)


def build(options: AgreementOptions, *, task: Task) -> AgreementCheck:
    """The check `agreement`.

    Raises:
        UserError: a task without single labels, numbers that cannot be, or no such template.
    """
    refuse_without_labels("agreement", task)
    load(options.template)
    refuse_share("sure", options.sure)
    for name, least in (("folds", 2), ("students", 1), ("votes", 2), ("shots", 0)):
        if getattr(options, name) < least:
            raise UserError(
                f"{name}: {getattr(options, name)} is too few for the check agreement.",
                do=f"Write {least} or more.",
            )
    return AgreementCheck(task, options)
