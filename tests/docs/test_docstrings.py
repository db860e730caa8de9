"""Every example in a docstring runs and says the truth."""

import doctest
import importlib
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"
OPTIONAL = {
    "cleanlab", "peft", "psutil", "py3langid", "safetensors", "tokenizers", "torch", "transformers",
}  # fmt: skip
"""Packages that only extras bring."""


def name_of(path):
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


WITH_EXAMPLES = [
    pytest.param(name, marks=pytest.mark.train) if ".neural." in name else name
    for name in sorted(
        name_of(path) for path in SOURCE.rglob("*.py") if ">>> " in path.read_text(encoding="utf-8")
    )
]


def test_there_are_examples():
    assert len(WITH_EXAMPLES) > 20


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_of_docstrings(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in OPTIONAL:
            raise
        pytest.skip(f"{name} needs {missing.name}")
    assert doctest.testmod(module).failed == 0
