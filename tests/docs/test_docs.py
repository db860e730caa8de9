"""The documentation says what the code does: its examples run, its links and commands exist."""

import importlib.util
import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer.main

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
BLOCK = re.compile(r"^```(?P<kind>\w+)(?P<mark>[^\n]*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)

_spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
generate = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(generate)


@dataclass(frozen=True)
class Block:
    page: Path
    line: int
    kind: str
    mark: str
    text: str


def blocks(page, kind):
    text = page.read_text(encoding="utf-8")
    return [
        Block(page, text[: m.start()].count("\n") + 2, m["kind"], m["mark"].strip(), m["text"])
        for m in BLOCK.finditer(text)
        if m["kind"] == kind
    ]


def named(page):
    return page.stem


# --- python ---------------------------------------------------------------------------------------


def runnable(page):
    """Every python block but those marked `quoted`, which another test compares with their file."""
    return [block for block in blocks(page, "python") if block.mark != "quoted"]


@pytest.mark.parametrize("page", [p for p in PAGES if runnable(p)], ids=named)
def test_examples_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    space = {"__name__": "docs"}
    for block in runnable(page):
        code = compile("\n" * (block.line - 1) + block.text, str(page), "exec")
        exec(code, space)


# --- what is written by the script ----------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_generated_parts_are_as_the_code_says(page):
    text = page.read_text(encoding="utf-8")
    assert generate.rewritten(text) == text, "run: python docs/generate.py"


def test_every_part_of_a_recipe_is_on_its_page():
    text = (DOCS / "recipe.md").read_text(encoding="utf-8")
    schema = generate.recipe_schema()
    models = {name for name in schema["$defs"] if "." not in name}
    kinds = {name.partition(".")[0] for name in schema["$defs"] if "." in name}
    assert {f"keys {name}" for name in (*models, "Recipe")} | {f"options {k}" for k in kinds} <= set(
        re.findall(r"<!-- generated: ([^>]+) -->", text)
    )


# --- links and commands ---------------------------------------------------------------------------

LINK = re.compile(r"(?<!!)\[[^\]]+\]\((?!https?://|mailto:)([^)\s]+)\)")


def anchors(page):
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        name, _, anchor = target.partition("#")
        place = (page.parent / name).resolve() if name else page
        assert place.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in anchors(place), f"{page.name}: {target}"


def test_every_page_is_in_the_index():
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    assert {p.name for p in PAGES} - {"index.md"} <= set(LINK.findall(index))


def command_options():
    from tutelage.cli.application import app

    return {
        name: {flag for p in command.params for flag in (*p.opts, *p.secondary_opts)}
        for name, command in typer.main.get_command(app).commands.items()
    }


def said_commands(page):
    """Command lines of Tutelage: in shell blocks, and in running text between back ticks."""
    text = page.read_text(encoding="utf-8")
    for block in BLOCK.finditer(text):
        if block["kind"] in ("console", "sh", "bash"):
            yield from re.findall(r"^tutelage .*$", block["text"], re.MULTILINE)
    yield from re.findall(r"`(tutelage [^`]+)`", BLOCK.sub("", text))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_exist(page):
    known = command_options()
    for said in said_commands(page):
        words = said.split()[1:]
        if words[0] in ("--help", "--version"):
            continue
        assert words[0] in known, f"{page.name}: {said}"
        flags = {w.split("=")[0] for w in words[1:] if w.startswith("-")} - {"-h", "--help"}
        assert flags <= known[words[0]], f"{page.name}: {said}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_files_that_are_named_exist(page):
    """Paths between back ticks that begin with a folder of the project."""
    for path in re.findall(
        r"`((?:src|tests|docs|benchmarks)/[\w./-]+)`", page.read_text(encoding="utf-8")
    ):
        assert (ROOT / path).exists(), f"{page.name}: {path}"
