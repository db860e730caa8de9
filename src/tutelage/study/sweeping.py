"""One recipe at several values of one of its keys: a study of each, under one ledger."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tutelage.exceptions import RecipeError, TutelageError, UserError
from tutelage.recipe import LoadedRecipe, Recipe, load_recipe
from tutelage.records import Usage
from tutelage.study.plan_facts import Plan
from tutelage.study.planning import plan_study


@dataclass(frozen=True, slots=True)
class Axis:
    """What is varied."""

    key: str
    """Path inside the recipe, such as `gold.fraction`."""
    values: tuple[str, ...]
    """As they are written, in the order in which they run."""

    def folder(self, base: Path, value: str) -> Path:
        """The run's folder of one value, beside those of the others: they share their ledger.

        >>> str(Axis("gold.fraction", ("0.1",)).folder(Path("runs/mine"), "0.1"))
        'runs/mine-gold.fraction=0.1'
        """
        return base.with_name(f"{base.name}-{self.key}={_in_file_names(value)}")

    def page(self, base: Path) -> Path:
        """The page on which all values stand together; without its ending."""
        return base.with_name(f"{base.name}-over-{self.key}")


def read_axis(text: str) -> Axis:
    """The axis that `key=value,value` names. Commas inside brackets part no values.

    Raises:
        UserError: it is not of that form, or two values are the same.

    >>> read_axis("gold.few=10,20").values
    ('10', '20')
    >>> read_axis("student={kind: linear, c: 1},{kind: linear, c: 2}").values[1]
    '{kind: linear, c: 2}'
    """
    key, equals, rest = text.partition("=")
    values = tuple(value.strip() for value in _parted(rest))
    if not equals or not key.strip() or not all(values):
        raise UserError(
            f"--over {text} is not of the form key.key=value,value.",
            do="Write for example --over gold.fraction=0.02,0.05,0.2.",
        )
    if len({_in_file_names(value) for value in values}) < len(values):
        raise UserError(
            f"--over {text} names a value twice.",
            "Each value is a run with a folder of its own.",
            "Write each value once.",
        )
    return Axis(key.strip(), values)


def _parted(text: str) -> list[str]:
    """`text` at its commas outside of brackets and quotes."""
    parts, depth, quote = [""], 0, ""
    for sign in text:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        depth += (sign in "[{") - (sign in "]}") if not quote else 0
        if sign == "," and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += sign
    return parts


def _in_file_names(value: str) -> str:
    return re.sub(r"[^\w.+-]+", "_", value).strip("_")[:60] or "_"


def load_points(
    source: Any, axis: Axis, *, assignments: Sequence[str] = (), folder: Path | None = None
) -> dict[str, LoadedRecipe]:
    """The recipe at each value.

    Args:
        source: As for `load_recipe`.
        axis: What is varied.
        assignments: Further `key=value` texts, the same for all.
        folder: As for `load_recipe`.

    Raises:
        RecipeError: a value that makes the recipe wrong, before anything was bought.
        UserError: a recipe that was read already.
    """
    if isinstance(source, LoadedRecipe | Recipe):
        raise UserError(
            "A recipe that is read already cannot be varied.",
            "Each value is set before the recipe is read.",
            "Give its file, its name or a mapping, and overrides as `assignments`.",
        )
    found = {}
    for value in axis.values:
        try:
            given = [*assignments, f"{axis.key}={value}"]
            found[value] = load_recipe(source, assignments=given, folder=folder)
        except RecipeError as e:
            raise RecipeError(f"{e.source} at {axis.key}={value}", e.faults) from e
    return found


@dataclass(frozen=True)
class SweepPlan:
    """What all values together would buy and train. A reply that several want counts once."""

    key: str
    plans: dict[str, Plan]
    """By value."""
    failed: dict[str, TutelageError]
    """Values that cannot be planned, and so not be run either."""

    @property
    def to_buy(self) -> int:
        return sum(part.to_buy for p in self.plans.values() for part in (*p.arms, *p.rivals))

    @property
    def students(self) -> int:
        return sum(plan.students for plan in self.plans.values())

    @property
    def expected(self) -> Usage:
        return sum((plan.expected for plan in self.plans.values()), Usage())

    @property
    def worst(self) -> Usage:
        return sum((plan.worst for plan in self.plans.values()), Usage())

    @property
    def priced(self) -> bool:
        return all(plan.priced for plan in self.plans.values())

    def to_facts(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "over": self.key,
            "plans": {value: plan.to_facts() for value, plan in self.plans.items()},
            "failed": {value: str(error) for value, error in self.failed.items()},
            "to_buy": self.to_buy,
            "students": self.students,
            "expected": {**asdict(self.expected), "usd": self.expected.usd},
            "worst": {**asdict(self.worst), "usd": self.worst.usd},
        }


async def plan_sweep(
    points: dict[str, LoadedRecipe],
    axis: Axis,
    *,
    ledger: Path,
    limit: int | None = None,
    arms: Sequence[str] = (),
) -> SweepPlan:
    """Count what a run over all values would buy: what one buys the next ones find.

    Args:
        points: Of `load_points`.
        axis: What is varied.
        ledger: Where replies would be kept.
        limit: Rows of each role, as for a run.
        arms: These arms only; all where empty.
    """
    seen: set[str] = set()
    plans, failed = {}, {}
    for value, loaded in points.items():
        try:
            plans[value] = await plan_study(
                loaded, ledger=ledger, limit=limit, arms=arms, seen=seen
            )
        except TutelageError as error:
            failed[value] = error
    return SweepPlan(axis.key, plans, failed)
