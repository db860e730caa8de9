"""Several methods in one arm, a turn for each: annotate what there is, then write more.

The paper's arm that joins annotation and generation (arXiv 2310.01119) is two turns of one student:
each method keeps its own quota and waves, a student is trained after each turn, and the curve of
the report shows what the second one added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tutelage.contracts import Calibrating, Synthesizer
from tutelage.exceptions import UserError
from tutelage.plugins import find
from tutelage.recipe import PartSpec
from tutelage.recipe.fault_finding import build_options
from tutelage.records import Brief, Draft, Order, Reply, Request, Task
from tutelage.synthesis.turn_options import InTurnsOptions

MARK = ":"
"""Between the number of a part and the name of its stage, or the kind of its order."""


@dataclass(frozen=True)
class TakingTurns:
    """Hands each turn to the part whose turn it is; turns beyond the parts go to the last one."""

    parts: tuple[Synthesizer, ...]

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages of all parts; those of other turns order nothing."""
        return tuple(
            f"{i}{MARK}{stage}" for i, part in enumerate(self.parts) for stage in part.stages
        )

    @property
    def waves(self) -> int:
        """Of the part that has most; another orders nothing beyond its own."""
        return max(part.waves for part in self.parts)

    @property
    def calibration(self) -> int:
        """Dev rows that the part which wants most of them wants."""
        return max(part.calibration if isinstance(part, Calibrating) else 0 for part in self.parts)

    def quota(self, brief: Brief) -> Mapping[str, int]:
        return self.parts[self._place(brief)].quota(self._own(brief))

    def orders(self, stage: str, brief: Brief) -> Sequence[Order]:
        number, _, name = stage.partition(MARK)
        part = self.parts[int(number)]
        if int(number) != self._place(brief) or brief.wave >= part.waves:
            return ()
        orders = part.orders(name, self._own(brief))
        return [replace(order, kind=f"{number}{MARK}{order.kind}") for order in orders]

    def step(self, order: Order, replies: Sequence[Reply]) -> Sequence[Request] | Sequence[Draft]:
        number, _, kind = order.kind.partition(MARK)
        return self.parts[int(number)].step(replace(order, kind=kind), replies)

    def _own(self, brief: Brief) -> Brief:
        """What the part at work sees: its turns begin with the first that it was given."""
        return replace(brief, since=brief.since + self._place(brief))

    def _place(self, brief: Brief) -> int:
        return min(brief.own_turn, len(self.parts) - 1)


def build(options: InTurnsOptions, *, task: Task, folder: Path = Path()) -> TakingTurns:
    """The synthesizer `in_turns`.

    Raises:
        UserError: fewer than two parts, or a part that cannot be.
    """
    if len(options.parts) < 2:
        raise UserError(
            f"in_turns has {len(options.parts)} parts.",
            "It hands one turn of the arm to each of several methods.",
            "List two or more, such as parts: [annotate, {generate: {rows: 500}}], or name the one "
            "method as the synthesis.",
        )
    return TakingTurns(tuple(_part(given, task, folder) for given in options.parts))


def _part(given: object, task: Task, folder: Path) -> Synthesizer:
    spec = PartSpec.model_validate(given)
    plugin = find("synthesizer", spec.name)
    made: Synthesizer = plugin.make(build_options(plugin, spec.options), task=task, folder=folder)
    return made
