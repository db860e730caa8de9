"""Commands about recipes themselves: recipes, schema."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tutelage.cli.arguments import AsJson
from tutelage.cli.console import finish, note, out, say, show, tabulate
from tutelage.exceptions import UserError


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("recipes")(recipes)
    app.command("schema")(schema)


def recipes(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Show this one.")] = "",
    copy: Annotated[
        Path | None,
        typer.Option("--copy", metavar="FILE", help="Write it into a file of your own."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the shipped recipes with their papers, or show one."""
    from tutelage.plugins import nearest
    from tutelage.recipe.validation import shipped

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
        out.print(text, end="")
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


def schema() -> None:
    """Print the JSON schema of a recipe, for editors that complete YAML."""
    import sys

    import orjson

    from tutelage.recipe.validation import recipe_schema

    sys.stdout.write(orjson.dumps(recipe_schema(), option=orjson.OPT_INDENT_2).decode() + "\n")
