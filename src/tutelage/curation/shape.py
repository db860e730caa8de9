"""The check `format`: a row must be one that the task's students can read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tutelage.contracts import Bench
from tutelage.curation.check_options import FormatOptions
from tutelage.curation.verdicts import dropped, passed, row_of
from tutelage.records import Draft, Example, Task, Verdict


@dataclass(frozen=True)
class FormatCheck:
    """Drops rows with unknown labels, missing fields or empty texts, and those too short
    or too long."""

    task: Task
    options: FormatOptions

    def judge(self, drafts: Sequence[Draft], bench: Bench) -> list[Verdict]:
        return [self._verdict(draft) for draft in drafts]

    def _verdict(self, draft: Draft) -> Verdict:
        row = row_of(draft)
        fault = self._texts(row) or self._answer(row) or self._rationale(row)
        return dropped(draft, "format", fault) if fault else passed(draft, "format")

    def _texts(self, row: Example) -> str:
        for field in self.task.fields:
            words = len(row.fields.get(field, "").split())
            if not words:
                return f"the field {field} is empty or missing"
            if self.options.min_words is not None and words < self.options.min_words:
                return f"the field {field} has {words} words, less than {self.options.min_words}"
            if self.options.max_words is not None and words > self.options.max_words:
                return f"the field {field} has {words} words, more than {self.options.max_words}"
        return ""

    def _answer(self, row: Example) -> str:
        kind, names = self.task.kind, self.task.label_names
        if kind == "span_qa":
            return self._spans(row)
        if kind == "multi_label":
            said = row.labels
        elif names:
            said = None if row.label is None else (row.label,)
        else:
            return "" if (row.target or "").strip() else "it has no target"
        if said is None:
            return "it has no label"
        unknown = [name for name in (*said, *(row.scores or ())) if name not in names]
        return f"{unknown[0]!r} is no label of the task" if unknown else ""

    def _spans(self, row: Example) -> str:
        if row.spans is None:
            return "it has no answer"
        context = row.fields[self.task.fields[0]]
        for span in row.spans:
            if not span.text or context[span.start : span.end] != span.text:
                return "its answer does not stand in the context where it should"
        return ""

    def _rationale(self, row: Example) -> str:
        words = len((row.rationale or "").split())
        if not words and (self.options.need_rationale or row.rationale is not None):
            return "it has no rationale"
        longest = self.options.max_rationale_words
        if longest is not None and words > longest:
            return f"the rationale has {words} words, more than {longest}"
        return ""


def build(options: FormatOptions, *, task: Task) -> FormatCheck:
    """The check `format`."""
    return FormatCheck(task, options)
