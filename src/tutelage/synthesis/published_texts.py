"""ZeroGen's post-filters (arXiv 2202.07922): what of an open quotation's continuation is a text."""

from __future__ import annotations

from dataclasses import dataclass

from tutelage.records import Completion, Example, Order, Refusal
from tutelage.synthesis.copying import bare


def quotation(completion: Completion) -> tuple[str, str]:
    """A quotation's continuation up to where it ends, and why there is none.

    It ends at the closing quotation mark, else at the line's end, else behind the last full stop.
    Chat models end their turn instead, and may open the quotation once more: neither was so in
    the paper, whose model went on until it was cut.

    >>> quotation(Completion('Heat" is a film'))
    ('Heat', '')
    >>> quotation(Completion('A fine film. I would see it ag', finish="length"))
    ('A fine film.', '')
    """
    text = completion.text.strip().removeprefix('"').lstrip()
    ends = [end for mark in ('"', "\n") if (end := text.find(mark)) >= 0]
    if not ends and completion.finish == "length":
        ends = [text.rfind(".") + 1]
    text = text[: ends[0]].strip() if ends else text
    return (text, "") if text else ("", "the quotation has no end")


@dataclass(frozen=True, slots=True)
class PublishedReading:
    """The filters of one task."""

    least_words: int = 10
    question: bool = False
    """Whether a text needs a question mark."""

    def read(self, completion: Completion) -> tuple[str, str]:
        """The text of a completion, or else why it is dropped.

        >>> PublishedReading(least_words=3).read(Completion('Not for me. "Never again"'))
        ('Not for me.', '')
        """
        text, fault = quotation(completion)
        if not fault and (words := len(text.split())) < self.least_words:
            fault = f"it has {words} words, fewer than {self.least_words}"
        if not fault and self.question and "?" not in text:
            fault = "it has no question mark"
        return text, fault


def unlike_its_source(order: Order, row: Example) -> Example | Refusal:
    """`row`, unless what was written for it is its title or its first text (X = C)."""
    given = {bare(text) for text in order.materials}
    if order.source is not None:
        given |= {bare(text) for name, text in list(order.source.fields.items())[:1]}
    written = list(row.fields.values())[-1]
    return Refusal("it repeats what it was written for") if bare(written) in given else row
