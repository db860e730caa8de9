"""The one door for parts: a name, an options dataclass, and where to build it from.

Built-in and third-party parts are declared alike, as entry points of the group
`tutelage.plugins` that point to a tuple of `Plugin`s. Declaring imports neither torch nor the
implementation, so a recipe can be checked on a machine that cannot run it.

    # pyproject.toml of a third party
    [project.entry-points."tutelage.plugins"]
    acme = "acme_tutelage:PLUGINS"
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Any, Literal

from tutelage.exceptions import UserError

Kind = Literal["teacher", "synthesizer", "check", "learner", "critic", "metric", "executor"]
GROUP = "tutelage.plugins"


@dataclass(frozen=True, slots=True)
class NoOptions:
    """For parts that have nothing to set."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """A part that recipes can name."""

    kind: Kind
    name: str
    build: str
    """`module:callable`; called with the options and the keyword arguments of its kind."""
    options: type = NoOptions
    """A frozen dataclass with an attribute docstring under each field: its fields are the YAML."""
    summary: str = ""
    """One sentence for `tutelage recipes` and error messages."""
    paper: str = ""
    """Where the method comes from, such as `arXiv 2409.12599`."""
    version: int = 1
    """Raised whenever the same options give another result: part of each step's key."""
    gives: tuple[str, ...] | None = None
    """Learners: capabilities of their students that a critic may need, `scores` and `gradients`.
    Synthesizers: what they bring, `rationales` of gold rows, `labels` or new `rows`. Teachers:
    `tuned` where they learn from the gold train rows. None where nothing is said: whether others
    get what they need of it then shows when they ask."""
    parts: str = ""
    """Name of the option, if any, that lists further parts of the same kind: they are checked,
    filled in and part of step keys as this one is."""
    extra: str = ""
    """Extra that brings what the part imports when it is first used; empty where nothing is."""

    def make(self, options: Any, /, **given: Any) -> Any:
        """Build the part. `given` is what the room's `build` functions of this kind take."""
        module, _, attribute = self.build.partition(":")
        return getattr(importlib.import_module(module), attribute)(options, **given)


@cache
def catalogue() -> Mapping[tuple[str, str], Plugin]:
    """All parts by kind and name.

    Raises:
        UserError: two installed packages claim the same name.
    """
    found: dict[tuple[str, str], Plugin] = {}
    for entry in entry_points(group=GROUP):
        for plugin in entry.load():
            key = (plugin.kind, plugin.name)
            if key in found and found[key] != plugin:
                raise UserError(
                    f"Two installed packages offer a {plugin.kind} called {plugin.name!r}.",
                    f"They build {found[key].build} and {plugin.build}.",
                    "Uninstall one of them.",
                )
            found[key] = plugin
    return found


def names(kind: Kind) -> tuple[str, ...]:
    """Names of all parts of one kind, sorted."""
    return tuple(sorted(name for k, name in catalogue() if k == kind))


def find(kind: Kind, name: str) -> Plugin:
    """The part called `name`.

    Raises:
        UserError: there is none; the message names the nearest.
    """
    plugin = catalogue().get((kind, name))
    if plugin is None:
        raise UserError(f"There is no {kind} called {name!r}.", do=nearest(name, names(kind)))
    return plugin


def nearest(word: str, known: tuple[str, ...] | list[str]) -> str:
    """A hint that names the likeliest meant word, or all of them.

    >>> nearest("epoch", ("epochs", "seed"))
    'Did you mean epochs?'
    """
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"Did you mean {close[0]}?" if close else f"Known: {', '.join(known)}."
