"""Which steps each unit of a run has taken: on disk at once, so that a stopped run can be read.

    RUN/units/KEY.json      one unit: who it is, the folders of its steps turn by turn, and whether
                            it is through

Steps are keyed by the hash of their inputs and do not say whom they served; this does.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tutelage.exceptions import UserError
from tutelage.records import content_hash
from tutelage.store.runs import write_whole


@dataclass(frozen=True, slots=True)
class Told:
    """What a unit's file says."""

    turns: tuple[Mapping[str, str], ...] = ()
    """Folder of each step by its name, inside the run's folder, for every turn. The last ones may
    not be done."""
    through: bool = False
    """Whether the unit takes no further step: its student is final, or it cannot have one."""


class Trail:
    """The steps that one unit takes.

    An earlier life of the run may have come further. What it told stands until this life takes
    another way: up to there every step is the same.
    """

    def __init__(self, folder: Path, unit: Mapping[str, Any]) -> None:
        self._folder, self._unit = folder, dict(unit)
        self._turns: list[dict[str, str]] = []
        self._told: Told | None = None

    def of(self, turn: int) -> Mapping[str, str]:
        """Folders of the steps that `turn` took so far."""
        return dict(self._turns[turn]) if turn < len(self._turns) else {}

    def take(self, turn: int, name: str, place: str) -> None:
        """The unit begins the step `name` in the folder `place`, or reads it there."""
        while len(self._turns) <= turn:
            self._turns.append({})
        self._turns[turn][name] = place
        if self._told is None:
            self._told = read_trail(self._folder, self._unit)
        if not self._retraced(self._told.turns):
            self._tell(Told(tuple(map(dict, self._turns))))

    def end(self) -> None:
        """The unit takes no further step."""
        told = Told(tuple(map(dict, self._turns)), through=True)
        if told != self._told:
            self._tell(told)

    def _retraced(self, turns: tuple[Mapping[str, str], ...]) -> bool:
        """Whether all steps of this life stand in `turns`."""
        return len(turns) >= len(self._turns) and all(
            own.items() <= told.items() for own, told in zip(self._turns, turns, strict=False)
        )

    def _tell(self, told: Told) -> None:
        path = trail_file(self._folder, self._unit)
        path.parent.mkdir(exist_ok=True)
        facts = {**self._unit, "turns": told.turns, "through": told.through}
        write_whole(path, orjson.dumps(facts))
        self._told = told


def read_trail(folder: Path, unit: Mapping[str, Any]) -> Told:
    """The steps that a unit took in all lives of the run in `folder`; none where it took none.

    Raises:
        UserError: its file was changed by hand.
    """
    path = trail_file(folder, unit)
    if not path.exists():
        return Told()
    try:
        facts = orjson.loads(path.read_bytes())
        return Told(tuple(facts["turns"]), facts["through"])
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise UserError(
            f"{path} cannot be read: {e}.",
            "It says which steps of the run belong together.",
            "Delete it and run the recipe again: finished steps are read, and nothing is bought "
            "twice.",
        ) from e


def forget_trails(folder: Path) -> None:
    """Forget which steps the units of the run in `folder` took. The steps stay: units that come by
    them again tell them anew.

    Raises:
        UserError: the files cannot be removed.
    """
    units = folder / "units"
    try:
        if units.exists():
            shutil.rmtree(units)
    except OSError as e:
        raise UserError(
            f"{units} cannot be removed: {e.strerror or e}.",
            "It says which steps belong together, and is about another recipe.",
            "Mend its permissions, or name another folder with --out.",
        ) from e


def trail_file(folder: Path, unit: Mapping[str, Any]) -> Path:
    """Where the steps of a unit are told."""
    key = content_hash("unit1", dict(unit)).removeprefix("unit1-")[:20]
    return folder / "units" / f"{key}.json"
