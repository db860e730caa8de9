"""Reading a recipe: every fault at once, each with its line and the nearest thing that is right."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, get_args, get_origin

import orjson
from pydantic import BaseModel, ValidationError

from tutelage.exceptions import Fault, RecipeError, UserError
from tutelage.plugins import Kind, Plugin, catalogue, names, nearest
from tutelage.recipe.arm_faults import arm_faults
from tutelage.recipe.fault_finding import (
    adapter,
    alternatives,
    build_options,
    dotted,
    in_words,
    option_faults,
    place,
)
from tutelage.recipe.inner_parts import as_part, listed
from tutelage.recipe.known_datasets import expanded
from tutelage.recipe.named_teachers import asked_teachers, naming_faults, teachers_of
from tutelage.recipe.schema import (
    UNLABELLED_RIVALS,
    ArmSpec,
    PartSpec,
    Recipe,
    StudentSpec,
    TeacherSpec,
)
from tutelage.recipe.slips import find_slips, without_echoes
from tutelage.recipe.yaml12 import Document, Location, override, read_file, walk


@dataclass(frozen=True)
class LoadedRecipe:
    """A recipe that was found right, and where its relative paths start."""

    recipe: Recipe
    folder: Path
    source: str

    def resolved(self) -> dict[str, Any]:
        """The recipe with every default filled in, also those of the parts' own options."""
        return resolve(self.recipe)


def shipped() -> dict[str, Path]:
    """Recipes that come with the package, by name."""
    folder = Path(str(resources.files("tutelage.recipes")))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def load_recipe(
    source: str | Path | Mapping[str, Any],
    *,
    assignments: Sequence[str] = (),
    folder: Path | None = None,
) -> LoadedRecipe:
    """Read a recipe from a file, from a shipped name, or from a mapping.

    Args:
        source: Path of a YAML file, name of a shipped recipe, or the recipe as a mapping.
        assignments: `key.key=value` texts that override it.
        folder: Where relative paths start; the file's folder, else the current one.

    Raises:
        RecipeError: with all faults at once.
        UserError: no such file or recipe.
    """
    document = _document(source)
    if assignments:
        document = override(document, list(assignments))
    if folder is None:
        at_home = isinstance(source, Mapping) or document.source in map(str, shipped().values())
        folder = Path.cwd() if at_home else Path(document.source).resolve().parent
    return LoadedRecipe(_checked(document), folder, document.source)


def _document(source: str | Path | Mapping[str, Any]) -> Document:
    if isinstance(source, Mapping):
        return Document("recipe", orjson.loads(orjson.dumps(source)))
    known = shipped()
    if str(source) in known:
        return read_file(known[str(source)])
    path = Path(source)
    if not path.exists() and not path.suffix:
        raise UserError(
            f"There is no recipe {source!r}, neither as a file nor as a shipped one.",
            do=nearest(str(source), list(known)),
        )
    return read_file(path)


def _checked(document: Document) -> Recipe:
    if not isinstance(document.tree, Mapping):
        raise RecipeError(document.source, [Fault("recipe", "holds no keys.", 1)])
    document, faults = expanded(document)
    tree = _with_labels_as_written(document)
    recipe: Recipe | None = None
    try:
        recipe = Recipe.model_validate(tree)
    except ValidationError as e:
        faults += _faults(e.errors(), document)
    faults += _option_faults(tree, document)
    faults = without_echoes(faults, find_slips(tree, document))
    if recipe is not None and not faults:
        faults += [
            dataclasses.replace(f, line=document.line(tuple(f.where.split("."))))
            for f in _contradictions(recipe)
        ]
    if faults:
        raise RecipeError(
            document.source, sorted(set(faults), key=lambda f: (f.line or 0, f.where))
        )
    assert recipe is not None
    return recipe


def _with_labels_as_written(document: Document) -> dict[str, Any]:
    """Labels are strings as they stand in the file: `01`, `no` and `1.0` mean themselves."""
    tree = orjson.loads(orjson.dumps(document.tree))
    task = tree.get("task")
    labels = task.get("labels") if isinstance(task, dict) else None
    if isinstance(labels, list):
        task["labels"] = [
            document.written.get(("task", "labels", i), str(value))
            for i, value in enumerate(labels)
        ]
    return dict(tree)


# --- faults of the recipe itself ------------------------------------------------------------------


def _faults(errors: Iterable[Any], document: Document) -> list[Fault]:
    """One fault for each place; what would have been right there stands in one sentence."""
    told: dict[Location, list[str]] = {}
    for error in errors:
        at = place(error)
        told.setdefault(at, []).append(in_words(error, _keys_at(at[:-1])))
    return [
        Fault(dotted(at) or "recipe", alternatives(said), document.line(at))
        for at, said in told.items()
    ]


def _keys_at(at: Location) -> list[str]:
    """Keys that a recipe may have at `at`."""
    model: Any = Recipe
    entry = False
    for part in at:
        if entry:  # the name of an arm, the number of a check
            entry = False
            continue
        if not _is_spec(model) or part not in model.model_fields:
            return []
        annotation = model.model_fields[str(part)].annotation
        model, entry = _inner(annotation), _holds_many(annotation)
    return list(model.model_fields) if _is_spec(model) and not entry else []


def _is_spec(model: Any) -> bool:
    return isinstance(model, type) and issubclass(model, BaseModel)


def _holds_many(annotation: Any) -> bool:
    """Whether values stand under names or numbers, as in `Mapping[str, X]` and `tuple[X, ...]`."""
    ways = (annotation, *get_args(annotation))
    return any(get_origin(way) in (Mapping, tuple) for way in ways)


def _inner(annotation: Any) -> Any:
    """The model inside `X | None`, `Mapping[str, X]` and `tuple[X, ...]`."""
    if get_origin(annotation) is None:
        return annotation
    for argument in reversed(get_args(annotation)):
        if _is_spec(found := _inner(argument)):
            return found
    return annotation


# --- options of parts -----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Part:
    at: Location
    kind: Kind
    name: str
    options: Mapping[str, Any]
    required: bool = True
    """False where the options only override others, so that none may be called missing."""


def _option_faults(tree: Mapping[str, Any], document: Document) -> Iterator[Fault]:
    for part in _parts(tree):
        plugin = catalogue().get((part.kind, part.name))
        if plugin is None:
            what = f"there is no {part.kind} called {part.name!r}. "
            what += nearest(part.name, names(part.kind))
            yield Fault(dotted(part.at), what, document.line(part.at))
            continue
        found = option_faults(plugin, part.options, required=part.required)
        for i, value in enumerate(listed(plugin, part.options)):
            if isinstance(value, Mapping) and as_part(value) is None:
                found.append(((plugin.parts, i), NO_PART))
        for at, what in found:
            location = (*part.at, *at)
            yield Fault(dotted(location), what, document.line(location))


NO_PART = "is no part: write its name, or its name over its options: `{generate: {rows: 500}}`."


def _parts(tree: Mapping[str, Any]) -> Iterator[_Part]:
    """Every part that a recipe names; shapes that are wrong are left to pydantic."""
    yield from _teacher(tree.get("teacher"), ("teacher",))
    named = tree.get("teachers")
    for name, teacher in named.items() if isinstance(named, Mapping) else ():
        yield from _teacher(teacher, ("teachers", name))
    student = tree.get("student")
    yield from _student(student, ("student",))
    for at, kind, value in (
        *(((key, i), kind, v) for key, kind in _LISTS for i, v in _items(tree.get(key))),
        *_arm_parts(tree.get("arms")),
    ):
        yield from _named(at, kind, value)
    yield from _arm_students(tree.get("arms"), student)
    rivals = tree.get("rivals")
    for name, rival in rivals.items() if isinstance(rivals, Mapping) else ():
        if isinstance(rival, Mapping) and "student" in rival:
            yield from _student(rival["student"], ("rivals", name, "student"))


_LISTS: tuple[tuple[str, Kind], ...] = (("checks", "check"), ("metrics", "metric"))


def _items(value: Any) -> Iterator[tuple[int, Any]]:
    if isinstance(value, (list, tuple)):
        yield from enumerate(value)


def _teacher(value: Any, at: Location) -> Iterator[_Part]:
    if isinstance(value, Mapping):
        options = {k: v for k, v in value.items() if k not in TeacherSpec.model_fields}
        yield _Part(at, "teacher", str(value.get("kind", "endpoint")), options)


def _student(value: Any, at: Location) -> Iterator[_Part]:
    if isinstance(value, Mapping):
        options = {k: v for k, v in value.items() if k != "kind"}
        yield _Part(at, "learner", str(value.get("kind", "seq2seq")), options)


def _named(at: Location, kind: Kind, value: Any) -> Iterator[_Part]:
    part = as_part(value)
    if part is None:
        return
    inside = (*at, part.name) if isinstance(value, Mapping) else at
    yield _Part(inside, kind, part.name, part.options)
    if plugin := catalogue().get((kind, part.name)):
        for i, inner in enumerate(listed(plugin, part.options)):
            yield from _named((*inside, plugin.parts, i), kind, inner)


def _arm_parts(arms: Any) -> Iterator[tuple[Location, Kind, Any]]:
    for name, arm in arms.items() if isinstance(arms, Mapping) else ():
        if not isinstance(arm, Mapping):
            continue
        if arm.get("synthesis") is not None:
            yield ("arms", name, "synthesis"), "synthesizer", arm["synthesis"]
        if arm.get("critic") is not None:
            yield ("arms", name, "critic"), "critic", arm["critic"]
        for i, check in _items(arm.get("checks")):
            yield ("arms", name, "checks", i), "check", check


def _arm_students(arms: Any, student: Any) -> Iterator[_Part]:
    """Options that an arm overrides, and every value of its grid."""
    common = str(student.get("kind", "seq2seq")) if isinstance(student, Mapping) else "seq2seq"
    for name, arm in arms.items() if isinstance(arms, Mapping) else ():
        if not isinstance(arm, Mapping):
            continue
        at = ("arms", name)
        given, kind = arm.get("student"), common
        if isinstance(given, Mapping):
            kind = str(given.get("kind", common))
            options = {k: v for k, v in given.items() if k != "kind"}
            yield _Part((*at, "student"), "learner", kind, options, required=False)
        if arm.get("objective") is not None:
            objective = {"objective": arm["objective"]}
            yield _Part(at, "learner", kind, objective, required=False)
        grid = arm.get("grid")
        for key, values in grid.items() if isinstance(grid, Mapping) else ():
            for value in values if isinstance(values, (list, tuple)) else [values]:
                yield _Part((*at, "grid"), "learner", kind, {key: value}, required=False)


BLIND = ("majority", "guess", "copy")
"""Rivals that do not look at the row, or only repeat it."""
SIMPLE = (*BLIND, "nearest")
"""Rivals that fit some kinds of task only."""


# --- faults between parts -------------------------------------------------------------------------


def _contradictions(recipe: Recipe) -> Iterator[Fault]:
    """What no single value shows: names that must fit each other."""
    if not recipe.arms:
        yield Fault("arms", "needs at least one arm; `gold_only: {}` trains on gold alone.")
    if recipe.gold.train is None:
        yield Fault("gold.train", "is missing: every arm needs a few labelled rows.")
    for name, arm in recipe.arms.items():
        yield from arm_faults(recipe, name, arm)
    for name, rival in recipe.rivals.items():
        if rival.kind == "student" and rival.student is None:
            yield Fault(f"rivals.{name}", "needs a student, such as `student: {kind: linear}`.")
        if rival.kind == "predictions" and rival.predictions is None:
            yield Fault(f"rivals.{name}", "needs `predictions`: a file of id and label.")
        if rival.predictions is not None and rival.predictions.columns:
            yield Fault(
                f"rivals.{name}.predictions.columns",
                "is not read: the columns of answers are called id and label, answer or target.",
            )
        fitting = UNLABELLED_RIVALS.get(recipe.task.kind, ("majority",))
        if rival.kind in SIMPLE and rival.kind not in fitting:
            instead = " or ".join(f"`{kind}`" for kind in fitting)
            yield Fault(f"rivals.{name}", f"does not fit {recipe.task.kind}: write {instead}.")
        if name in recipe.arms:
            yield Fault(f"rivals.{name}", "has the name of an arm.")
    yield from naming_faults(recipe)
    if recipe.primary:
        yield from _primary_faults(recipe)
    if recipe.match and recipe.match.by in ("usd", "calls") and asked_teachers(recipe):
        unit = {"usd": "usd", "calls": "requests"}[recipe.match.by]
        budget = recipe.teacher.budget if recipe.teacher else None
        if recipe.match.to is None and getattr(budget, unit, None) is None:
            yield Fault("match", f"is {recipe.match.by}, which needs teacher.budget.{unit}.")
    if recipe.match and recipe.match.by == "rows" and recipe.match.to is None:
        yield Fault("match", "is rows, which needs a number, such as `match: {rows: 300}`.")


def parse_primary(primary: str) -> tuple[str, str]:
    """The two arms of `explain > label_only`; empty names where it is not of that form."""
    better, sign, worse = (part.strip() for part in primary.partition(">"))
    return (better, worse) if sign else ("", "")


def _primary_faults(recipe: Recipe) -> Iterator[Fault]:
    pair = parse_primary(recipe.primary)
    if not all(pair):
        yield Fault("primary", f"is {recipe.primary!r}; write `one_arm > other_arm`.")
        return
    known = (*recipe.arms, *recipe.rivals)
    for name in pair:
        if name not in known:
            yield Fault("primary", f"names {name!r}. {nearest(name, known)}")


# --- the whole of a recipe ------------------------------------------------------------------------


def student_of(recipe: Recipe, arm: ArmSpec, point: Mapping[str, Any]) -> StudentSpec:
    """An arm's student at one point of its grid. One of another kind has none of the recipe's
    options."""
    kind = str(arm.student.get("kind", recipe.student.kind))
    options = dict(recipe.student.options) if kind == recipe.student.kind else {}
    options |= {key: value for key, value in arm.student.items() if key != "kind"}
    if arm.objective is not None:
        options["objective"] = arm.objective
    return StudentSpec(kind=kind, options={**options, **point})


def resolve(recipe: Recipe) -> dict[str, Any]:
    """A recipe as plain data with every default filled in."""
    data = recipe.model_dump(mode="json")
    for at, part in walk(recipe.model_dump()):
        if isinstance(part, Mapping) and set(part) == {"name", "options"}:
            plugin = _plugin_at(at, str(part["name"]))
            _put(data, (*at, "options"), _filled(plugin, part["options"]))
    data["student"]["options"] = _filled(
        catalogue()["learner", recipe.student.kind], recipe.student.options
    )
    for name, spec in teachers_of(recipe).items():
        at = ("teachers", name) if name else ("teacher",)
        _put(data, (*at, "options"), _filled(catalogue()["teacher", spec.kind], spec.options))
    return data


def _plugin_at(at: Location, name: str) -> Plugin:
    kinds: dict[str, Kind] = {
        "synthesis": "synthesizer",
        "critic": "critic",
        "checks": "check",
        "metrics": "metric",
    }
    place = next(str(part) for part in reversed(at) if isinstance(part, str))
    return catalogue()[kinds[place], name]


def _filled(plugin: Plugin, options: Mapping[str, Any]) -> Any:
    filled = orjson.loads(orjson.dumps(build_options(plugin, options)))
    if plugin.parts:
        inner = [PartSpec.model_validate(value) for value in listed(plugin, options)]
        found = [(part, catalogue()[plugin.kind, part.name]) for part in inner]
        filled[plugin.parts] = [{part.name: _filled(its, part.options)} for part, its in found]
    return filled


def _put(tree: Any, at: Location, value: Any) -> None:
    for part in at[:-1]:
        tree = tree[part]
    tree[at[-1]] = value


def recipe_schema() -> dict[str, Any]:
    """JSON schema of a recipe, for editors; parts' own options are listed under `$defs`."""
    schema = Recipe.model_json_schema()
    filled = {"task", "gold"}  # by `dataset`
    schema["required"] = [key for key in schema["required"] if key not in filled]
    schema["anyOf"] = [{"required": ["dataset"]}, {"required": sorted(filled)}]
    for (kind, name), plugin in sorted(catalogue().items()):
        if kind == "executor":  # chosen when a run is started, not in its recipe
            continue
        schema["$defs"][f"{kind}.{name}"] = adapter(plugin.options).json_schema()
    return schema
