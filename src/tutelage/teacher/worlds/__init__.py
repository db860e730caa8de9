"""Built-in worlds: made-up tasks whose gold rows and teacher need no network, key or licence.

A world is frozen: the same call gives the same rows for ever, so that methods compared on it last
year and today saw the same data. `composition` is a task on which rationales teach something,
`monotonicity` one on which they do not; `reviews` is one in which it matters for what a teacher is
asked when it writes rows of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from tutelage.exceptions import UserError
from tutelage.plugins import nearest
from tutelage.teacher.worlds.composition import Composition
from tutelage.teacher.worlds.knowledge import ROLES, World
from tutelage.teacher.worlds.monotonicity import Monotonicity
from tutelage.teacher.worlds.reviews import Reviews

WORLDS: Mapping[str, World] = {
    "composition": Composition(),
    "monotonicity": Monotonicity(),
    "reviews": Reviews(),
}


def find_world(name: str) -> World:
    """The world called `name`.

    Raises:
        UserError: there is none; the message names the nearest.
    """
    if name not in WORLDS:
        raise UserError(f"There is no world called {name!r}.", do=nearest(name, tuple(WORLDS)))
    return WORLDS[name]


def write_gold(world: str, role: str, rows: int, seed: int) -> list[dict[str, str]]:
    """Gold rows of a built-in world: one column for each field of its task, `label`,
    and in `reviews` the tag `phenomenon`.

    Fewer rows are a prefix of more. Rows of different roles never share a case, nor do those of
    seeds that differ modulo 20.

    >>> [row["label"] for row in write_gold("composition", "train", 3, seed=0)]
    ['urgent', 'routine', 'watch']

    Args:
        world: Name of the world.
        role: `train`, `pool`, `dev`, `test` or `unlabelled` (whose rows have labels too: reading
            them is the caller's business).
        rows: How many.
        seed: Another seed, another set of rows.

    Raises:
        UserError: an unknown world or role.
    """
    found = find_world(world)
    if role not in ROLES:
        raise UserError(f"There is no gold role called {role!r}.", do=nearest(role, ROLES))
    return found.write(rows, role=role, seed=seed)
