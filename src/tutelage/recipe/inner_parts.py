"""Parts that are made of further parts of their kind, such as the methods of `in_turns`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from tutelage.plugins import Kind, Plugin, catalogue
from tutelage.recipe.schema import PartSpec


def listed(plugin: Plugin, options: Mapping[str, Any]) -> Sequence[Any]:
    """The inner parts as a recipe writes them; none where the plug-in has none, or no list."""
    given = options.get(plugin.parts) if plugin.parts else None
    return given if isinstance(given, (list, tuple)) else ()


def as_part(value: Any) -> PartSpec | None:
    """One of them as a part; None where it is none."""
    try:
        return PartSpec.model_validate(value)
    except ValidationError:
        return None


def methods_of(part: PartSpec | None, kind: Kind = "synthesizer") -> Iterator[PartSpec]:
    """The parts that do the work: `part` itself, or those that it is made of, however deep."""
    if part is None:
        return
    plugin = catalogue().get((kind, part.name))
    if plugin is None or not plugin.parts:
        yield part
        return
    for value in listed(plugin, part.options):
        yield from methods_of(as_part(value), kind)
