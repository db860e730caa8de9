"""Public data sets by name: `dataset: sst2` fills in `task` and `gold`.

The table is `data/datasets.yaml` of the package. It names files of the Hugging Face hub, and files
of one folder on this machine (`TUTELAGE_REAL_DATA`), which are used where they are all there. No
row of any of these sets comes with Tutelage.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from tutelage.exceptions import Fault
from tutelage.plugins import nearest
from tutelage.recipe.yaml12 import Document, Location, read_text

FOLDER = "TUTELAGE_REAL_DATA"
"""Environment variable that names the folder of the files."""
DEFAULT_FOLDER = "../shared/data"
ROLES = ("train", "pool", "dev", "test", "unlabelled")


@dataclass(frozen=True)
class KnownDataset:
    """A public data set: what is learned from it, and where its rows stand."""

    name: str
    about: str
    """What it holds and who made it, in a sentence."""
    licence: str
    task: Mapping[str, Any]
    """Keys of `task`."""
    hub: Mapping[str, Any]
    """Keys of `gold` with sources on the hub."""
    here: Mapping[str, Any] = field(default_factory=dict)
    """Keys of `gold` with files of a folder; none where no such files are known."""

    def files(self, folder: Path) -> dict[str, Path]:
        """Files of `here` by role, whether they are there or not."""
        return {role: folder / self.here[role] for role in ROLES if role in self.here}

    def are_here(self, folder: Path) -> bool:
        """Whether `folder` holds all the files."""
        found = self.files(folder)
        return bool(found) and all(path.is_file() for path in found.values())

    @property
    def hub_id(self) -> str:
        """Name of the data set on the hub."""
        return str(self.hub["train"]["hub"])

    def gold(self, folder: Path) -> dict[str, Any]:
        """Keys of `gold`: with the files of `folder` where all are there, else with the hub."""
        if not self.are_here(folder):
            return dict(self.hub)
        sources = {role: {"path": str(path)} for role, path in self.files(folder).items()}
        return {**self.here, **sources}


@cache
def known_datasets() -> Mapping[str, KnownDataset]:
    """All data sets that a recipe can name."""
    table = files("tutelage") / "data" / "datasets.yaml"
    tree = read_text(table.read_text(encoding="utf-8"), "datasets.yaml").tree
    return {name: _entry(name, given) for name, given in tree.items()}


def _entry(name: str, given: Mapping[str, Any]) -> KnownDataset:
    both = given.get("gold", {})
    here = given.get("here")
    return KnownDataset(
        name=name,
        about=given["about"],
        licence=given["licence"],
        task=given["task"],
        hub={**both, **given["hub"]},
        here={**both, **here} if here else {},
    )


def read_from(hub: str, configuration: str | None = None) -> KnownDataset | None:
    """The known data set whose rows stand there on the hub.

    >>> read_from("SetFit/TREC-QC").name
    'trec6'
    """
    for one in known_datasets().values():
        if one.hub_id == hub and one.hub["train"].get("name") == configuration:
            return one
    return None


def data_folder() -> Path:
    """The folder of the files: that of `TUTELAGE_REAL_DATA`, or else `../shared/data`."""
    return Path(os.environ.get(FOLDER) or DEFAULT_FOLDER).expanduser().resolve()


def expanded(document: Document) -> tuple[Document, list[Fault]]:
    """The recipe with what its `dataset` says, where the recipe itself says nothing.

    Keys of `task` and of `gold` that the recipe has are left as they are, each as a whole. Faults
    in what was filled in point to the line of `dataset`.

    Returns:
        The document, and a fault where no data set has that name; `task` and `gold` are then empty
        rather than missing, so that only the name is called wrong.
    """
    tree = document.tree
    name = tree.get("dataset")
    if "dataset" in tree and name is None:  # `--set dataset=` takes a recipe's own away
        return replace(document, tree={k: v for k, v in tree.items() if k != "dataset"}), []
    if not isinstance(name, str) or not name:
        return document, []
    known = known_datasets()
    if name not in known:
        what = f"there is no data set called {name!r}. {nearest(name, tuple(known))}"
        fault = Fault("dataset", what, document.line(("dataset",)))
        return _filled(document, {"task": {}, "gold": {}}), [fault]
    found = known[name]
    return _filled(document, {"task": found.task, "gold": found.gold(data_folder())}), []


def _filled(document: Document, given: Mapping[str, Mapping[str, Any]]) -> Document:
    tree = dict(document.tree)
    lines: dict[Location, int] = dict(document.lines)
    line = document.line(("dataset",)) or 1
    for part, keys in given.items():
        own = tree.get(part)
        if part == "task" and isinstance(own, str):
            own = {"kind": own}
        if own is not None and not isinstance(own, Mapping):
            continue
        absent = {key: value for key, value in keys.items() if key not in (own or {})}
        tree[part] = {**(own or {}), **absent}
        lines.setdefault((part,), line)
        lines.update({(part, key): line for key in absent})
    return Document(document.source, tree, lines, document.written)
