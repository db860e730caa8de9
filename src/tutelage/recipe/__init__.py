"""The run as data: its schema, and reading it with every fault at once."""

from tutelage.recipe.data_schema import GoldSpec, LabelSpec, SourceSpec, SplitSpec, TaskSpec
from tutelage.recipe.schema import (
    ArmSpec,
    BudgetSpec,
    Caps,
    MatchSpec,
    PartSpec,
    PriceSpec,
    Recipe,
    RivalSpec,
    SeedsSpec,
    StudentSpec,
    TeacherSpec,
)
from tutelage.recipe.validation import LoadedRecipe, load_recipe

__all__ = [
    "ArmSpec",
    "BudgetSpec",
    "Caps",
    "GoldSpec",
    "LabelSpec",
    "LoadedRecipe",
    "MatchSpec",
    "PartSpec",
    "PriceSpec",
    "Recipe",
    "RivalSpec",
    "SeedsSpec",
    "SourceSpec",
    "SplitSpec",
    "StudentSpec",
    "TaskSpec",
    "TeacherSpec",
    "load_recipe",
]
