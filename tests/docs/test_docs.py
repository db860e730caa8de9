"""The documentation says what the code does: its examples run, its links and commands exist."""

import ast
import importlib.util
import re
import sqlite3
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import typer.main
from packaging.utils import canonicalize_name

from tutelage.recipe import load_recipe
from tutelage.recipe.validation import shipped
from tutelage.records import Completion, Gist, Message, Reply, Request, Sampling, Usage
from tutelage.report import findings
from tutelage.store.caps import Account, Limits
from tutelage.store.ledger import Ledger
from tutelage.store.ledger_bodies import reply_body
from tutelage.store.ledger_exchange import Sending

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
README = ROOT / "README.md"
BLOCK = re.compile(
    r"^```(?P<kind>\w+)(?P<mark>[^\n]*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)


def load_module(path):
    spec = importlib.util.spec_from_file_location(f"docs_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = load_module(DOCS / "generate.py")


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
    assert {f"keys {name}" for name in (*models, "Recipe")} | {
        f"options {k}" for k in kinds
    } <= set(re.findall(r"<!-- generated: ([^>]+) -->", text))


# --- links and commands ---------------------------------------------------------------------------

LINK = re.compile(r"(?<!!)\[[^\]]+\]\((?!https?://|mailto:)([^)\s]+)\)")


def anchors(page):
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", [*PAGES, README], ids=named)
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


@pytest.mark.parametrize("page", [*PAGES, README], ids=named)
def test_commands_exist(page):
    known = command_options()
    for said in said_commands(page):
        words = said.split()[1:]
        if words[0] in ("--help", "--version"):
            continue
        assert words[0] in known, f"{page.name}: {said}"
        flags = {w.split("=")[0] for w in words[1:] if w.startswith("-")} - {"-h", "--help"}
        assert flags <= known[words[0]], f"{page.name}: {said}"


@pytest.mark.parametrize("page", [*PAGES, README], ids=named)
def test_files_that_are_named_exist(page):
    """Paths between back ticks that begin with a folder of the project."""
    for path in re.findall(
        r"`((?:src|tests|docs|benchmarks)/[\w./-]+)`", page.read_text(encoding="utf-8")
    ):
        assert (ROOT / path).exists(), f"{page.name}: {path}"


# --- the first page -------------------------------------------------------------------------------


def test_recipes_of_the_readme_are_right(tmp_path):
    (block,) = blocks(README, "yaml")
    path = tmp_path / "recipe.yaml"
    path.write_text(block.text, encoding="utf-8")
    assert load_recipe(path).recipe.arms


def test_the_readme_names_every_sound_recipe():
    names = {name for name in shipped() if not name.startswith("quickstart")}
    told = set(re.findall(r"`(\w+)`", BLOCK.sub("", README.read_text(encoding="utf-8"))))
    assert {name for name in names if not name.endswith("_as_published")} <= told


# --- tables of single pages -----------------------------------------------------------------------


def table(page, head):
    """Cells of the table on `page` whose first column is headed `head`."""
    lines = (DOCS / page).read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {head} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().strip("`") for cell in line.strip("|").split("|")])
    return rows


def test_identity_of_requests_is_as_the_page_says():
    records = load_module(ROOT / "tests" / "test_records.py")
    request = records.REQUEST
    changed = {
        **{
            k: replace(request, **{k: v})
            for k, v in {**records.CHANGES, "shared": True, "gist": Gist("text")}.items()
        },
        **{
            k: replace(request, sampling=replace(request.sampling, **{k: v}))
            for k, v in records.SAMPLING_CHANGES.items()
        },
    }
    told = {row[0]: (row[1] == "yes", row[2] == "yes") for row in table("identity.md", "field")}
    assert told == {
        name: (other.hash != request.hash, other.prompt_hash != request.prompt_hash)
        for name, other in changed.items()
    }


def test_steps_are_keyed_as_the_page_says():
    tree = ast.parse((ROOT / "src" / "tutelage" / "steps.py").read_text(encoding="utf-8"))
    calls = [c for c in ast.walk(tree) if isinstance(c, ast.Call)]
    calls = [c for c in calls if isinstance(c.func, ast.Attribute)]
    purchases = [c.args[0].value for c in calls if c.func.attr == "_bought"]
    keyed = {}
    for call in calls:
        given = [a for a in call.args if isinstance(a, ast.Dict)]
        if call.func.attr in ("step", "_step") and given:
            named = [a.value for a in call.args if isinstance(a, ast.Constant)]
            keys = [key.value for key in given[0].keys]
            keyed |= dict.fromkeys(named or purchases, keys)
    assert {row[0]: row[1].split(", ") for row in table("identity.md", "step")} == keyed


@pytest.fixture(scope="module")
def bought(tmp_path_factory):
    """A ledger in which two arms bought, shared, failed and timed out."""
    path = tmp_path_factory.mktemp("ledger") / "ledger.sqlite"
    request = Request((Message("user", "Why?"),), Sampling(max_tokens=5), model="localhost/x")
    with Ledger.open(path, owner="run") as ledger:
        for arm in ("one", "two"):
            with ledger.exchange(Account("study", arm), Limits()) as exchange:
                sending = exchange.admit(request, Usage(1, 9, 5, 700))
                if isinstance(sending, Sending):
                    reply = Reply(request.hash, (Completion("So.", "length"),), Usage(1, 4, 2))
                    exchange.settle(sending, reply, reply_body(reply), 500)
        with ledger.exchange(Account("study", "one"), Limits()) as exchange:
            late = exchange.admit(replace(request, draw=1), Usage(1, 9, 5, 700))
            exchange.lapse(late, "timeout: late", maybe_paid=True)
            exchange.fail(late, "timeout: late")
        ledger.record_opening("split1-0", run="run", recipe="study", why="final")
    return path


def test_every_query_of_the_ledger_page_finds_something(bought):
    queries = blocks(DOCS / "ledger.md", "sql")
    assert len(queries) >= 6
    connection = sqlite3.connect(bought)
    for query in queries:
        assert connection.execute(query.text).fetchall(), query.text
    connection.close()


def test_the_plug_in_page_quotes_the_test_package_whole():
    package = ROOT / "tests" / "plugins" / "acme"
    code = (package / "acme_tutelage.py").read_text(encoding="utf-8")
    quoted = [b.text for b in blocks(DOCS / "plugins.md", "python") if b.mark == "quoted"]
    assert not [text for text in quoted if text not in code]
    said = "\n".join(quoted)
    for node in ast.parse(code).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            assert ast.get_source_segment(code, node) in said, node.name
    (entry,) = package.glob("*.dist-info/entry_points.txt")
    (declared,) = blocks(DOCS / "plugins.md", "toml")
    name, value = entry.read_text(encoding="utf-8").splitlines()[1].split(" = ")
    assert f'{name} = "{value}"' in declared.text


def test_every_dependency_is_justified():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = (project["dependencies"], *project["optional-dependencies"].values())
    wanted = {re.match(r"[\w.-]+", need)[0] for group in groups for need in group} - {"tutelage"}
    page = (DOCS / "dependencies.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `([\w.-]+)` \|.* ([\d.]+) \|$", page, re.MULTILINE))
    assert set(told) == wanted
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    versions = {
        canonicalize_name(name): version
        for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", pinned, re.MULTILINE)
    }
    assert told == {name: versions[canonicalize_name(name)] for name in told}


def test_every_finding_of_the_report_has_its_paragraph():
    codes = {code.lower() for code, *_ in findings.CHECKS} | {"t104"}
    assert codes == {a for a in anchors(DOCS / "report.md") if re.fullmatch(r"t\d+", a)}
