"""How varied texts are, and which habits of their writer they show: facts for the report.

Several measures fall or rise with the number of texts, so they are taken on a sample of fixed size,
chosen by content: sets of different sizes can stand beside each other. Nothing is dropped for it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from tutelage.records import Example, Task, content_hash
from tutelage.teacher.cleaning import holds_html

SAMPLE = 1_000
_WORD = re.compile(r"\w+")
_END = re.compile(r"[.!?…。！？][\"'”’)\]]*\s*\Z")
_QUOTE = ('"', "“", "«", "„")


@dataclass(frozen=True, slots=True)
class Spread:
    """One field of a set of rows. All but `texts` and `words` are of the sample."""

    texts: int
    words: float
    """Mean words of a text."""
    sampled: int
    vocabulary: int
    """Different words, case aside."""
    distinct_1: float
    """Different words by all words (distinct-n, Li et al., NAACL 2016)."""
    distinct_2: float
    """Different pairs of words by all pairs."""
    repeated: float
    """Mean share of a text's runs of three words that another text has too, as in self-BLEU."""
    nearest: float
    """Mean cosine (TF-IDF) of a text with the one most like it."""
    opener: float
    """Share of texts that begin with the commonest two words."""
    quoted: float
    """Share of texts that begin with a quotation mark."""
    html: float
    """Share of texts with HTML."""
    unfinished: float
    """Share of texts that do not end in a full stop or the like."""

    def to_facts(self) -> dict[str, Any]:
        """All of it as JSON."""
        return asdict(self)


def spreads(rows: Sequence[Example], task: Task) -> Mapping[str, Spread]:
    """The spread of each field of the task; empty where there are no rows."""
    if not rows:
        return {}
    return {field: spread([row.fields.get(field, "") for row in rows]) for field in task.fields}


def spread(texts: Sequence[str], *, sample: int = SAMPLE) -> Spread:
    """Measure texts.

    Args:
        texts: At least one.
        sample: Most texts to look at closely.

    >>> found = spread(["A fine film.", "A fine day", '"A fine film."', "Rain."])
    >>> found.texts, found.vocabulary, found.opener, found.quoted, found.unfinished
    (4, 5, 0.75, 0.25, 0.25)
    """
    chosen = sorted(texts, key=lambda text: content_hash("spread1", text))[:sample]
    words = [_WORD.findall(text.casefold()) for text in chosen]
    singles = Counter(word for line in words for word in line)
    pairs = Counter(pair for line in words for pair in _runs(line, 2))
    openers = Counter(tuple(line[:2]) for line in words)
    return Spread(
        texts=len(texts),
        words=float(np.mean([len(_WORD.findall(text)) for text in texts])),
        sampled=len(chosen),
        vocabulary=len(singles),
        distinct_1=_distinct(singles),
        distinct_2=_distinct(pairs),
        repeated=_repeated(words),
        nearest=_nearest(chosen),
        opener=openers.most_common(1)[0][1] / len(chosen),
        quoted=_share(text.lstrip().startswith(_QUOTE) for text in chosen),
        html=_share(holds_html(text) for text in chosen),
        unfinished=_share(not _END.search(text) for text in chosen),
    )


def _runs(words: Sequence[str], size: int) -> list[tuple[str, ...]]:
    return [tuple(words[i : i + size]) for i in range(len(words) - size + 1)]


def _distinct(counts: Counter[Any]) -> float:
    return len(counts) / max(counts.total(), 1)


def _repeated(words: Sequence[Sequence[str]]) -> float:
    """Texts of fewer than three words have no runs, and do not count."""
    runs = [set(_runs(line, 3)) for line in words]
    owners = Counter(run for own in runs for run in own)
    shares = [np.mean([owners[run] > 1 for run in own]) for own in runs if own]
    return float(np.mean(shares)) if shares else 0.0


def _nearest(texts: Sequence[str]) -> float:
    if len(texts) < 2 or not any(_WORD.search(text) for text in texts):
        return 0.0
    table = TfidfVectorizer(token_pattern=r"(?u)\w+", sublinear_tf=True).fit_transform(texts)
    likeness = (table @ table.T).toarray()
    np.fill_diagonal(likeness, 0.0)
    return float(likeness.max(axis=1).mean())


def _share(found: Any) -> float:
    return float(np.mean(list(found)))
