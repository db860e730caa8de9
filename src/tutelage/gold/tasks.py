"""From the recipe's task to the noun: presets, labels read from rows, words that differ."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from tutelage.exceptions import UserError
from tutelage.gold.columns import PARTS
from tutelage.recipe import LabelSpec, TaskSpec
from tutelage.records import Label, Task, TaskKind

MOST_LABELS = 200
FEW_LABELS = 10
"""From so many labels on it is asked whether their column holds labels at all."""
LONGEST = 40
"""Characters of a label in a message: what is longer is no label, but a text taken for one."""
NLI_WORDS: Mapping[str, str] = {
    "entailment": "Entailment",
    "neutral": "Neutral",
    "contradiction": "Contradiction",
}
_FIELDS: Mapping[TaskKind, tuple[str, ...]] = {
    "nli": ("premise", "hypothesis"),
    "span_qa": ("context", "question"),
}
_METRICS: Mapping[TaskKind, str] = {
    "multi_label": "macro_f1",
    "span_qa": "f1",
    "generation": "chrf",
}
UNLABELLED_KINDS: Mapping[TaskKind, str] = {
    "span_qa": "Its answers are pieces of the context.",
    "generation": "Its answers are texts to write.",
}
"""Kinds of tasks without labels, and what they have in their place."""
_TAKEN = frozenset({"id", "label", "labels", "rationale"})


def default_fields(spec: TaskSpec) -> tuple[str, ...]:
    """Text fields of `spec`, by the kind of task where it names none."""
    return spec.fields or _FIELDS.get(spec.kind, ("text",))


def make_task(spec: TaskSpec, rows_labels: Iterable[str] = ()) -> Task:
    """Build the task that a recipe describes.

    Args:
        spec: The recipe's task.
        rows_labels: Labels of the train rows. Read only where the recipe lists none and the kind
            has no preset; the task then has them in sorted order.

    Raises:
        UserError: fewer than 2 or more than 200 labels, label words that a reader could not tell
            apart, repeated or reserved field names, labels of a task that has none, other than two
            fields for span QA.

    >>> [label.said for label in make_task(TaskSpec(kind="nli")).labels]
    ['Entailment', 'Neutral', 'Contradiction']
    >>> make_task(TaskSpec(), ["ham", "spam", "ham"]).label_names
    ('ham', 'spam')
    """
    labels: tuple[Label, ...] = ()
    if spec.kind in UNLABELLED_KINDS:
        _check_no_labels(spec)
    else:
        labels = _labels(spec, rows_labels)
        _check_count(labels, listed=bool(spec.labels))
        _check_words(labels)
    return Task(
        name=spec.name or spec.kind,
        kind=spec.kind,
        fields=_fields(spec),
        labels=labels,
        instruction=spec.instruction,
        metric=spec.metric or _METRICS.get(spec.kind, "accuracy"),
    )


def check_repeated(counts: Mapping[str, int], column: str) -> None:
    """See to it that labels which nobody listed are labels.

    Args:
        counts: Train rows of each.
        column: Where they stand.

    Raises:
        UserError: most of them stand on a single row, as texts and ids do.
    """
    single = [name for name, count in counts.items() if count == 1]
    if len(counts) < FEW_LABELS or len(single) <= len(counts) / 2:
        return
    raise UserError(
        f"Is {column!r} the label's column? {len(single)} of the {len(counts)} labels there stand "
        f"on a single train row: {some_labels(single, most=2)}.",
        "Labels stand in many rows each, or they can be neither learned nor measured; these look "
        "like texts or ids.",
        "Name the label's column under gold.columns, such as {label: COLUMN}; where it is the "
        "right one, list the labels under task.labels.",
    )


def some_labels(names: Collection[str], *, most: int = 5) -> str:
    """Labels in a message: the first few, and no long text whole.

    >>> some_labels(["a", "b", "a very long text that some file has in this place"], most=3)
    'a, b, a very long text that some file has i...'
    >>> some_labels("abcdefg")
    'a, b, c, d, e and 2 more'
    """
    cut = [name if len(name) <= LONGEST else f"{name[: LONGEST - 3]}..." for name in names]
    more = f" and {len(cut) - most} more" if len(cut) > most else ""
    return f"{', '.join(cut[:most])}{more}"


def _check_no_labels(spec: TaskSpec) -> None:
    """A question is answered by a piece of one context, and a generation task by a new text."""
    if spec.labels:
        raise UserError(
            f"The recipe lists labels for a task of kind {spec.kind}.",
            UNLABELLED_KINDS[spec.kind],
            "Leave task.labels out, or use kind: classification.",
        )
    if spec.kind == "span_qa" and spec.fields and len(spec.fields) != 2:
        raise UserError(
            f"A task of kind span_qa has {len(spec.fields)} fields: {', '.join(spec.fields)}.",
            "It has two: the context in which the answer stands, and the question.",
            "Write fields: [context, question], in this order.",
        )


def _fields(spec: TaskSpec) -> tuple[str, ...]:
    fields = default_fields(spec)
    if len(set(fields)) < len(fields):
        raise UserError(f"task.fields names a field twice: {', '.join(fields)}.")
    reserved = _TAKEN.union(PARTS.get(spec.kind, ()))
    if taken := reserved.intersection(fields):
        raise UserError(
            f"task.fields cannot hold {', '.join(sorted(taken))}.",
            "These names stand for what is known of a row, not for its texts.",
            "Name the field otherwise and map its column, such as columns: {text: label}.",
        )
    return fields


def _labels(spec: TaskSpec, rows_labels: Iterable[str]) -> tuple[Label, ...]:
    listed = spec.labels
    if not listed and spec.kind == "nli":
        listed = dict.fromkeys(NLI_WORDS, LabelSpec())
    if not listed:
        listed = dict.fromkeys(sorted(set(rows_labels)), LabelSpec())
    preset = NLI_WORDS if spec.kind == "nli" and set(listed) <= set(NLI_WORDS) else {}
    return tuple(
        Label(name, label.words or preset.get(name, ""), label.guideline)
        for name, label in listed.items()
    )


def _check_count(labels: tuple[Label, ...], *, listed: bool) -> None:
    if 2 <= len(labels) <= MOST_LABELS:
        return
    where = "The recipe lists" if listed else "The train rows have"
    shown = f": {some_labels([label.name for label in labels])}" if labels else ""
    raise UserError(
        f"{where} {len(labels)} label{'' if len(labels) == 1 else 's'}{shown}.",
        f"A task needs 2 to {MOST_LABELS} labels.",
        "Correct task.labels."
        if listed
        else "Check which column gold.columns names as label, "
        "or list the labels under task.labels.",
    )


def _check_words(labels: tuple[Label, ...]) -> None:
    first: dict[str, Label] = {}
    clashes = []
    for label in labels:
        said = " ".join(label.said.split()).casefold()
        if not said:
            clashes.append(f"{label.name!r} is said with no word")
        elif said in first:
            other = first[said]
            clashes.append(f"{other.name!r} and {label.name!r} are both said {label.said!r}")
        first.setdefault(said, label)
    if clashes:
        raise UserError(
            f"Label words collide: {'; '.join(clashes)}.",
            "Neither the teacher nor the student could tell these labels apart.",
            "Give each label words of its own under task.labels.",
        )
