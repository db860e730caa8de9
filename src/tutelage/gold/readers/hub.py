"""Data sets of the Hugging Face hub, or a local folder in their layout (extra `hub`)."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from tutelage.gold.data_faults import DataFaults
from tutelage.gold.readers.cells import RawRow
from tutelage.gold.readers.openers import missing_extra
from tutelage.recipe import SourceSpec
from tutelage.recipe.known_datasets import FOLDER, KnownDataset, data_folder, read_from


def read_hub(spec: SourceSpec, folder: Path, faults: DataFaults) -> Iterator[RawRow]:
    """Rows of one split of a data set, memory-mapped. Class numbers are read as class names.

    Code that a data set brings is never run: `datasets` is not told to trust any.
    """
    known = read_from(spec.hub, spec.name)
    try:
        import datasets
    except ImportError as e:
        whose = f"the data set {known.name} from " if known else ""
        raise missing_extra("datasets", "hub", f"Reading {whose}{faults.source}") from e
    local = folder / spec.hub
    try:
        with nullcontext() if local.is_dir() else _without_waiting(datasets):
            loaded = datasets.load_dataset(
                str(local) if local.is_dir() else spec.hub,
                name=spec.name,
                split=spec.split,
                revision=spec.revision,
                data_dir=spec.data_dir,
            )
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as e:
        raise faults.fail(
            f"The data set {f'{known.name} ' if known else ''}cannot be loaded: {_said(e)}.",
            do=_ways_out(known)
            if isinstance(e, ConnectionError)
            else "Check hub, name, split and revision as datasets.load_dataset takes them.",
        ) from e
    table = _one_split(loaded, faults)
    named = _class_names(table.features, datasets.ClassLabel)
    for number, cells in enumerate(table, 1):
        yield RawRow(number, {k: named[k](v) if k in named else v for k, v in cells.items()})


def _said(error: Exception) -> str:
    """The first line of `error`, without the name of the exception beneath it."""
    line = str(error).splitlines()[0] if str(error) else type(error).__name__
    return re.sub(r" \(\w+\)$", "", line).rstrip(".")


def _ways_out(known: KnownDataset | None) -> str:
    """What to do where there is no way to the hub."""
    if known is None:
        return (
            "Is there a way to the hub from this machine? Where there is none, name a file: "
            "path: FILE in place of hub."
        )
    files = ", ".join(sorted(path.as_posix() for path in known.files(Path()).values()))
    other = (
        f"put {files} into a folder and name it in the environment variable {FOLDER}, and "
        f"`dataset: {known.name}` reads them from there (it looked in {data_folder()})."
        if files
        else f"write task and gold with files of your own in place of `dataset: {known.name}`."
    )
    return f"Run it where the hub can be reached; or {other}"


REACH_SECONDS = 5
"""How long to wait for the hub's first sign of life."""


@contextmanager
def _without_waiting(datasets: Any) -> Iterator[None]:
    """Where the hub gives no sign of life, what an earlier run left in the cache is all there is.

    `datasets` would ask for every file six times, half a minute each, and say so on the terminal.
    """
    constants = importlib.import_module("huggingface_hub.constants")
    places: tuple[Any, ...] = (constants, datasets.config)
    before = [place.HF_HUB_OFFLINE for place in places]
    if not any(before) and not _is_reached(constants.ENDPOINT):
        for place in places:
            place.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        for place, was in zip(places, before, strict=True):
            place.HF_HUB_OFFLINE = was


def _is_reached(endpoint: str) -> bool:
    """Whether anything answers there, through the client that `datasets` uses; asked once."""
    client = importlib.import_module("huggingface_hub.utils").get_session()
    try:
        client.head(endpoint, timeout=REACH_SECONDS)
    except Exception:  # whichever HTTP client it is, with whichever exceptions
        return False
    return True


def _one_split(loaded: Any, faults: DataFaults) -> Any:
    if not isinstance(loaded, Mapping):
        return loaded
    if len(loaded) == 1:
        return next(iter(loaded.values()))
    raise faults.fail(
        f"The data set has the splits {', '.join(loaded)}.",
        why="A role is filled from one of them.",
        do="Name it: {hub: ..., split: ...}.",
    )


def _class_names(features: Mapping[str, Any], kind: type) -> dict[str, Callable[[Any], Any]]:
    """How to read the columns that hold class numbers, or lists of them."""

    def reader(feature: Any) -> Callable[[Any], Any]:
        def name(value: Any) -> Any:
            if isinstance(value, list):
                return [name(item) for item in value]
            return None if value is None or value < 0 else feature.int2str(value)

        return name

    found = {}
    for column, feature in features.items():
        inner = getattr(feature, "feature", feature)
        if isinstance(inner, kind):
            found[column] = reader(inner)
    return found
