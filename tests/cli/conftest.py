"""The command line, called in a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tutelage.cli.application import app


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str
    error: BaseException | None

    @property
    def facts(self) -> dict[str, Any]:
        """The JSON object on the last line."""
        found: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return found

    @property
    def screen(self) -> str:
        return self.out + self.err

    def is_one_screen(self) -> bool:
        """Whether a mistake was told on one screen, without a traceback."""
        return "Traceback" not in self.screen and len(self.screen.splitlines()) <= 24


Call = Callable[..., Said]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Call the command line: `call("check", "recipe.yaml")`, in the test's own folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    def invoke(*arguments: str | Path, typed: str | None = None) -> Said:
        result = CliRunner().invoke(app, [str(a) for a in arguments], input=typed)
        error = None if isinstance(result.exception, SystemExit) else result.exception
        return Said(result.exit_code, result.stdout, result.stderr, error)

    return invoke


@pytest.fixture
def recipe_file(tmp_path: Path, small_recipe: Callable[..., dict[str, Any]]) -> Callable[..., Path]:
    """Write the small recipe with changes; JSON is YAML too."""

    def write(name: str = "recipe.yaml", **changes: Any) -> Path:
        path = tmp_path / name
        path.write_text(json.dumps(small_recipe(**changes), indent=1))
        return path

    return write
