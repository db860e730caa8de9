"""What the purchases of a run brought so far, and which of them are missing.

Each purchase seed and fold of an arm makes a purchase of its own, which all its students share.
With a critic each student buys for itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from tutelage.exceptions import UserError
from tutelage.harvesting import waves_of
from tutelage.steps import Unit
from tutelage.store.trails import Told, read_trail
from tutelage.study.archive import PastRun
from tutelage.study.building import units_of
from tutelage.study.shop import looping_arms

AFTER_WAVES = "fit"
"""The step that follows a turn's last wave."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """One purchase, from its first turn to its last."""

    unit: Unit
    """Of the students that share it the first."""
    told: Told
    """Its steps, from the student that came furthest."""

    @property
    def turns(self) -> Sequence[Mapping[str, str]]:
        """Folders of the steps of each turn by their names."""
        return self.told.turns

    def bought_in(self, turns: int) -> int:
        """How many of the first `turns` turns bought, and are complete."""
        return sum(AFTER_WAVES in steps and any(waves_of(steps)) for steps in self.turns[:turns])

    @property
    def over(self) -> bool:
        """Whether nothing more is bought: its unit is through, or trains on what was there before,
        since gold joins last or `match: rows` is met."""
        return self.told.through or any(
            AFTER_WAVES in steps and not any(waves_of(steps)) for steps in self.turns
        )


def purchases(run: PastRun, arms: Sequence[str] = ()) -> list[Purchase]:
    """The purchases of a run's recipe in the order of arms, seeds and folds, begun or not.

    Args:
        run: Any run; one that never read gold has none, since it knows no folds.
        arms: These arms only; all where empty.

    Raises:
        UserError: the run has results, but was made before runs told their units' steps.
    """
    if run.finished and "folds" not in run.about:
        raise UserError(
            f"The run {run.folder} was made by an earlier version.",
            "It does not say which of its steps belong together.",
            "Run its recipe again in this folder: finished steps are read, and nothing is bought "
            "twice.",
        )
    looping = looping_arms(run.recipe)
    shared: dict[tuple[object, ...], list[Unit]] = {}
    for unit in units_of(run.recipe, run.about.get("folds", ())):
        arm = run.recipe.arms.get(unit.arm)
        if arm is not None and arm.synthesis and unit.arm in (arms or (unit.arm,)):
            own = (unit.grid, unit.student_seed) if unit.arm in looping else ()
            shared.setdefault((unit.arm, unit.purchase_seed, unit.fold, *own), []).append(unit)
    return [Purchase(units[0], _furthest(run, units)) for units in shared.values()]


def _furthest(run: PastRun, units: Sequence[Unit]) -> Told:
    """What the student tells that came furthest. Students which a start of the run with other
    options left behind, and this one has not come to yet, are passed over: they began otherwise."""
    told = [found for unit in units if (found := read_trail(run.folder, asdict(unit))).turns]
    if not told:
        return Told()
    began = list(waves_of(told[0].turns[0]))
    alike = [one for one in told if list(waves_of(one.turns[0])) == began]
    return max(alike, key=lambda one: (one.through, len(one.turns)))


# --- what is missing ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shortfall:
    """An arm whose purchases are not all complete."""

    arm: str
    purchases: int
    complete: int
    turns: int
    """Turns of all purchases; `patience` may end one earlier."""
    turns_complete: int

    def __str__(self) -> str:
        said = f"{self.arm}: {self.complete} of {self.purchases} purchases complete"
        turns = f" ({self.turns_complete} of {self.turns} turns)"
        return said + turns * (self.turns > self.purchases)


def shortfalls(run: PastRun, arms: Sequence[str] = ()) -> list[Shortfall]:
    """Arms whose rows are not all there; none of a run that has come to its end.

    Args:
        run: Any run.
        arms: These arms only; all where empty.
    """
    by_arm: dict[str, list[Purchase]] = {}
    for purchase in () if run.ended else purchases(run, arms):
        by_arm.setdefault(purchase.unit.arm, []).append(purchase)
    found = [_of_arm(name, bought, run.recipe.arms[name].turns) for name, bought in by_arm.items()]
    return [one for one in found if one.complete < one.purchases]


def _of_arm(name: str, bought: Sequence[Purchase], turns: int) -> Shortfall:
    done = [purchase.bought_in(turns) for purchase in bought]
    complete = sum(
        count == turns or purchase.over for count, purchase in zip(done, bought, strict=True)
    )
    return Shortfall(name, len(bought), complete, turns * len(bought), sum(done))


def nothing_yet(run: PastRun, arms: Sequence[str] = ()) -> UserError:
    """What to tell whoever wants the rows of a run that has none yet, or of arms that buy none."""
    buying = [name for name, arm in run.recipe.arms.items() if arm.synthesis]
    if not set(arms or buying) & set(buying):
        return _never(run, arms, buying)
    whose = f" of {', '.join(arms)}" if arms else ""
    requests = run.spent().requests
    paid = "It has bought nothing yet."
    if requests:
        paid = (
            f"Of what it buys nothing is complete and judged. The {requests:,} replies that it has "
            "paid for, for whichever arm, are in its ledger."
        )
    return UserError(
        f"The run {run.folder} has no rows{whose} yet.",
        f"It is not finished. {paid}",
        f"See what it is doing with `tutelage status {run.folder}`, or run its recipe again to go "
        "on: what it has paid for is not bought again.",
    )


def _never(run: PastRun, arms: Sequence[str], buying: Sequence[str]) -> UserError:
    """What to tell whoever wants rows of arms that buy none."""
    whose = f" of {', '.join(arms)}" if arms else ""
    do = "Give an arm `synthesis`, and run the recipe."
    if buying:
        do = f"Name an arm that buys: --arm {', --arm '.join(buying)}."
    return UserError(
        f"The run {run.folder} has no rows{whose}, and will have none.",
        "An arm without `synthesis` buys nothing: its students train on gold, or on rows that it "
        "brought along.",
        do,
    )


def advice(run: PastRun, missing: Sequence[Shortfall]) -> Iterator[str]:
    """What to tell whoever has the rows of a run that has not come to its end."""
    yield "The run is not finished: these are the rows that it has bought and judged so far."
    yield from (f"Missing from {one}." for one in missing)
    yield (
        "Run its recipe again to go on: what it has paid for is not bought again. `tutelage status "
        f"{run.folder}` says what it is doing."
    )
