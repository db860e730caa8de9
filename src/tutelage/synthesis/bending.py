"""How published methods bend the teacher's probabilities while it writes: as data on a request.

Only teachers that run in this process can do it; an endpoint's session refuses such a request.

Self-debiasing (ZeroGen, arXiv 2202.07922; Schick et al., arXiv 2103.00453): pieces that the same
prompt with another label makes likelier are scaled down, so that a text tells its label apart.

Rewards and penalties (SuperGen, arXiv 2202.04538, section 4): pieces of the first text of a pair
are made likelier or less likely until they are written, and written pieces less likely.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

from tutelage.exceptions import UserError
from tutelage.plugins import nearest
from tutelage.records import Message, Order, Steering, Task
from tutelage.synthesis.writer_options import RepetitionOptions, SelfDebiasingOptions

Prompted = Callable[[Order], tuple[Message, ...]]
"""The messages of an order."""
Bend = Callable[[Order, Prompted], Steering | None]
"""How the request of an order for a text is bent."""
PUBLISHED: Mapping[str, RepetitionOptions] = {
    "entailment": RepetitionOptions(reward=0.8, penalty=1.1),
    "neutral": RepetitionOptions(reward=1.3, penalty=1.3),
    "contradiction": RepetitionOptions(reward=1.1, penalty=1.1),
    "not_entailment": RepetitionOptions(reward=1.1, penalty=1.1),
    "positive": RepetitionOptions(penalty=1.2),
    "negative": RepetitionOptions(penalty=1.2),
}
"""SuperGen's values for MNLI, RTE and SST-2, by the words of the label."""


def contrasting(task: Task, options: SelfDebiasingOptions | None) -> Bend | None:
    """Self-debiasing against the prompts of all other labels.

    Raises:
        UserError: the task has no other label.
    """
    if options is None:
        return None
    if len(task.labels) < 2 or task.kind not in ("classification", "nli"):
        raise UserError(
            f"self_debiasing does not go with the task {task.name!r}.",
            "It contrasts the prompt for a label with those for the other labels.",
            "Leave it out.",
        )

    def bend(order: Order, prompted: Prompted) -> Steering | None:
        if order.label is None:
            return None
        others = tuple(
            prompted(replace(order, label=name)) for name in task.label_names if name != order.label
        )
        return Steering(against=others, decay=options.decay, least=options.least)

    return bend


def repeating(
    task: Task, options: Mapping[str, RepetitionOptions] | Literal["published"] | None
) -> Bend | None:
    """Rewards and penalties by label for repeating the first text of a pair, and oneself.

    Raises:
        UserError: a label that the task does not have, or one that nothing was published for.
    """
    if not options:
        return None
    table = _published(task) if options == "published" else options
    for name in table:
        if name not in task.label_names:
            raise UserError(
                f"repetition names the label {name!r}, which the task does not have.",
                "Rewards and penalties are given by label.",
                nearest(name, task.label_names),
            )

    def bend(order: Order, prompted: Prompted) -> Steering | None:
        how = table.get(order.label or "")
        if how is None:
            return None
        given = order.source.fields.get(task.fields[0], "") if order.source else ""
        return Steering(
            source=given if len(task.fields) > 1 else "", reward=how.reward, penalty=how.penalty
        )

    return bend


def _published(task: Task) -> dict[str, RepetitionOptions]:
    strange = [label.said for label in task.labels if label.said not in PUBLISHED]
    if strange or not task.labels:
        raise UserError(
            "repetition: published knows no value for this task.",
            f"The paper has values for {', '.join(PUBLISHED)}.",
            "Write them by label: repetition: {LABEL: {reward: 0.8, penalty: 1.1}}.",
        )
    return {label.name: PUBLISHED[label.said] for label in task.labels}
