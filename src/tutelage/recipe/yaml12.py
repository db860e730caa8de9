"""YAML 1.2 with the line of every value, so that a fault can point at what the user wrote.

`no`, `on` and `yes` are strings; `true` and `false` are the only booleans; a repeated key is
refused. Keys are always strings, and the text of each plain scalar stays at hand, because a label
written `01` means `01`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from tutelage.exceptions import Fault, RecipeError, UserError

Location = tuple[str | int, ...]

# The core schema of YAML 1.2.2, section 10.3.2.
_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)


@dataclass(frozen=True)
class Document:
    """A parsed file: its values, and where and how each was written."""

    source: str
    """Name of the file, as shown in faults."""
    tree: Any
    lines: Mapping[Location, int] = field(default_factory=dict)
    """Line, counted from 1, of each key and item by its path."""
    written: Mapping[Location, str] = field(default_factory=dict)
    """Text of each scalar as it stands in the file."""

    def line(self, location: Location) -> int | None:
        """Line of the value at `location`, or of the nearest thing around it."""
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location)


def read_file(path: Path) -> Document:
    """Read a YAML file.

    Raises:
        UserError: no such file, or not UTF-8.
        RecipeError: not YAML, or a key stands twice.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as e:
        raise UserError(
            f"There is no file {path}.",
            do="Write one with `tutelage init`, or see `tutelage recipes` for shipped ones.",
        ) from e
    except (UnicodeDecodeError, IsADirectoryError, PermissionError) as e:
        raise UserError(f"{path} cannot be read as a recipe: {e}.") from e
    return read_text(text, str(path))


def read_text(text: str, source: str) -> Document:
    """Read YAML from a string; `source` names it in faults.

    >>> read_text("no: 1e-3", "here").tree
    {'no': 0.001}
    """
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as e:
        line = e.problem_mark.line + 1 if e.problem_mark else None
        raise RecipeError(source, [Fault("YAML", _problem(e), line)]) from e
    except YAMLError as e:
        raise RecipeError(source, [Fault("YAML", str(e))]) from e
    lines: dict[Location, int] = {}
    written: dict[Location, str] = {}
    faults: list[Fault] = []
    tree = _value(node, (), lines, written, faults) if node is not None else None
    if faults:
        raise RecipeError(source, faults)
    return Document(source, tree, lines, written)


def _problem(error: MarkedYAMLError) -> str:
    """What is wrong, and for a tab what to do about it: nobody sees which of both it is."""
    problem = str(error.problem or error)
    if r"\t" not in problem:
        return problem
    return "a tab stands here, and YAML knows no tabs before a key: indent with spaces."


def scalar(text: str) -> Any:
    """What a plain scalar means.

    >>> scalar("no"), scalar("true"), scalar("0x10"), scalar("~")
    ('no', True, 16, None)
    """
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _INT.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text):
        return float(text.replace(".inf", "inf").replace(".nan", "nan").lower())
    return text


def _value(
    node: Node,
    at: Location,
    lines: dict[Location, int],
    written: dict[Location, str],
    faults: list[Fault],
) -> Any:
    lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, ScalarNode):
        written[at] = node.value
        return node.value if node.style else scalar(node.value)
    if isinstance(node, SequenceNode):
        return [_value(n, (*at, i), lines, written, faults) for i, n in enumerate(node.value)]
    assert isinstance(node, MappingNode)
    mapping: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key, line = str(key_node.value), key_node.start_mark.line + 1
        if key in mapping:
            first = lines[(*at, key)]
            faults.append(
                Fault(_dotted((*at, key)), f"stands twice (first on line {first}).", line)
            )
            continue
        lines[(*at, key)] = line
        mapping[key] = _value(value_node, (*at, key), lines, written, faults)
    return mapping


def _dotted(at: Location) -> str:
    return ".".join(map(str, at))


def override(document: Document, assignments: list[str]) -> Document:
    """Set values from `path.to.key=value` texts; the values are read as YAML.

    Raises:
        UserError: an assignment without `=`, or one that goes through a value that is no mapping.
    """
    tree, written = _copy(document.tree), dict(document.written)
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        keys = path.strip().split(".")
        if not equals or not all(keys):
            raise UserError(
                f"--set {assignment} is not of the form key.key=value.",
                do="Write for example --set teacher.budget.usd=250.",
            )
        place = tree
        for key in keys[:-1]:
            if not isinstance(place, dict):
                break
            place = place.setdefault(key, {})
        if not isinstance(place, dict):
            raise UserError(
                f"--set {assignment} goes through a value that has no keys.",
                do="Set the whole part instead, such as --set 'student={kind: linear}'.",
            )
        given = read_text(text, f"--set {path}")
        place[keys[-1]] = given.tree
        written.update({(*keys, *at): raw for at, raw in given.written.items()})
    return Document(document.source, tree, document.lines, written)


def _copy(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {k: _copy(v) for k, v in tree.items()}
    return [_copy(v) for v in tree] if isinstance(tree, list) else tree


def walk(tree: Any, at: Location = ()) -> Iterator[tuple[Location, Any]]:
    """Every value below `tree` with its path, parents first."""
    yield at, tree
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from walk(value, (*at, key))
    elif isinstance(tree, (list, tuple)):
        for i, value in enumerate(tree):
            yield from walk(value, (*at, i))
