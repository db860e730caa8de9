"""Tutelage turns a few gold examples, an LLM teacher and a fixed budget into a small model.

    import tutelage

    recipe = tutelage.load_recipe("recipe.yaml")
    outcome = tutelage.run(recipe)
    tutelage.load(outcome.folder).predict(["a new text"])

Importing is instant: what a name needs is loaded when it is first used (PEP 562).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from tutelage.api import (
        Recipe,
        Student,
        check,
        load,
        load_recipe,
        plan,
        plan_over,
        preview,
        run,
        sweep,
    )

__all__ = [
    "Recipe",
    "Student",
    "__version__",
    "check",
    "load",
    "load_recipe",
    "plan",
    "plan_over",
    "preview",
    "run",
    "sweep",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from tutelage import api

        value = getattr(api, name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
