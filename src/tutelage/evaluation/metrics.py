"""The door to all metrics: which a task gets by itself, and how further ones join by name."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from tutelage.contracts import Metric
from tutelage.evaluation.alignment import align
from tutelage.plugins import find
from tutelage.recipe import PartSpec
from tutelage.recipe.fault_finding import build_options
from tutelage.records import Example, Prediction, Task, TaskKind

DEFAULTS: dict[TaskKind, tuple[str, ...]] = {
    "classification": ("accuracy", "macro_f1", "per_class", "calibration", "rationale_overlap"),
    "nli": ("accuracy", "macro_f1", "per_class", "calibration", "rationale_overlap"),
    "multi_label": ("multi_label", "per_class", "rationale_overlap"),
    "span_qa": ("span_answers", "rationale_overlap"),
    "generation": ("text_quality",),
}
"""Metrics of every task of a kind, whether a recipe names them or not."""


def metrics_for(task: Task, further: Sequence[PartSpec] = ()) -> list[Metric]:
    """The task's own metrics, then those that the recipe adds.

    A part that the task has anyway replaces it, with the recipe's options.

    Raises:
        UserError: no metric has that name, or an option is wrong.
    """
    named = {part.name: part for part in further}
    names = list(dict.fromkeys((*DEFAULTS[task.kind], *named)))
    return [_built(name, named.get(name)) for name in names]


def _built(name: str, part: PartSpec | None) -> Metric:
    return _plain(name) if part is None or not part.options else _with_options(part)


@cache
def _plain(name: str) -> Metric:
    plugin = find("metric", name)
    metric: Metric = plugin.make(plugin.options())
    return metric


def _with_options(part: PartSpec) -> Metric:
    plugin = find("metric", part.name)
    metric: Metric = plugin.make(build_options(plugin, part.options))
    return metric


def measure(
    task: Task,
    gold: Sequence[Example],
    predictions: Sequence[Prediction],
    metrics: Sequence[Metric] | None = None,
) -> dict[str, float]:
    """All measures by name; `predictions` may come in any order.

    Raises:
        UserError: predictions and rows do not match one to one by id.
    """
    ordered = align(gold, predictions)
    found: dict[str, float] = {}
    for metric in metrics_for(task) if metrics is None else metrics:
        found.update(metric.score(task, gold, ordered))
    return found
