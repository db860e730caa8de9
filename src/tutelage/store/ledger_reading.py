"""What the ledger knows, for `tutelage ledger`, `status`, `trace`, the report and the bundle."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tutelage.records import Reply, Request, Usage
from tutelage.store.caps import Account, Balance
from tutelage.store.ledger_bodies import read_reply, read_request

_REPLY = (
    "r.body, r.attempts, r.prompt_tokens, r.completion_tokens, r.nanousd, r.seconds, r.estimated"
)

_NOTHING = Usage()


@dataclass(frozen=True, slots=True)
class Total:
    """Sums for one (study, arm, purchase seed, turn)."""

    account: Account
    replies: int = 0
    """Replies that this turn paid for."""
    paid: Usage = _NOTHING
    """What those cost; `requests` counts their sendings, retries included."""
    charged: Usage = _NOTHING
    """What was used for the first time here, bought or found, as if bought alone."""
    presumed: Usage = _NOTHING
    """Sendings without an answer, at worst case until settled, then at what the bill said;
    all tokens stand under `prompt_tokens`."""
    open_presumed: int = 0
    """How many of those are not settled yet."""
    unpriced: int = 0
    """Replies for which no price was known: they count as 0 dollars."""


@dataclass(frozen=True, slots=True)
class FailureCount:
    reason: str
    """What stands before the first colon of a message, such as `timeout` or `http 500`."""
    count: int
    latest: str
    """The latest message, as it came."""
    at: float
    """Unix time of the latest."""


@dataclass(frozen=True, slots=True)
class Opening:
    """One opening of a sealed test."""

    fingerprint: str
    run: str
    recipe: str
    why: str
    at: float
    """Unix time."""


def find(connection: sqlite3.Connection, hash_: str) -> Reply | None:
    row = connection.execute(
        f"SELECT {_REPLY} FROM request q JOIN reply r ON r.request = q.id WHERE q.hash = ?",
        (hash_,),
    ).fetchone()
    return None if row is None else _reply(hash_, *row)


def find_request(connection: sqlite3.Connection, hash_: str) -> Request | None:
    row = connection.execute("SELECT model, body FROM request WHERE hash = ?", (hash_,)).fetchone()
    return None if row is None else read_request(*row)


def purchases(
    connection: sqlite3.Connection, *, study: str, arm: str
) -> Iterator[tuple[Request, Reply, Account]]:
    rows = connection.execute(
        f"""
        SELECT q.hash, q.model, q.body, a.study, a.arm, a.purchase, r.turn, {_REPLY}
        FROM reply r JOIN request q ON q.id = r.request JOIN account a ON a.id = r.account
        WHERE (?1 = '' AND ?2 = '') OR EXISTS (
            SELECT 1 FROM charge c JOIN account b ON b.id = c.account
            WHERE c.request = r.request AND (?1 = '' OR b.study = ?1) AND (?2 = '' OR b.arm = ?2)
        ) ORDER BY r.request
        """,
        (study, arm),
    )
    for hash_, model, body, study_, arm_, purchase, turn, *rest in rows:
        account = Account(study_, arm_, purchase, turn)
        yield read_request(model, body), _reply(hash_, *rest), account


def totals(connection: sqlite3.Connection, *, study: str) -> list[Total]:
    found: dict[Account, Total] = {}

    def at(account: Account) -> Total:
        return found.setdefault(account, Total(account))

    head = "SELECT a.study, a.arm, a.purchase, t.turn, count(*)"
    tail = "JOIN account a ON a.id = t.account WHERE (?1 = '' OR a.study = ?1)"
    group = "GROUP BY a.study, a.arm, a.purchase, t.turn"
    sums = "sum(t.prompt_tokens), sum(t.completion_tokens), total(t.nanousd)"
    unpriced = "count(*) - count(t.nanousd)"

    query = f"{head}, sum(t.attempts), {sums}, {unpriced} FROM reply t {tail} {group}"
    for *who, count, requests, prompt, completion, money, without in connection.execute(
        query, (study,)
    ):
        account = Account(*who)
        paid = Usage(requests, prompt, completion, int(money))
        found[account] = replace(at(account), replies=count, paid=paid, unpriced=without)
    query = f"{head}, sum(t.requests), {sums} FROM charge t {tail} {group}"
    for *who, _, requests, prompt, completion, money in connection.execute(query, (study,)):
        account = Account(*who)
        charge = Usage(requests, prompt, completion, int(money))
        found[account] = replace(at(account), charged=charge)
    query = (
        f"{head}, sum(coalesce(t.settled_tokens, t.tokens)),"
        f" total(coalesce(t.settled_nanousd, t.nanousd)), sum(t.settled IS NULL)"
        f" FROM presumed t {tail} {group}"
    )
    for *who, count, tokens, money, still in connection.execute(query, (study,)):
        account = Account(*who)
        usage = Usage(count, tokens, 0, int(money))
        found[account] = replace(at(account), presumed=usage, open_presumed=still)
    return [found[key] for key in sorted(found, key=lambda a: (a.study, a.arm, a.purchase, a.turn))]


def balances(connection: sqlite3.Connection, account: Account) -> tuple[Balance, Balance, Balance]:
    study, arm, turn = (_balance(connection, key) for key in account.scope_keys())
    return study, arm, turn


def charged(connection: sqlite3.Connection, account: Account) -> Usage:
    row = connection.execute(
        "SELECT coalesce(sum(c.requests), 0), coalesce(sum(c.prompt_tokens), 0),"
        " coalesce(sum(c.completion_tokens), 0), coalesce(sum(c.nanousd), 0)"
        " FROM charge c JOIN account a ON a.id = c.account"
        " WHERE a.study = ? AND a.arm = ? AND a.purchase = ?",
        (account.study, account.arm, account.purchase),
    ).fetchone()
    return Usage(*row)


def failures(connection: sqlite3.Connection, *, study: str, limit: int) -> list[FailureCount]:
    rows = connection.execute(
        """
        SELECT CASE instr(f.why, ':') WHEN 0 THEN f.why
               ELSE substr(f.why, 1, instr(f.why, ':') - 1) END AS reason,
               count(*) AS number, f.why, max(f.at)
        FROM failure f JOIN account a ON a.id = f.account WHERE (?1 = '' OR a.study = ?1)
        GROUP BY reason ORDER BY number DESC, reason LIMIT ?2
        """,
        (study, limit),
    )
    return [FailureCount(*row) for row in rows]


def openings(connection: sqlite3.Connection, fingerprint: str) -> list[Opening]:
    rows = connection.execute(
        "SELECT fingerprint, run, recipe, why, at FROM opening"
        " WHERE ?1 = '' OR fingerprint = ?1 ORDER BY id",
        (fingerprint,),
    )
    return [Opening(*row) for row in rows]


def _balance(connection: sqlite3.Connection, key: str) -> Balance:
    row = connection.execute(
        "SELECT requests, tokens, nanousd FROM balance WHERE scope = ?", (key,)
    ).fetchone()
    return Balance(*row) if row else Balance()


def _reply(
    hash_: str,
    body: str,
    attempts: int,
    prompt: int,
    completion: int,
    nanousd: int | None,
    seconds: float,
    estimated: int,
) -> Reply:
    usage = Usage(attempts, prompt, completion, nanousd or 0)
    return read_reply(hash_, body, usage=usage, seconds=seconds, estimated=bool(estimated))
