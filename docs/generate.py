"""Writes the parts of the documentation that follow from the code, so that they cannot rot.

    python docs/generate.py

A page says where such a part stands: `<!-- generated: NAME -->` up to `<!-- end -->`. A test
compares the pages with what this script would write.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_type_hints

import orjson

from tutelage.plugins import catalogue
from tutelage.recipe import load_recipe
from tutelage.recipe.validation import recipe_schema, shipped
from tutelage.store.ledger import Ledger

DOCS = Path(__file__).resolve().parent
SOURCE = DOCS.parent / "src" / "tutelage"
MARK = re.compile(r"(<!-- generated: (?P<name>[^>]+) -->\n).*?(<!-- end -->)", re.DOTALL)

ROOMS = {
    "gold": "the user's own rows: tasks, readers, roles and splits, the sealed test",
    "teacher": "who answers requests: endpoints, recordings, built-in worlds; prompts; parsing",
    "synthesis": "what is asked of a teacher, and what is read out of its replies",
    "curation": "checks that give every draft its verdict",
    "neural": "the only room that imports torch: targets, losses, the training loop",
    "student": "learners: models that choose, point or write, and the light ones without torch",
    "evaluation": "metrics, intervals, comparisons, rivals",
    "feedback": "critics: what the last student teaches the next orders",
    "store": "the ledger, a run's folder, live status",
    "scale": "where units run: in this process; the door to many machines",
    "study": "arms x grid x seeds under one budget, and what can be done with a finished run",
    "report": "from results to one offline page",
    "cli": "the door: one small file for each group of commands",
    "recipe": "the run as data: schema, YAML, every fault at once",
    "recipes": "shipped runs, one YAML each",
}
"""One line for each room, in the order in which a stranger reads them."""

TABLES = {
    "meta": "Number of the schema; models that answer in the process that asks (`here:MODEL`).",
    "owner": "Runs that may have sendings under way, with host and process.",
    "account": "Who pays: a run (`study`), one of its arms, a purchase seed.",
    "request": "Exactly what was asked, by the hash that is its identity.",
    "reply": "What came back and what it cost, once for each request; `account` is who paid.",
    "charge": "Who used a reply: one line for each account that did, as if it had bought it alone.",
    "sending": "Under way right now, at worst case.",
    "presumed": "Sent without an answer: counted at worst case until settled.",
    "failure": "Given up; asked again by the next run.",
    "balance": "Running sums that caps are compared with, worst cases included.",
    "opening": "Every opening of a sealed test.",
    "bought": "A view that joins reply, request and account.",
}

WHY = {
    "arms.*.objective": "first piece against all other positions, padding included",
    "arms.label_only.objective": "the label's loss is a mean over 400 positions, padding included",
    "arms.*.student.learning_rate": "the best of the paper's grid for this arm",
    "arms.*.synthesis.options.as_published": "seed 123, equal prompts share a reply, refusals are "
    "kept, white space is kept",
    "checks": "replies went into training as they came",
    "gold.allow_overlap": "overlaps were not looked for",
    "rivals": "the paper shows no other rival",
    "seeds.student": "one run for each configuration",
    "student.options.answer": "greedy generation instead of scoring the labels",
    "student.options.count_unparseable": "answers that cannot be read leave the denominator",
    "student.options.eval_loss": "one mean over padded targets chose the checkpoints",
    "student.options.learning_rate": "set for each arm there, as the paper's grid found it",
    "student.options.precision": "as in the paper's environment",
    "teacher.budget.usd": "the older teacher costs more",
    "teacher.options.model": "the paper's teacher",
}
"""What stands behind each line in which a recipe as published differs from the sound one."""


# --- the tree of rooms ----------------------------------------------------------------------------


def tree() -> str:
    """Every module of the package with the first sentence of its docstring."""
    lines = ["```text", "src/tutelage/"]
    lines += _files(SOURCE, "  ")
    folders = {p.name for p in SOURCE.iterdir() if p.is_dir() and any(p.glob("*.py"))}
    if folders != set(ROOMS):
        raise SystemExit(f"docs/generate.py describes other rooms than {sorted(folders)}.")
    for room, sentence in ROOMS.items():
        lines += _folder(SOURCE / room, sentence, "  ")
    return "\n".join([*lines, "```"])


def _folder(folder: Path, sentence: str, indent: str) -> Iterator[str]:
    yield f"{indent}{folder.name + '/':<{28 - len(indent)}}{sentence}"
    yield from _files(folder, indent + "  ")
    for inner in sorted(p for p in folder.iterdir() if p.is_dir() and p.name != "__pycache__"):
        if (inner / "__init__.py").exists():
            yield from _folder(inner, first_sentence(inner / "__init__.py"), indent + "  ")
        else:
            yield f"{indent}  {inner.name + '/':<{26 - len(indent)}}{_contents(inner)}"


def _files(folder: Path, indent: str) -> list[str]:
    modules = sorted(p for p in folder.glob("*.py") if p.name not in ("__init__.py", "__main__.py"))
    lines = [f"{indent}{p.name:<{28 - len(indent)}}{first_sentence(p)}" for p in modules]
    if recipes := sorted(p.stem for p in folder.glob("*.yaml")):
        lines.append(f"{indent}{'*.yaml':<{28 - len(indent)}}{', '.join(recipes)}")
    return lines


def _contents(folder: Path) -> str:
    return ", ".join(sorted(p.name for p in folder.rglob("*") if p.is_file()))


def first_sentence(module: Path) -> str:
    """The first paragraph of a module's docstring on one line."""
    return first_paragraph(ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))))


def first_paragraph(docstring: str | None) -> str:
    """On one line."""
    return " ".join((docstring or "").split("\n\n")[0].split())


# --- keys of a recipe -----------------------------------------------------------------------------


def keys(model: str) -> str:
    """Table of the keys of one part of a recipe, from its JSON schema."""
    schema = recipe_schema()
    return _table(schema if model == "Recipe" else schema["$defs"][model], {})


def options(kind: str) -> str:
    """A table of options for each part of a kind."""
    schema, parts = recipe_schema(), []
    for (its_kind, name), plugin in sorted(catalogue().items()):
        if its_kind != kind:
            continue
        own = schema["$defs"][f"{kind}.{name}"]
        paper = f" ({plugin.paper})" if plugin.paper else ""
        parts.append(f"### `{name}`\n\n{plugin.summary or inspect.getdoc(plugin.options)}{paper}\n")
        parts.append(_table(own, sentences(plugin.options)))
        for inner in _nested(plugin.options):
            title = first_paragraph(inspect.getdoc(inner))
            table = _table(own["$defs"][inner.__name__], sentences(inner))
            parts.append(f"\n`{inner.__name__}`: {title}\n\n{table}")
        parts.append("")
    return "\n".join(parts).rstrip()


def _nested(options: type) -> list[type]:
    found = []
    for hint in get_type_hints(options).values():
        found += [t for t in (hint, *get_args(hint)) if dataclasses.is_dataclass(t)]
    return [t for t in dict.fromkeys(found) if isinstance(t, type)]


def sentences(options: type) -> dict[str, str]:
    """The docstring under each field of an options dataclass; else its own class's beginning."""
    found = {
        name: first_paragraph(inspect.getdoc(inner))
        for name, hint in get_type_hints(options).items()
        for inner in (hint, *get_args(hint))
        if dataclasses.is_dataclass(inner)
    }
    for one in reversed(options.__mro__):
        if dataclasses.is_dataclass(one):
            found |= _under_fields(one)
    return found


def _under_fields(options: type) -> Iterator[tuple[str, str]]:
    """The docstring under each field that the class itself declares."""
    node = ast.parse(inspect.cleandoc(inspect.getsource(options))).body[0]
    assert isinstance(node, ast.ClassDef)
    for field, after in zip(node.body, node.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            value = after.value if isinstance(after, ast.Expr) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield field.target.id, inspect.cleandoc(value.value)


def _table(schema: Mapping[str, Any], said: Mapping[str, str]) -> str:
    properties = schema.get("properties", {})
    if not properties:
        return "No options."
    lines = ["| key | type | default | |", "|---|---|---|---|"]
    for name, value in properties.items():
        default = "**needed**" if name in schema.get("required", ()) else _default(value)
        sentence = " ".join((said.get(name) or value.get("description") or "").split())
        if not sentence:
            raise SystemExit(f"{schema.get('title')}.{name} has no sentence: add a docstring.")
        cells = (f"`{name}`", _type(value), default, sentence)
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines)


def _default(value: Mapping[str, Any]) -> str:
    default = value.get("default")
    if default in (None, "", [], {}) or "$ref" in value:
        return "–"
    if isinstance(default, list) and isinstance(default[0], dict):
        default = [item["name"] for item in default]
    return f"`{orjson.dumps(default).decode()}`"


def _type(value: Mapping[str, Any]) -> str:
    if "$ref" in value:
        return _reference(value["$ref"])
    if "anyOf" in value:
        kinds = [_type(v) for v in value["anyOf"] if v.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in value:
        return " or ".join(f"`{v}`" for v in value["enum"])
    if "const" in value:
        return f"`{value['const']}`"
    kind = value.get("type")
    if kind == "array":
        return f"list of {_type(value.get('items', {}))}"
    if kind == "object":
        inner = value.get("additionalProperties")
        return f"mapping to {_type(inner)}" if isinstance(inner, dict) and inner else "mapping"
    names = {"string": "text", "integer": "whole number", "number": "number", "boolean": "yes/no"}
    return names.get(str(kind), "anything") + _bounds(value)


def _bounds(value: Mapping[str, Any]) -> str:
    signs = (
        ("minimum", "≥"),
        ("exclusiveMinimum", ">"),
        ("maximum", "≤"),
        ("exclusiveMaximum", "<"),
    )
    found = [f"{sign} {value[key]:g}" for key, sign in signs if key in value]
    return f" {', '.join(found)}" if found else ""


def _reference(reference: str) -> str:
    name = reference.rsplit("/", 1)[-1]
    return f"[{name}](#{name.lower()})" if name.endswith(("Spec", "Caps")) else f"`{name}`"


# --- shipped recipes ------------------------------------------------------------------------------


def recipes() -> str:
    """All shipped recipes."""
    lines = ["| recipe | mode | paper | |", "|---|---|---|---|"]
    for name in shipped():
        recipe = load_recipe(name).recipe
        lines.append(f"| `{name}` | {recipe.mode} | {recipe.paper or '–'} | {recipe.about} |")
    return "\n".join(lines)


def modes(name: str) -> str:
    """Where a recipe as published differs from the sound one, line by line."""
    sound, published = (_flat(load_recipe(n).resolved()) for n in (name, f"{name}_as_published"))
    lines = ["| setting | sound (default) | as published | |", "|---|---|---|---|"]
    for key in sorted(sound.keys() | published.keys()):
        if sound.get(key) != published.get(key):
            why = WHY.get(key) or WHY[re.sub(r"^arms\.\w+", "arms.*", key)]
            lines.append(f"| `{key}` | {_said(sound, key)} | {_said(published, key)} | {why} |")
    return "\n".join(lines)


def _flat(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Leaves by dotted path. The label-only arm bears one name in both modes."""
    told = {k: v for k, v in recipe.items() if k not in ("name", "about", "mode", "primary")}
    arms = told["arms"]
    told["arms"] = {"label_only" if k == "baseline" else k: v for k, v in arms.items()}
    return dict(_leaves(told, ""))


_WHOLE = ("objective", "checks", "grid", "rivals", "seeds.student")


def _leaves(value: Any, at: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and not at.endswith(_WHOLE):
        for key, inner in value.items():
            yield from _leaves(inner, f"{at}.{key}" if at else key)
    elif at.endswith("rivals"):
        yield at, sorted(value)
    elif at.endswith("checks") and value is not None:
        yield at, [check["name"] for check in value]
    else:
        yield at, value


def _said(leaves: Mapping[str, Any], key: str) -> str:
    value = leaves.get(key)
    return "–" if value is None else f"`{orjson.dumps(value).decode()}`"


# --- tables of the ledger -------------------------------------------------------------------------


def ledger() -> str:
    """Tables of a fresh ledger with their columns."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        Ledger.open(path).close()
        connection = sqlite3.connect(path)
        names = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
            )
        ]
        if set(names) != set(TABLES):
            raise SystemExit(f"docs/generate.py describes other tables than {sorted(names)}.")
        lines = ["| table | columns | |", "|---|---|---|"]
        for name, sentence in TABLES.items():
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
            lines.append(f"| `{name}` | {', '.join(columns)} | {sentence} |")
        connection.close()
    return "\n".join(lines)


# --- pages ----------------------------------------------------------------------------------------


def part(name: str) -> str:
    """The generated part called `name`, such as `keys TaskSpec`."""
    maker, _, argument = name.partition(" ")
    makers = {f.__name__: f for f in (tree, keys, options, recipes, modes, ledger)}
    return makers[maker](*([argument] if argument else []))


def rewritten(page: str) -> str:
    """`page` with every generated part as the code says it now."""
    return MARK.sub(lambda m: f"{m.group(1)}{part(m.group('name'))}\n{m.group(3)}", page)


def main() -> int:
    for path in sorted(DOCS.glob("*.md")):
        before = path.read_text(encoding="utf-8")
        after = rewritten(before)
        if after != before:
            path.write_text(after, encoding="utf-8")
            sys.stdout.write(f"rewrote {path.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
