"""The check `language`: new rows must be in gold's language.

The language is identified by py3langid (Lui and Baldwin 2012, ACL demos), a naive Bayes model over
byte n-grams. It is unsure of short texts, so only long enough and sure enough findings count, and
all fields of a row are read as one text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from tutelage.contracts import Bench
from tutelage.curation.check_options import LanguageOptions
from tutelage.curation.verdicts import dropped, is_gold_text, passed, row_of
from tutelage.exceptions import UserError
from tutelage.records import Draft, Example, Task, Verdict

GOLD_ROWS = 1_000
"""Gold rows that are looked at, at most: the first ones."""


@dataclass(frozen=True)
class LanguageCheck:
    """Drops rows that are surely in another language than gold."""

    task: Task
    options: LanguageOptions

    def judge(self, drafts: Sequence[Draft], bench: Bench) -> list[Verdict]:
        wanted = self.options.language or self._of_gold(bench.gold)
        return [self._verdict(draft, wanted) for draft in drafts]

    def _of_gold(self, gold: Sequence[Example]) -> str | None:
        """The language of most gold rows that are long enough to tell; None where there is none."""
        texts = [text for row in gold[:GOLD_ROWS] if (text := self._text(row))]
        found = Counter(identify(text)[0] for text in texts)
        return min(found, key=lambda code: (-found[code], code)) if found else None

    def _verdict(self, draft: Draft, wanted: str | None) -> Verdict:
        row = row_of(draft)
        text = self._text(row)
        if wanted is None or not text or is_gold_text(row):
            return passed(draft, "language")
        code, probability = identify(text)
        if code == wanted or probability < self.options.sure:
            return passed(draft, "language")
        return dropped(draft, "language", f"it is in {code} ({probability:.0%}), not in {wanted}")

    def _text(self, row: Example) -> str:
        """All fields as one text; empty where that is too short to tell its language."""
        text = " ".join(row.fields.get(field, "") for field in self.task.fields)
        return text if len(text.split()) >= self.options.min_words else ""


def identify(text: str) -> tuple[str, float]:
    """The likeliest language of `text` (ISO 639 code) and its probability.

    >>> identify("Der Film ist von Anfang bis Ende ein Vergnügen.")[0]
    'de'
    """
    code, probability = _identifier().classify(text)
    return str(code), float(probability)


@cache
def _identifier() -> Any:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def build(options: LanguageOptions, *, task: Task) -> LanguageCheck:
    """The check `language`.

    Raises:
        UserError: a language that cannot be identified, or a probability outside 0 to 1.
    """
    known = {str(code) for code in _identifier().labels}
    if options.language is not None and options.language not in known:
        raise UserError(
            f"language: {options.language!r} is no language that can be identified.",
            "It is a code of ISO 639, in small letters.",
            "Write a code such as en, de or zh.",
        )
    if not 0 <= options.sure <= 1:
        raise UserError(
            f"sure: {options.sure} is not a probability.", do="Write a number from 0 to 1."
        )
    return LanguageCheck(task, options)
