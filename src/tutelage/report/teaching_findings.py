"""Checks on what teachers taught and students wrote: sizes, copies of gold, texts that say nothing.

Each takes the results and says how it ends, as the checks of `findings.py` do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from tutelage.report import numbers
from tutelage.report.memorisation import SEVERE, memorised
from tutelage.report.teacher_sizes import teacher_sizes
from tutelage.report.written_texts import written_texts

Facts = Mapping[str, Any]
Status = Literal["found", "clear", "not applicable"]
Outcome = tuple[Status, str]
FEW = 0.01
"""Share of texts that say nothing from which on they are a finding."""
REPEATED = 0.5
"""Share of different texts below which a student says the same again and again."""


def silent_texts(results: Facts) -> Outcome:
    """Arms whose texts are empty, repeat the input or themselves, or are all alike. Rivals are not
    judged: one of them copies by design."""
    arms = [found for found in written_texts(results) if found.name not in results["rivals"]]
    if not arms:
        return "not applicable", "The answers of this task are no texts."
    alike: dict[str, list[str]] = {}
    for found in arms:
        parts = [
            f"{numbers.percent(share)} {what}"
            for share, what in (
                (found.empty, "are empty"),
                (found.copied, "only repeat the input"),
                (found.loops, "say the same again and again"),
            )
            if share >= FEW
        ]
        if found.distinct < REPEATED:
            parts.append(f"only {numbers.percent(found.distinct)} differ from one another")
        if parts:
            alike.setdefault(numbers.listed(parts), []).append(found.name)
    if alike:
        return "found", " ".join(
            f"Of the texts of {numbers.listed(names)}, {what}." for what, names in alike.items()
        )
    return "clear", "Arms write texts that are neither empty nor the input, and do not repeat."


def no_distillation(results: Facts) -> Outcome:
    """Arms whose student is no smaller than the teacher it learned from."""
    sizes = teacher_sizes(results)
    if not sizes:
        return "not applicable", "No arm bought from a teacher whose size is known."
    if large := [size for size in sizes if not size.distils]:
        return "found", " ".join(f"{size.arm}: {size.sentence}" for size in large)
    return "clear", " ".join(f"{size.arm}: {size.sentence}" for size in sizes)


def copies_of_gold(results: Facts) -> Outcome:
    """Arms whose drafts repeat gold rows."""
    judged = [found for found in memorised(results) if found.looked or found.copies]
    if not judged:
        return "not applicable", "No drafts were held against gold by the check `copies`."
    if many := [found for found in judged if found.rate >= SEVERE]:
        return "found", " ".join(
            [*(found.sentence for found in many), "Such a teacher repeats what it has seen."]
        )
    return "clear", " ".join(
        found.sentence if found.copies else f"{found.arm}: no draft copied a gold row."
        for found in judged
    )


BODY = ("model", "config", "layers", "decoder_layers")
"""Options of a student that say what it is; all others say how it learns."""


def other_students(results: Facts) -> Outcome:
    """Arms whose students are not of one kind and size."""
    recipe = results["recipe"]
    arms = {name: arm for name, arm in (recipe.get("arms") or {}).items() if _ran(results, name)}
    common = recipe.get("student") or {"kind": "seq2seq"}
    alike: dict[str, list[str]] = {}
    for name, arm in arms.items():
        body = _body(common, (arm or {}).get("student") or {})
        alike.setdefault(body, []).append(name)
    if len(alike) < 2:
        return "clear", "All arms have students of one kind."
    told = "; ".join(f"{numbers.listed(names)}: {body}" for body, names in alike.items())
    return "found", (
        f"{told}. Differences between these arms are those of their students too, not of their "
        "rows alone."
    )


def _ran(results: Facts, arm: str) -> bool:
    return arm in results["chosen"]


def _body(common: Facts, own: Facts) -> str:
    """Kind, model and shape of an arm's student in words."""
    kind = own.get("kind", common["kind"])
    given = {**(common.get("options", {}) if kind == common["kind"] else {}), **own}
    parts = [f"{name} {_flat(given[name])}" for name in BODY if given.get(name) is not None]
    return " ".join([str(kind), *([f"({', '.join(parts)})"] if parts else [])])


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{key} {inner}" for key, inner in value.items() if inner is not None)
    return str(value)
