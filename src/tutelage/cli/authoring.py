"""Commands about recipes themselves: init, recipes, schema."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tutelage.cli.arguments import AsJson
from tutelage.cli.console import finish, note, say, show, tabulate, tell
from tutelage.cli.console import out as output
from tutelage.exceptions import UserError


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (init, recipes, schema):
        app.command(rich_help_panel="Before it runs")(command)


def init(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Labelled rows: csv, jsonl, parquet, xlsx, ...")
    ],
    label: Annotated[str, typer.Option("--label", metavar="COLUMN", help="Column of the label.")],
    text: Annotated[str, typer.Option("--text", metavar="COLUMN", help="Column of the text.")] = "",
    nli: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--nli", metavar="PREMISE HYPOTHESIS", help="Columns of a pair, instead of --text."
        ),
    ] = None,
    unlabelled: Annotated[
        Path | None,
        typer.Option("--unlabelled", metavar="FILE", help="Texts for the teacher to label."),
    ] = None,
    model: Annotated[str, typer.Option(help="The teacher's model.")] = "gpt-4o-mini",
    endpoint: Annotated[
        str, typer.Option(help="openai, azure, vllm, ollama, ... or a base URL.")
    ] = "openai",
    out: Annotated[Path, typer.Option("--out", help="The recipe to write.")] = Path("recipe.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a first recipe for a file of labelled rows."""
    from tutelage import api
    from tutelage.study.drafting import Wish, write_draft

    if bool(text) == (nli is not None):
        raise UserError(
            "Give either --text COLUMN or --nli PREMISE HYPOTHESIS.",
            do=f"For example: tutelage init {file} --text text --label {label}",
        )
    wish = Wish(file, label, text, nli, unlabelled, model, endpoint)
    seen = write_draft(wish, out, force=force)
    found = api.check(out)
    if not as_json:
        say(
            f"Wrote {out}: {seen.kind} of {seen.rows:,} rows with {len(seen.labels)} labels.",
            "bold",
        )
        for field, column in seen.renamed.items():
            say(f"The column {column!r} of {unlabelled} is read as its {field}.")
        for warning in found.warnings:
            note(f"Warning: {warning}", "yellow")
    for fault in found.faults:
        tell(fault)
    if not as_json:
        say(f"Next: say in it what is to be decided, then tutelage check {out}")
    facts = {
        "recipe": str(out),
        "kind": seen.kind,
        "rows": seen.rows,
        "labels": list(seen.labels),
        "unlabelled_columns": dict(seen.renamed),
        "check": found.to_facts(),
    }
    finish(facts, as_json=as_json, code=0 if found.ok else 2)


def recipes(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Show this one.")] = "",
    copy: Annotated[
        Path | None,
        typer.Option("--copy", metavar="FILE", help="Write it into a file of your own."),
    ] = None,
    datasets: Annotated[
        bool, typer.Option("--datasets", help="List the data sets that a recipe can name.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the shipped recipes with their papers, or show one."""
    from tutelage.plugins import nearest
    from tutelage.recipe.validation import shipped

    if datasets:
        _list_datasets(as_json=as_json)
    known = shipped()
    if not name:
        _list(known, as_json=as_json)
    if name not in known:
        raise UserError(f"There is no shipped recipe {name!r}.", do=nearest(name, list(known)))
    text = known[name].read_text(encoding="utf-8")
    if copy is not None:
        if copy.exists():
            raise UserError(f"{copy} exists already.", do="Name another file; nothing was written.")
        copy.write_text(text, encoding="utf-8")
        note(f"Wrote {copy}. Next: tutelage check {copy}")
    elif not as_json:
        output.print(text, end="", soft_wrap=True)  # a broken line would be no YAML
    finish({"name": name, "yaml": text, "copied": copy and str(copy)}, as_json=as_json)


def _list(known: dict[str, Path], *, as_json: bool) -> None:
    from tutelage.recipe import load_recipe

    loaded = [load_recipe(name).recipe for name in known]
    if not as_json:
        rows = [(name, r.paper, r.about) for name, r in zip(known, loaded, strict=True)]
        show(tabulate(("name", "paper", "what it does"), rows))
        say()
        say("Show one with `tutelage recipes NAME`, run it with `tutelage run NAME`.", "dim")
    facts = [
        {"name": name, "mode": r.mode, "paper": r.paper, "about": r.about}
        for name, r in zip(known, loaded, strict=True)
    ]
    finish({"recipes": facts}, as_json=as_json)


def _list_datasets(*, as_json: bool) -> None:
    from tutelage.recipe.known_datasets import FOLDER, data_folder, known_datasets

    folder = data_folder()
    facts = [
        {
            "name": one.name,
            "kind": one.task["kind"],
            "licence": one.licence,
            "files": one.are_here(folder),
            "hub": one.hub_id,
            "about": one.about,
        }
        for one in known_datasets().values()
    ]
    if not as_json:
        rows = [
            (f["name"], f["kind"], "files here" if f["files"] else f"hub: {f['hub']}",
             f["licence"], f["about"])
            for f in facts
        ]  # fmt: skip
        show(tabulate(("name", "kind", "read from", "licence", "what it holds"), rows))
        say()
        say(f"Write `dataset: NAME` in a recipe. Files are looked for in {folder}", "dim")
        say(f"(set {FOLDER} for another folder); without them the extra `hub` loads them.", "dim")
    finish({"datasets": facts, "folder": str(folder)}, as_json=as_json)


def schema() -> None:
    """Print the JSON schema of a recipe, for editors."""
    import sys

    import orjson

    from tutelage.recipe.validation import recipe_schema

    sys.stdout.write(orjson.dumps(recipe_schema(), option=orjson.OPT_INDENT_2).decode() + "\n")
