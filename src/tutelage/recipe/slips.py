"""Keys and values that stand elsewhere, or are written otherwise, than a recipe has them.

What pydantic says of them is about keys that nobody meant: these faults, which say what was meant,
take its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from tutelage.exceptions import Fault
from tutelage.plugins import Kind, catalogue, names, nearest
from tutelage.recipe.fault_finding import dotted
from tutelage.recipe.inner_parts import as_part
from tutelage.recipe.schema import SHORT_RIVALS, ArmSpec
from tutelage.recipe.yaml12 import Document, Location

Slip = tuple[Location, str]
"""Where it stands, and what to write in its place."""
LONGEST = 100
"""Characters of a value that is written out in a message."""


def find_slips(tree: Mapping[str, Any], document: Document) -> list[Fault]:
    """All slips of a recipe, before its values are looked at."""
    found = (
        *_numbers(tree),
        *_rivals(tree.get("rivals")),
        *_arms(tree.get("arms")),
        *_listed("checks", "check", (), tree),
        *_listed("metrics", "metric", (), tree),
    )
    return [Fault(dotted(at), what, document.line(at)) for at, what in found]


def without_echoes(faults: Iterable[Fault], slips: Sequence[Fault]) -> list[Fault]:
    """The slips, and of `faults` those that are not about the same values."""

    def echoes(fault: Fault) -> bool:
        return any(f"{fault.where}.".startswith(f"{slip.where}.") for slip in slips)

    return [*slips, *(fault for fault in faults if not echoes(fault))]


def _numbers(tree: Mapping[str, Any]) -> Iterator[Slip]:
    """Numbers that do not say of what they are."""
    seeds, teacher = tree.get("seeds"), tree.get("teacher")
    if _is_number(seeds) or isinstance(seeds, list):
        yield (
            ("seeds",),
            f"is {seeds} and does not say whose seeds: write `seeds: {{student: {seeds}}}`.",
        )
    budget = teacher.get("budget") if isinstance(teacher, Mapping) else None
    if _is_number(budget):
        yield (
            ("teacher", "budget"),
            f"is {budget} and does not say of what: write `budget: {{usd: {budget}}}`, or tokens "
            "or requests in place of usd.",
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _rivals(given: Any) -> Iterator[Slip]:
    """Names alone that stand for no rival."""
    alone = dict.fromkeys(map(str, given)) if isinstance(given, (list, tuple)) else given
    for name, value in alone.items() if isinstance(alone, Mapping) else ():
        if value in (None, {}) and name not in SHORT_RIVALS:
            what = f"there is no rival called {name!r}. {nearest(name, list(SHORT_RIVALS))}"
            yield ("rivals", name), what


# --- parts ----------------------------------------------------------------------------------------


def _arms(arms: Any) -> Iterator[Slip]:
    for name, arm in arms.items() if isinstance(arms, Mapping) else ():
        if not isinstance(arm, Mapping):
            continue
        at = ("arms", name)
        for key, value in arm.items():
            if key not in ArmSpec.model_fields and ("synthesizer", key) in catalogue():
                meant = _in_line({key: value or {}})
                meant = meant if len(meant) <= LONGEST else f"{{{key}: {{...}}}}"
                what = f"is a method, and a method stands under synthesis: `synthesis: {meant}`."
                yield (*at, key), what
        yield from _part((*at, "synthesis"), "synthesizer", arm.get("synthesis"))
        yield from _part((*at, "critic"), "critic", arm.get("critic"))
        yield from _listed("checks", "check", at, arm)


def _listed(key: str, kind: Kind, at: Location, tree: Mapping[str, Any]) -> Iterator[Slip]:
    """The parts in the list under `key`."""
    value = tree.get(key)
    for i, part in enumerate(value if isinstance(value, (list, tuple)) else ()):
        yield from _part((*at, key, i), kind, part)


def _part(at: Location, kind: Kind, value: Any) -> Iterator[Slip]:
    """A part whose options stand beside its name, not inside of it."""
    if not isinstance(value, Mapping) or len(value) < 2 or as_part(value) is not None:
        return
    given = value.get("name")
    called = [given] if isinstance(given, str) else [k for k in value if (kind, k) in catalogue()]
    if not called:
        what = f"names no {kind}: write one over its options. Known: {', '.join(names(kind))}."
    elif len(called) > 1:
        what = f"names {' and '.join(called)}, and only one can stand here."
    elif beside := [key for key in value if key not in (called[0], "name", "options")]:
        key = f"{at[-1]}: " if isinstance(at[-1], str) else ""
        what = (
            f"has {', '.join(beside)} beside {called[0]}: write "
            f"`{key}{_meant(called[0], value, beside)}`; options go inside the {kind}."
        )
    else:
        return
    yield at, what


def _meant(name: str, value: Mapping[str, Any], beside: Sequence[str]) -> str:
    """The part with all its options inside; those that stand inside already only where short."""
    inside = [value.get(key) for key in (name, "options")]
    held = {k: v for part in inside if isinstance(part, Mapping) for k, v in part.items()}
    moved = {key: value[key] for key in beside}
    written = _in_line({name: {**held, **moved}})
    if len(written) <= LONGEST:
        return written
    return f"{{{name}: {{..., {', '.join(f'{key}: ...' for key in beside)}}}}}"


def _in_line(value: Any) -> str:
    """A value as YAML in one line.

    >>> _in_line({"annotate": {"rows": 500, "template": "my own.jinja", "abstain": True}})
    '{annotate: {rows: 500, template: "my own.jinja", abstain: true}}'
    """
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_in_line(inner)}' for key, inner in value.items())}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_in_line, value))}]"
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z][\w./-]*", value):
        return value
    return orjson.dumps(value).decode()
