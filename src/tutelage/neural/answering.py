"""A trained seq2seq student's answers: labels by score or by generation, rationales on request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from tutelage.neural.batching import by_length
from tutelage.neural.decoding import find, write_on
from tutelage.neural.devices import computing
from tutelage.neural.families import Transducer
from tutelage.neural.scoring import Candidates, encode_rows, make_candidates, score_labels, softmax
from tutelage.neural.targets import EXPLAIN, PREDICT, Layout
from tutelage.neural.tokenization import cut, pieces

How = Literal["score", "generate"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the student says of one source."""

    label: str | None = None
    """None where what it generated could not be read."""
    scores: npt.NDArray[np.float64] | None = None
    """Probability by label, in the layout's order."""
    text: str | None = None
    """What was generated, as it came."""
    rationale: str | None = None


@dataclass
class Answerer:
    """A student that reads texts and answers."""

    net: Transducer
    layout: Layout
    max_source: int
    how: How = "score"
    strict: bool = False
    """Read generated text as published: a label without its separator cannot be read."""
    precision: str = "fp32"
    batch_size: int = 64
    names: tuple[str, ...] = field(init=False)
    candidates: Candidates = field(init=False)

    def __post_init__(self) -> None:
        self.names = tuple(self.layout.labels)
        self.candidates = make_candidates(list(self.layout.labels.values()))

    @property
    def writes_rationales(self) -> bool:
        """Whether a rationale comes with each answer, asked for or not."""
        name = self.layout.objective.name
        return name == "rationale_first" or (
            self.how == "generate" and name in ("split_loss", "first_token")
        )

    def read(self, texts: Sequence[str], *, prefix: str = "") -> list[list[int]]:
        """Sources in ids, cut to max_source."""
        ids = pieces(self.net.tokenizer, [prefix + text for text in texts], special=True)
        return [cut(row, self.max_source) for row in ids]

    def answer(self, texts: Sequence[str], *, rationale: bool = False) -> list[Answer]:
        """Answer each text, in order.

        Args:
            texts: Sources without the prefix of `multi_task`.
            rationale: Whether to write a rationale too, where the objective taught one.
        """
        multi = self.layout.objective.name == "multi_task"
        sources = self.read(texts, prefix=PREDICT if multi else "")
        if self.layout.objective.name == "rationale_first":
            return self._each(sources, self._reason_first)
        if self.how == "generate":
            answers = self._each(sources, self._generate)
        else:
            answers = self._each(sources, self._score)
        if not rationale or self.layout.objective.name == "label_only":
            return answers
        if multi:
            return self._explain(texts, answers)
        return self._continue(sources, answers) if self.how == "score" else answers

    def _each(
        self,
        sources: Sequence[list[int]],
        ask: Callable[[torch.Tensor, torch.Tensor], list[Answer]],
    ) -> list[Answer]:
        """Ask in batches of like length; answers come back in the order of the sources."""
        answers: list[Answer] = [Answer()] * len(sources)
        self.net.model.eval()
        with torch.inference_mode(), computing(self.net.device, self.precision):
            for batch in by_length([len(source) for source in sources], self.batch_size):
                states, mask = encode_rows(self.net, [sources[i] for i in batch])
                for i, answer in zip(batch, ask(states, mask), strict=True):
                    answers[i] = answer
        return answers

    # --- ways to answer ---------------------------------------------------------------------------

    def _score(
        self,
        states: torch.Tensor,
        mask: torch.Tensor,
        prefixes: Sequence[Sequence[int]] | None = None,
    ) -> list[Answer]:
        logs = score_labels(
            self.net, states, mask, self.candidates, labels=len(self.names), prefixes=prefixes
        )
        shares = softmax(logs)
        return [Answer(self.names[int(s.argmax())], s) for s in shares]

    def _generate(self, states: torch.Tensor, mask: torch.Tensor) -> list[Answer]:
        written = write_on(self.net, states, mask, max_new=self.layout.max_target)
        return [self._parse(row) for row in written]

    def _parse(self, row: list[int]) -> Answer:
        """Split what was generated at the separator, and look up what stands before it."""
        at = find(row, self.layout.separator)
        bare = self.layout.objective.name in ("label_only", "multi_task")
        head = row if at is None or bare else row[:at]
        label = next((n for n, p in self.layout.labels.items() if list(p) == head), None)
        text = self._say(row)
        if at is None or bare:
            return Answer(None if self.strict and not bare else label, text=text)
        return Answer(label, text=text, rationale=self._say(row[at + len(self.layout.separator) :]))

    def _reason_first(self, states: torch.Tensor, mask: torch.Tensor) -> list[Answer]:
        """Write the rationale up to its marker, then score the labels after it."""
        marker = self.layout.marker
        longest = max(map(len, self.layout.labels.values())) + 1
        written = write_on(
            self.net, states, mask, max_new=self.layout.max_target - longest, stop=marker
        )
        reasons = [row[:at] if (at := find(row, marker)) is not None else row for row in written]
        room = self.layout.max_target - longest - len(marker)
        prefixes = [[*reason[:room], *marker] for reason in reasons]
        if self.how == "generate":
            return self._finish(states, mask, reasons, written)
        scored = self._score(states, mask, prefixes)
        return [
            replace(a, rationale=self._say(r), text=self._say(w))
            for a, r, w in zip(scored, reasons, written, strict=True)
        ]

    def _finish(
        self,
        states: torch.Tensor,
        mask: torch.Tensor,
        reasons: Sequence[list[int]],
        written: Sequence[list[int]],
    ) -> list[Answer]:
        """Generate the label after a rationale that ended with its marker."""
        answers = [
            Answer(text=self._say(w), rationale=self._say(r))
            for w, r in zip(written, reasons, strict=True)
        ]
        for i, row in enumerate(written):
            if find(row, self.layout.marker) is None:
                continue
            one = slice(i, i + 1)
            longest = max(map(len, self.layout.labels.values()))
            rest = write_on(self.net, states[one], mask[one], prefix=row, max_new=longest + 1)[0]
            label = next((n for n, p in self.layout.labels.items() if list(p) == rest), None)
            answers[i] = replace(answers[i], label=label, text=self._say([*row, *rest]))
        return answers

    # --- rationales -------------------------------------------------------------------------------

    def _continue(self, sources: Sequence[list[int]], answers: list[Answer]) -> list[Answer]:
        """Write on after each label that was chosen: rows of one label share the beginning."""
        groups: dict[str, list[int]] = defaultdict(list)
        for i, answer in enumerate(answers):
            groups[answer.label or ""].append(i)
        done = list(answers)
        for label, rows in groups.items():
            begin = [*self.layout.labels[label], *self.layout.separator]
            for i, said in zip(rows, self._write([sources[i] for i in rows], begin), strict=True):
                done[i] = replace(answers[i], rationale=said)
        return done

    def _explain(self, texts: Sequence[str], answers: list[Answer]) -> list[Answer]:
        said = self._write(self.read(texts, prefix=EXPLAIN), [])
        return [replace(a, rationale=s) for a, s in zip(answers, said, strict=True)]

    def _write(self, sources: Sequence[list[int]], begin: list[int]) -> list[str | None]:
        room = self.layout.max_target - len(begin)

        def ask(states: torch.Tensor, mask: torch.Tensor) -> list[Answer]:
            rows = write_on(self.net, states, mask, prefix=begin, max_new=room)
            return [Answer(rationale=self._say(row)) for row in rows]

        return [answer.rationale for answer in self._each(sources, ask)]

    def _say(self, row: Sequence[int]) -> str:
        text: str = self.net.tokenizer.decode(row, skip_special_tokens=True)
        return text.strip()
