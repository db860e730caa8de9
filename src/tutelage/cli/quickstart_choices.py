"""What the flags of `tutelage quickstart` choose: recipes, what is changed in them, last words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tutelage.exceptions import UserError

FINE_TUNED = (
    "student={kind: classifier, model: minilm, steps: 150, batch_size: 16, "
    "evaluations_per_epoch: 1}",
)
"""`--full`: the whole encoder learns, not a head alone."""
SHORT = {
    "quickstart": (
        'gold.test={path: "tutelage:tickets/test.jsonl", rows: 60}',
        'gold.dev={path: "tutelage:tickets/dev.jsonl", rows: 30}',
        "arms.annotate.synthesis.annotate.rows=24",
        "arms.zerogen.synthesis.zerogen.rows=24",
        "arms.goldgen.synthesis.goldgen.rows=24",
        "seeds.student=1",
    ),
    "quickstart_rationales": (
        "gold.train.rows=400",
        "gold.dev.rows=100",
        "gold.test.rows=200",
        "student.steps=40",
        "seeds.student=1",
    ),
    "quickstart_world": (
        "gold.test.rows=100",
        "gold.dev.rows=40",
        "arms.zerogen.synthesis.zerogen.rows=60",
        "arms.zerogen_and_gold.synthesis.zerogen.rows=60",
        "arms.goldgen.synthesis.goldgen.rows=60",
        "seeds.student=1",
    ),
}
"""Small enough for a test of the machinery; the figures show nothing."""
NULL_WORLD = (
    "name=quickstart_null",
    "task={kind: nli}",
    "gold.train.world=monotonicity",
    "gold.dev.world=monotonicity",
    "gold.test.world=monotonicity",
    "teacher.world=monotonicity",
)
POOLS = (100, 400)
"""Labelled rows of the made-up reviews: few, and enough to be the better buy themselves."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user wants to see."""

    rationales: bool = False
    null_world: bool = False
    world: bool = False
    full: bool = False
    short: bool = False
    seeds: int | None = None

    @property
    def recipe(self) -> str:
        """Name of the shipped recipe.

        Raises:
            UserError: flags of different comparisons.
        """
        if self.world and (self.rationales or self.null_world):
            raise UserError(
                "--world and --rationales are two comparisons.",
                "Each has a recipe of its own.",
                "Give one of them.",
            )
        if self.full and (self.rationales or self.null_world):
            raise UserError(
                "--full fine-tunes an encoder; the comparison of rationales trains a T5 already.",
                do="Leave --full out, or leave --rationales out.",
            )
        if self.rationales or self.null_world:
            return "quickstart_rationales"
        return "quickstart_world" if self.world else "quickstart"


def runs(choice: Choice) -> list[tuple[str, list[str]]]:
    """Title and overrides of each run that the choice takes.

    >>> runs(Choice(seeds=5))
    [('', ['seeds.student=5'])]
    """
    common: list[str] = []
    if choice.null_world:
        common += NULL_WORLD
    if choice.full:
        common += FINE_TUNED
    if choice.short:
        common += SHORT[choice.recipe]
    if choice.seeds is not None:
        common.append(f"seeds.student={choice.seeds}")
    if choice.recipe != "quickstart_world":
        return [("", common)]
    return [
        (f"{pool} labelled rows", [f"gold.few={pool}", f"name=quickstart_world_{pool}", *common])
        for pool in (POOLS[:1] if choice.short else POOLS)
    ]


TEACHERS = {
    "quickstart": (
        "The tickets were written by a large language model, and the teacher replays what it "
        "replied to these prompts; nothing was paid, the prices are those of a small commercial "
        "model. It gave the right label for every ticket, so `annotate` stands for labelling by "
        "hand"
    ),
    "quickstart_rationales": "The teacher was scripted, not a language model",
    "quickstart_world": (
        "World and teacher are made up: how much the teacher leaves out when it writes from "
        "nothing was decided, not measured"
    ),
}

FULL = "--full fine-tunes the encoder"
FURTHER = {
    "quickstart": (FULL, "--world, --rationales"),
    "quickstart_rationales": ("--null-world, where rationales gain nothing",),
    "quickstart_world": (FULL,),
}
"""Flags that show more, by the recipe of what was shown."""


def farewell(choice: Choice, results: Mapping[str, Any]) -> str:
    """What stands behind the figures, and the command that does the same for real."""
    seeds = len(results["recipe"]["seeds"]["student"])
    students = "one student seed stands" if seeds == 1 else f"{seeds} student seeds stand"
    told = f"{TEACHERS[choice.recipe]}; {students} behind each figure of a trained arm."
    if choice.short:
        told += " The short form only shows that everything runs."
    elif seeds < 5:
        told += " `--seeds 5` tells more."
    more = [flag for flag in FURTHER[choice.recipe] if not (choice.full and flag == FULL)]
    further = f"Further: {'; '.join(more)}.\n" if more else ""
    return (
        f"{told}\n{further}\nThe same with a real LLM and your own data:\n\n"
        "  export OPENAI_API_KEY=...\n"
        "  tutelage init my.csv --text text --label label\n"
        "  tutelage plan recipe.yaml\n"
        "  tutelage run recipe.yaml"
    )
