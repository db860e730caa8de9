"""What a seq2seq student reads and writes, and which pieces belong to the label. No torch here.

A target is one row of ids with a *label span*. All that sets the objectives apart, the published
ones included, is how the target is laid out and where that span lies; the loss in
`objectives.py` is the same for all of them.

| objective | target | label span |
|---|---|---|
| `label_only` | label EOS | all of it: EOS counts in the mean |
| `split_loss` | label separator rationale EOS | the label's pieces |
| `split_loss`, row without rationale | label EOS | all of it |
| `rationale_first` | rationale marker label EOS | label and EOS |
| `multi_task` | label EOS; rationale EOS after another prefix | the first, none of the second |
| `first_token` | as split_loss, padded with id 0 to max_target | position 0 |
| `label_only: {padded: true}` | label EOS, padded with id 0 to max_target | all positions |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Literal, cast, get_args

from tutelage.exceptions import TrainingError, UserError
from tutelage.plugins import nearest
from tutelage.records import Example, Task

ObjectiveName = Literal["label_only", "split_loss", "rationale_first", "multi_task", "first_token"]
MARKER = "Answer:"
"""Stands between rationale and label where the rationale comes first."""
PREDICT, EXPLAIN = "predict: ", "explain: "
"""Prefixes of the source in Distilling Step-by-Step's code (arXiv 2305.02301)."""


@dataclass(frozen=True, slots=True)
class Objective:
    """What the student is trained to write, and how its parts are weighed.

    The loss is L = label * CE_label + rationale * CE_rationale, each CE a mean over its own tokens
    in the effective batch (`objectives.py`).
    """

    name: ObjectiveName
    label: float = 1.0
    """Factor of the label part, F_label."""
    rationale: float = 0.0
    """Factor of the rationale part, F_rationale."""
    padded: bool = False
    """Targets are padded with id 0 to max_target, and the padding counts (as published)."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


_KEYS: Mapping[str, tuple[str, ...]] = {
    "label_only": ("padded",),
    "split_loss": ("label", "rationale"),
    "rationale_first": ("label", "rationale"),
    "multi_task": ("alpha",),
    "first_token": ("label", "rationale"),
}


def read_objective(value: str | Mapping[str, Any]) -> Objective:
    """The objective that a recipe names: `split_loss`, or `{split_loss: {label: 0.25}}`.

    Factors left out are .5 each; one factor alone leaves the rest of 1 to the other.

    >>> read_objective({"split_loss": {"label": 0.25}}).rationale
    0.75

    Raises:
        UserError: an unknown name or key, or factors that do not sum to 1.
    """
    name, given = (value, {}) if isinstance(value, str) else _single(value)
    if name not in get_args(ObjectiveName):
        raise UserError(
            f"There is no objective called {name!r}.", do=nearest(name, get_args(ObjectiveName))
        )
    for key in given:
        if key not in _KEYS[name]:
            raise UserError(
                f"The objective {name} has no option {key!r}.", do=nearest(key, _KEYS[name])
            )
    if name == "label_only":
        return Objective("label_only", padded=bool(given.get("padded", False)))
    label, rationale = _factors(name, given)
    return Objective(cast(ObjectiveName, name), label, rationale, padded=name == "first_token")


def _single(value: Mapping[str, Any]) -> tuple[Any, Mapping[str, Any]]:
    if len(value) != 1:
        raise UserError(
            f"An objective needs one name, not {len(value)}: {', '.join(map(str, value))}.",
            do="Write objective: split_loss, or objective: {split_loss: {label: 0.25}}.",
        )
    name, given = next(iter(value.items()))
    return name, given or {}


def _factors(name: str, given: Mapping[str, Any]) -> tuple[float, float]:
    label = given.get("alpha", given.get("label"))
    rationale = given.get("rationale")
    if label is None:
        label = 0.5 if rationale is None else 1 - rationale
    if rationale is None:
        rationale = 1 - label
    if min(label, rationale) < 0 or abs(label + rationale - 1) > 1e-9:
        raise UserError(
            f"The factors of {name} are {label} and {rationale}.",
            "They must not be negative and must sum to 1 (arXiv 2409.12599, eq. 1).",
            "Write for example {label: 0.25, rationale: 0.75}.",
        )
    return float(label), float(rationale)


# --- texts ----------------------------------------------------------------------------------------


def source_text(task: Task, row: Example) -> str:
    """What the student reads: `Premise: ... Hypothesis: ...`, or the text alone where there is one
    field (arXiv 2409.12599, author code).

    >>> nli = Task("t", "nli", ("premise", "hypothesis"))
    >>> source_text(nli, Example("1", {"premise": "It rains.", "hypothesis": "It is wet."}))
    'Premise: It rains. Hypothesis: It is wet.'
    """
    if len(task.fields) == 1:
        return row.fields[task.fields[0]]
    return " ".join(f"{_title(name)}: {row.fields[name]}" for name in task.fields)


def _title(name: str) -> str:
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


# --- ids ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Encoded:
    """One source with its target in ids."""

    source: list[int]
    target: list[int]
    label_from: int
    """First position of the label part."""
    label_to: int
    """Position after the label part; every other position belongs to the rationale part."""
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Layout:
    """How targets of one objective are laid out, with the fixed pieces already in ids."""

    objective: Objective
    labels: Mapping[str, list[int]]
    """Pieces by label name."""
    separator: list[int]
    """Between label and rationale, such as the pieces of `Rationale:`."""
    marker: list[int]
    """Before a label that follows its rationale."""
    end: int
    """Id of the end-of-sequence token."""
    max_target: int

    def targets(self, label: str, rationale: list[int] | None) -> list[Encoded]:
        """The targets of one row, without sources: two for `multi_task` with a rationale, else one.

        Args:
            label: Name of the label.
            rationale: Pieces of the rationale, or None where the row has none. It is what is cut
                where a target would be longer than `max_target`: a label never is.
        """
        pieces = self.labels[label]
        alone = [*pieces, self.end]
        name = self.objective.name
        if name == "rationale_first":
            return [self._rationale_first(alone, rationale)]
        first = 1 if name == "first_token" else len(alone)
        if self.objective.padded and name == "label_only":
            first = self.max_target
        if rationale is None or name == "label_only":
            return [Encoded([], alone, 0, first)]
        if name == "multi_task":
            explained = [*rationale[: self.max_target - 1], self.end]
            return [Encoded([], alone, 0, len(alone)), Encoded([], explained, 0, 0)]
        rest = [*self.separator, *rationale][: self.max_target - len(alone)]
        span = 1 if name == "first_token" else len(pieces)
        return [Encoded([], [*pieces, *rest, self.end], 0, span)]

    def _rationale_first(self, alone: list[int], rationale: list[int] | None) -> Encoded:
        room = self.max_target - len(self.marker) - len(alone)
        before = [*(rationale or [])[:room], *self.marker]
        return Encoded([], [*before, *alone], len(before), len(before) + len(alone))

    def is_cut(self, label: str, rationale: list[int] | None) -> bool:
        """Whether the rationale does not fit into `max_target`."""
        if rationale is None or self.objective.name == "label_only":
            return False
        alone = len(self.labels[label]) + 1
        fixed = {"multi_task": 1, "rationale_first": alone + len(self.marker)}
        return len(rationale) + fixed.get(self.objective.name, alone + len(self.separator)) > (
            self.max_target
        )


def make_layout(
    task: Task,
    objective: Objective,
    *,
    separator: str,
    max_target: int,
    end: int,
    tokenize: Callable[[Sequence[str]], list[list[int]]],
) -> Layout:
    """Prepare the fixed pieces and make sure that the labels can be told apart.

    Raises:
        TrainingError: two labels have equal pieces, one is the beginning of another, or (objective
            `first_token`) two begin with the same piece; or a label is longer than `max_target`.
    """
    labels = dict(zip(task.label_names, tokenize([x.said for x in task.labels]), strict=True))
    check_labels(labels, first_only=objective.name == "first_token")
    mark, answer = tokenize([separator, MARKER])
    longest = max(map(len, labels.values())) + len(answer) + 1
    if longest > max_target:
        raise TrainingError(
            f"A label takes {longest} pieces, but max_target is {max_target}.",
            do="Raise max_target, or give the labels shorter words.",
        )
    return Layout(objective, labels, mark, answer, end, max_target)


def check_labels(labels: Mapping[str, Sequence[int]], *, first_only: bool = False) -> None:
    """Stop before training where a loss or a score over label pieces would mean nothing.

    Args:
        labels: Pieces by label name.
        first_only: Whether the first piece alone must tell them apart.

    Raises:
        TrainingError: names the two labels and their pieces.
    """
    names = sorted(labels, key=lambda name: list(labels[name]))
    for a, b in pairwise(names):
        length = 1 if first_only else len(labels[a])
        if list(labels[a][:length]) == list(labels[b][:length]):
            how = "begin with the same piece" if first_only else "cannot be told apart"
            raise TrainingError(
                f"The labels {a!r} and {b!r} {how}: {list(labels[a])} and {list(labels[b])}.",
                "The student writes one piece at a time, so one would always win over the other.",
                "Give them other words in the task (labels: {name: {words: ...}}).",
            )
