"""What texts must be like (AttrPrompt, arXiv 2306.15895): dimensions, values, and their draw.

The teacher names dimensions in which texts differ, half of them such as each label has values of
its own for (its subtopics), then values of each dimension; or the recipe gives both. Every order
draws one value of each dimension. The prompts of these stages are bought once for all turns and
arms that ask them. The paper drops values that fit several labels by a further prompt; here the
prompt for values of a label asks for such as fit no other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tutelage.exceptions import UserError
from tutelage.records import Brief, Order, Task
from tutelage.synthesis.contexts import of_kind
from tutelage.synthesis.writer_options import AttributesOptions, GivenAttributes, WritingOptions
from tutelage.synthesis.writing import Asking, blank
from tutelage.teacher.templating import load

STAGES = ("dimensions", "values")


def stages(options: WritingOptions) -> tuple[str, ...]:
    """The stages before the texts: none where no attributes are wanted, or they are given."""
    return STAGES if isinstance(options.attributes, AttributesOptions) else ()


def askings() -> dict[str, Asking]:
    """How attributes are asked for: by kind of order."""
    name, value = ("dimension",), ("value",)
    return {
        "dimensions": Asking(load("dimensions.v1"), name, "attributes", "dimension", shared=True),
        "label_dimensions": Asking(
            load("label_dimensions.v1"), name, "attributes", "label dimension", shared=True
        ),
        "values": Asking(load("values.v1"), value, "attributes", "value", shared=True),
    }


def orders(stage: str, brief: Brief, options: AttributesOptions) -> list[Order]:
    """The orders of one of `STAGES`; none where an earlier wave has brought what they ask for."""
    wanted = _dimensions(brief, options) if stage == "dimensions" else _values(brief, options)
    return [
        Order(number, kind, label, blank(brief), materials=about, count=count)
        for number, (kind, label, about, count) in enumerate(wanted, start=brief.placed)
    ]


Wanted = list[tuple[str, str | None, tuple[str, ...], int]]
"""Kind of order, label, the dimension that values are of, and how many."""


def _dimensions(brief: Brief, options: AttributesOptions) -> Wanted:
    if any(material.kind.endswith("dimension") for material in brief.materials):
        return []
    own = options.dimensions // 2 if brief.task.labels else 0
    parts = (("dimensions", options.dimensions - own), ("label_dimensions", own))
    return [(kind, None, (), count) for kind, count in parts if count]


def _values(brief: Brief, options: AttributesOptions) -> Wanted:
    if any(material.kind.startswith("value: ") for material in brief.materials):
        return []
    common = [(name, None) for name in of_kind(brief, "dimension")]
    own = [
        (name, label)
        for name in of_kind(brief, "label dimension")
        for label in brief.task.label_names
    ]
    return [("values", label, (name,), options.values) for name, label in (*common, *own)]


class Lots:
    """Draws one value of each dimension for one order after the other."""

    def __init__(self, brief: Brief, options: WritingOptions) -> None:
        self._brief, self._options = brief, options
        self._on_offer: dict[str | None, Mapping[str, Sequence[str]]] = {}

    def draw(self, label: str | None, number: int) -> dict[str, str]:
        """The attributes of the order `number` that writes for `label`; by its seed alone."""
        if label not in self._on_offer:
            self._on_offer[label] = _on_offer(self._brief, self._options, label)
        offered = self._on_offer[label]
        if not offered:
            return {}
        chance = np.random.default_rng([self._brief.seed, self._brief.turn, number])
        return {name: some[int(chance.integers(len(some)))] for name, some in offered.items()}


def _on_offer(
    brief: Brief, options: WritingOptions, label: str | None
) -> Mapping[str, Sequence[str]]:
    """Values by dimension, those of the label where the dimension has such; none is empty."""
    given, found = options.attributes, dict[str, Sequence[str]]()
    if isinstance(given, Mapping):
        for name, values in given.items():
            found[name] = values.get(label or "", ()) if isinstance(values, Mapping) else values
    elif given is not None:
        for kind in ("dimension", "label dimension"):
            for name in of_kind(brief, kind):
                own = of_kind(brief, f"value: {name}", label)
                found[name] = own or of_kind(brief, f"value: {name}")
    return {name: values for name, values in found.items() if values}


def check_given(task: Task, given: AttributesOptions | GivenAttributes | None) -> None:
    """Refuse given attributes that cannot be drawn.

    Raises:
        UserError: a dimension without values, or with values for a label that the task lacks.
    """
    if not isinstance(given, Mapping):
        return
    for name, values in given.items():
        parts = values if isinstance(values, Mapping) else {"": values}
        unknown = [label for label in parts if label and label not in task.label_names]
        if unknown or not all(parts.values()) or not parts:
            what = f"names the unknown label {unknown[0]!r}" if unknown else "has no values"
            raise UserError(
                f"attributes: {name} {what}.",
                "Each order draws one of a dimension's values.",
                f"Write `{name}: [one, other]`, or lists by label.",
            )
