"""What is wrong with a recipe, in words: pydantic's errors, and options that no part knows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, get_args, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from tutelage.exceptions import UserError
from tutelage.plugins import Plugin, nearest
from tutelage.recipe.yaml12 import Location

FOREIGN_NAMES: Mapping[str, str] = {
    # Hugging Face TrainingArguments
    "num_train_epochs": "epochs",
    "max_steps": "steps",
    "per_device_train_batch_size": "batch_size",
    "per_device_eval_batch_size": "batch_size",
    "train_batch_size": "batch_size",
    "gradient_accumulation_steps": "micro_batch",
    "warmup_ratio": "warmup_steps",
    "eval_steps": "evaluations_per_epoch",
    "evaluation_strategy": "evaluations_per_epoch",
    "eval_strategy": "evaluations_per_epoch",
    "save_steps": "evaluations_per_epoch",
    "metric_for_best_model": "select",
    "load_best_model_at_end": "select",
    "model_name_or_path": "model",
    "model_name": "model",
    "model_id": "model",
    "max_source_length": "max_source",
    "max_seq_length": "max_source",
    "max_length": "max_source",
    "max_target_length": "max_target",
    "fp16": "precision",
    "bf16": "precision",
    "label_smoothing_factor": "label_smoothing",
    "seed": "seeds",
    # SetFit
    "body_learning_rate": "learning_rate",
    "num_epochs": "epochs",
    "head_learning_rate": "learning_rate",
    # others
    "lr": "learning_rate",
    # OpenAI and its clients
    "api_base": "endpoint",
    "base_url": "endpoint",
    "engine": "model",
    "max_completion_tokens": "max_tokens",
    "max_retries": "retries",
    "extra_body": "body",
    "extra_headers": "headers",
    "default_headers": "headers",
    "organization": "headers",
    "max_budget": "budget",
    # data
    "validation": "dev",
    "eval": "dev",
    "valid": "dev",
    "unlabeled": "unlabelled",
    "metric_for_comparison": "metric",
}
"""Names of other tools for what a recipe calls differently."""


def dotted(at: Location) -> str:
    return ".".join(map(str, at))


SECRETS = frozenset({"api_key", "headers", "query", "body", "proxy"})
"""Options in which a user may have written a key by mistake: their values are never repeated."""


PLAIN: Mapping[str, str] = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "dataclass_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
"""What pydantic says of types, as a user of YAML knows it."""


def in_words(error: Any, known: Sequence[str]) -> str:
    """One of pydantic's errors as a sentence; `known` are the keys allowed at its place."""
    kind = error["type"]
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return unknown_key(str(error["loc"][-1]), known)
    if kind == "missing":
        return "is missing."
    if kind in PLAIN:
        what = f"input should be {PLAIN[kind]}"
    elif kind == "value_error":
        what = str(error["ctx"]["error"]).rstrip(".")
    else:
        what = f"{error['msg'][0].lower()}{error['msg'][1:]}"
    return f"{what}{_given(error)}."


def alternatives(said: Sequence[str]) -> str:
    """What the ways of reading one value say of it, as one sentence.

    >>> alternatives(["input should be true or false (is 7).", "input should be 'last' (is 7)."])
    "input should be true or false, or 'last' (is 7)."
    """
    said = list(dict.fromkeys(said))
    start, given = "input should be ", said[0].rfind(" (is ")
    tail = said[0][given:] if given >= 0 else "."
    if len(said) == 1 or not all(s.startswith(start) and s.endswith(tail) for s in said):
        return " Or: ".join(said)
    return start + ", or ".join(s[len(start) : -len(tail)] for s in said) + tail


def _given(error: Any) -> str:
    """The value that is wrong, unless it is a whole part or may hold a key."""
    value = error.get("input")
    if isinstance(value, Mapping) or SECRETS & {str(part) for part in error["loc"]}:
        return ""
    return f" (is {_short(value)})"


def place(error: Any) -> Location:
    """Where an error stands in the recipe: pydantic's location without names of types."""
    return tuple(part for part in error["loc"] if not _names_a_type(part))


def _names_a_type(part: int | str) -> bool:
    return isinstance(part, str) and (
        part in ("int", "str", "float", "bool", "constrained-int")
        or part.startswith(("literal[", "function-", "tuple[", "dict[", "list["))
        or (part[:1].isupper() and part.endswith("Options"))
    )


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def unknown_key(key: str, known: Sequence[str]) -> str:
    meant = FOREIGN_NAMES.get(key)
    if meant in known:
        return f"is called {meant} here."
    return f"is not known here. {nearest(key, tuple(known)) if known else ''}".rstrip()


def option_faults(
    plugin: Plugin, options: Mapping[str, Any], *, required: bool = True
) -> list[tuple[Location, str]]:
    """What is wrong with a part's options: place inside them, and what to write instead."""
    known = {field.name: field for field in dataclasses.fields(plugin.options)}
    faults: list[tuple[Location, str]] = [
        ((key,), unknown_key(key, tuple(known))) for key in options if key not in known
    ]
    given = {k: v for k, v in options.items() if k in known}
    try:
        adapter(plugin.options).validate_python(given)
    except ValidationError as e:
        told: dict[Location, list[str]] = {}
        for error in e.errors():
            if error["type"] == "missing" and not required:
                continue
            at = place(error)
            nested = [field.name for field in _nested_fields(plugin.options, at[:-1])]
            told.setdefault(at, []).append(in_words(error, nested))
        faults += [(at, alternatives(said)) for at, said in told.items()]
    return faults


def _nested_fields(options: Any, at: Location) -> tuple[dataclasses.Field[Any], ...]:
    """Fields of the dataclass at `at` inside an options dataclass; none where unclear."""
    hints = get_type_hints(options)
    for part in at:
        found = [t for t in (hints.get(str(part)), *get_args(hints.get(str(part)))) if t]
        options = next((t for t in found if dataclasses.is_dataclass(t)), None)
        if options is None:
            return ()
        hints = get_type_hints(options)
    return dataclasses.fields(options)


def build_options(plugin: Plugin, options: Mapping[str, Any]) -> Any:
    """The part's options dataclass from plain values.

    Raises:
        UserError: they are wrong; a recipe that passed `load_recipe` never gets here.
    """
    faults = option_faults(plugin, options)
    if faults:
        lines = "\n".join(f"  {dotted(at)}: {what}" for at, what in faults)
        raise UserError(f"Options of {plugin.kind} {plugin.name}:\n{lines}")
    return adapter(plugin.options).validate_python(dict(options))


@cache
def adapter(options: type) -> TypeAdapter[Any]:
    if "__pydantic_config__" not in options.__dict__:
        # Lets pydantic refuse unknown keys of nested dataclasses too.
        config = ConfigDict(extra="forbid")
        type.__setattr__(options, "__pydantic_config__", config)
    return TypeAdapter(options)
