"""The check `refusal`: drops refusals, and takes off what a teacher put around its text.

Only what the teacher wrote is looked at: a rationale, a target, and the fields of new rows. Gold
texts stay as they are, however they are quoted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tutelage.contracts import Bench
from tutelage.curation.check_options import RefusalOptions
from tutelage.curation.verdicts import dropped, mended, passed, row_of, wrote_answer
from tutelage.records import Draft, Example, Task, Verdict
from tutelage.teacher.cleaning import clean, holds_html, refusal, run_on_markers


@dataclass(frozen=True)
class RefusalCheck:
    """Drops rows in which the teacher refuses; mends quotes, HTML, chatter and run-on text."""

    task: Task
    options: RefusalOptions

    def judge(self, drafts: Sequence[Draft], bench: Bench) -> list[Verdict]:
        html = self.options.html == "always" or (
            self.options.html == "auto"
            and not any(
                holds_html(text)
                for row in bench.gold
                for text in (*row.fields.values(), *row.references)
            )
        )
        return [self._verdict(draft, html=html) for draft in drafts]

    def _verdict(self, draft: Draft, *, html: bool) -> Verdict:
        row = row_of(draft)
        written = _written(row)
        if row.spans is not None:  # the places of answers hold in the context as it is
            written.pop(self.task.fields[0], None)
        for name, text in written.items():
            if phrase := refusal(text):
                return dropped(draft, "refusal", f"the {name} refuses: {phrase}")
        stop = run_on_markers(self.task)
        cleaned = {name: clean(text, stop=stop, html=html) for name, text in written.items()}
        done = [f"{what} of the {name}" for name, one in cleaned.items() for what in one.done]
        if not done:
            return passed(draft, "refusal")
        texts = {name: one.text for name, one in cleaned.items()}
        if empty := next((name for name, text in texts.items() if not text), None):
            return dropped(draft, "refusal", f"the {empty} is empty once cleaned")
        return mended(draft, "refusal", f"took off {', '.join(done)}", _rewritten(row, texts))


def _written(row: Example) -> dict[str, str]:
    """What a teacher wrote of `row`, by name."""
    texts = {} if row.origin.role else dict(row.fields)
    if row.rationale is not None:
        texts["rationale"] = row.rationale
    if row.target is not None and wrote_answer(row):
        texts["target"] = row.target
    return texts


def _rewritten(row: Example, texts: Mapping[str, str]) -> Example:
    fields = {name: texts.get(name, text) for name, text in row.fields.items()}
    if row.origin.role:
        fields = dict(row.fields)
    target = texts.get("target", row.target)
    return replace(
        row,
        fields=fields,
        rationale=texts.get("rationale", row.rationale),
        target=target,
        references=tuple(target if x == row.target and target else x for x in row.references),
    )


def build(options: RefusalOptions, *, task: Task) -> RefusalCheck:
    """The check `refusal`."""
    return RefusalCheck(task, options)
