"""Sendings without an answer: presumed paid at their worst case until the bill says otherwise.

A model that answers in the process that asks it sends no bill. Its name is noted before it is asked
(`house`), and what died with the process is taken back.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tutelage.exceptions import UserError
from tutelage.store.caps import Account

_HOUSED = "here:"
"""Begins the keys of `meta` that name models which answer in the process that asks."""
_COLUMNS = """
    SELECT p.id, q.hash, a.study, a.arm, a.purchase, p.turn, p.attempt, p.owner, p.tokens,
           p.nanousd, p.why, p.at
    FROM presumed p JOIN request q ON q.id = p.request JOIN account a ON a.id = p.account
"""


@dataclass(frozen=True, slots=True)
class Presumed:
    """A sending that the teacher may have charged for although no reply was recorded."""

    id: int
    request: str
    """Hash of the request."""
    account: Account
    attempt: int
    run: str
    tokens: int
    """Worst case."""
    nanousd: int
    """Worst case."""
    why: str
    at: float
    """Unix time."""


def house(connection: sqlite3.Connection, model: str) -> None:
    """Note that `model` answers in the process that asks it; inside a transaction."""
    connection.execute("INSERT OR IGNORE INTO meta VALUES (?, '1')", (_HOUSED + model,))


def release_housed(connection: sqlite3.Connection, owner: str) -> int:
    """Take back the open sendings of `owner`, whose process is dead, to models that answered in it.
    They still count as sendings.

    Args:
        connection: Inside a transaction.
        owner: The run that sent them.

    Returns:
        How many there were.
    """
    rows = connection.execute(
        """
        SELECT s.request, s.prompt_tokens + s.completion_tokens, s.nanousd, a.study, a.arm,
               a.purchase, s.turn
        FROM sending s JOIN account a ON a.id = s.account JOIN request q ON q.id = s.request
                       JOIN meta m ON m.key = ?1 || q.model
        WHERE s.owner = ?2 ORDER BY s.request
        """,
        (_HOUSED, owner),
    ).fetchall()
    for request, tokens, nanousd, *place in rows:
        _correct(connection, Account(*place), tokens=-tokens, nanousd=-nanousd)
        connection.execute("DELETE FROM sending WHERE request = ?", (request,))
    return len(rows)


def presume(
    connection: sqlite3.Connection, owner: str, why: str, *, before: float | None = None
) -> int:
    """Turn the open sendings of `owner` into presumed ones. Balances keep their worst case.

    Args:
        connection: Inside a transaction.
        owner: The run that sent them.
        why: What became of it.
        before: Only those sent before this Unix time.

    Returns:
        How many there were.
    """
    stale = "owner = ?1 AND (?2 IS NULL OR since < ?2)"
    connection.execute(
        f"""
        INSERT INTO presumed (request, account, turn, attempt, owner, tokens, nanousd, why, at)
        SELECT request, account, turn, attempt, owner, prompt_tokens + completion_tokens, nanousd,
               ?3, ?4
        FROM sending WHERE {stale} ORDER BY request
        """,
        (owner, before, why, time.time()),
    )
    return connection.execute(f"DELETE FROM sending WHERE {stale}", (owner, before)).rowcount


def presumed_open(connection: sqlite3.Connection, *, study: str) -> list[Presumed]:
    """Presumed payments that nobody has settled yet, oldest first."""
    rows = connection.execute(
        f"{_COLUMNS} WHERE p.settled IS NULL AND (?1 = '' OR a.study = ?1) ORDER BY p.id", (study,)
    )
    return [_presumed(row) for row in rows]


def settle_presumed(
    connection: sqlite3.Connection, ids: Sequence[int], *, nanousd: int, tokens: int, note: str
) -> None:
    """See `Ledger.settle_presumed`; inside a transaction."""
    if nanousd < 0 or tokens < 0:
        raise UserError(
            f"A bill cannot be negative; was: {nanousd} nano-dollars, {tokens} tokens.",
            do="Give what the provider charged for these sendings, 0 for nothing.",
        )
    items = [_open_one(connection, id_) for id_ in dict.fromkeys(ids)]
    money = share(nanousd, [item.nanousd for item in items])
    words = share(tokens, [item.tokens for item in items])
    for item, cost, used in zip(items, money, words, strict=True):
        connection.execute(
            "UPDATE presumed SET settled = ?, settled_tokens = ?, settled_nanousd = ?, note = ?"
            " WHERE id = ?",
            (time.time(), used, cost, note, item.id),
        )
        _correct(connection, item.account, tokens=used - item.tokens, nanousd=cost - item.nanousd)


def _correct(
    connection: sqlite3.Connection, account: Account, *, tokens: int, nanousd: int
) -> None:
    """Add to the balances of an account's study, arm and turn."""
    for scope in account.scope_keys():
        connection.execute(
            "UPDATE balance SET tokens = tokens + ?, nanousd = nanousd + ? WHERE scope = ?",
            (tokens, nanousd, scope),
        )


def share(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` in proportion to `weights`, in whole units that sum to it exactly.

    >>> share(10, [1, 1, 1])
    [3, 3, 4]
    >>> share(5, [0, 0])
    [2, 3]
    """
    if not any(weights):
        weights = [1] * len(weights)
    shares, given, so_far, whole = [], 0, 0, sum(weights)
    for weight in weights:
        so_far += weight
        upto = total * so_far // whole
        shares.append(upto - given)
        given = upto
    return shares


def _open_one(connection: sqlite3.Connection, id_: int) -> Presumed:
    query = f"{_COLUMNS} WHERE p.settled IS NULL AND p.id = ?"
    row = connection.execute(query, (id_,)).fetchone()
    if row is None:
        raise UserError(
            f"There is no open presumed payment {id_}.",
            "It is unknown, or was settled before.",
            "`tutelage ledger` lists the open ones.",
        )
    return _presumed(row)


def _presumed(row: tuple[int, str, str, str, int, int, int, str, int, int, str, float]) -> Presumed:
    id_, hash_, study, arm, purchase, turn, attempt, owner, tokens, nanousd, why, at = row
    account = Account(study, arm, purchase, turn)
    return Presumed(id_, hash_, account, attempt, owner, tokens, nanousd, why, at)
