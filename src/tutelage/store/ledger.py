"""The ledger: every request that was paid for, its reply, and who bears the cost.

A request is reserved here before it is sent, and its reply recorded here before it is used. So a
run that is killed at any moment pays again for no recorded reply, and no cap is ever passed.

How it stays below caps, and why the outcome does not depend on timing. The balance of each scope
holds what was spent, with open sendings at their worst case. Requests are admitted strictly in the
order in which they are asked; one that does not fit waits while anything is in flight, since a
settled sending costs at most its worst case and so makes room. It is refused only when nothing is
in flight. Hence request k is sent exactly if (cost of all before it) + (worst case of k) fits under
the cap: the set bought is a prefix of the orders that depends on costs and caps alone, whatever the
order of completion. Failed sendings, whose number chance decides, are the one exception.

Durability. One SQLite file in WAL mode. With `synchronous=NORMAL`, the default, a commit survives
the death of the process at any moment, `kill -9` included; a power cut or a crash of the operating
system may lose the last commits but never damages the file. `durability="full"` syncs each commit,
which survives a power cut too. The file must lie on a local disk: SQLite's locks and shared memory
do not work over network file systems.

Several runs may share one ledger. Sendings are unique for each request, so two live runs never buy
the same request at the same time: the second waits and finds the first one's reply.
"""

from __future__ import annotations

import os
import socket
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tutelage.exceptions import TutelageError
from tutelage.records import Reply, Request, Usage
from tutelage.store import ledger_reading
from tutelage.store.caps import Account, Balance, Limits
from tutelage.store.ledger_exchange import Exchange
from tutelage.store.ledger_presumption import (
    Presumed,
    house,
    presume,
    presumed_open,
    release_housed,
    settle_presumed,
)
from tutelage.store.ledger_schema import Durability, connect, explain

LEASE = 3600.0
"""Seconds after which a sending of a run that cannot be asked (another host) counts as dead."""


class Ledger:
    """An open ledger.

    Use `Ledger.open`. One object serves one event loop or thread at a time.

    Attributes:
        path: The file.
        owner: The run in whose name requests are sent; empty for one that only reads and settles.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, owner: str) -> None:
        self._connection, self.path, self.owner = connection, path, owner
        self._books: dict[tuple[str, str, int], int] = {}
        self._broken: Exception | None = None

    @classmethod
    def open(
        cls,
        path: Path | str,
        *,
        owner: str = "",
        durability: Durability = "normal",
        read_only: bool = False,
    ) -> Ledger:
        """Open the ledger at `path`, creating it where absent.

        Args:
            path: A file on a local disk.
            owner: Name of the run that sends. The caller holds that run's exclusive lock, so every
                open sending of this name is a leftover of a dead process; open a run's ledger once.
                Leftovers of other runs whose process is gone are presumed paid along with them.
            durability: `normal` or `full`, see above.
            read_only: For looking while a run is live.

        Raises:
            UserError: no ledger, of a newer version, or not writable.
        """
        path = Path(path)
        ledger = cls(connect(path, durability=durability, read_only=read_only), path, owner)
        if owner:
            ledger._adopt()
        return ledger

    def close(self) -> None:
        """Close the file. An owner that leaves nothing open is forgotten."""
        if self.owner and self._broken is None:
            # Tidying only: a disk that is full by now must not spoil a purchase that went well.
            with suppress(TutelageError), self._transaction() as connection:
                connection.execute(
                    "DELETE FROM owner WHERE run = ?1 AND pid = ?2"
                    " AND NOT EXISTS (SELECT 1 FROM sending WHERE owner = ?1)",
                    (self.owner, os.getpid()),
                )
        self._connection.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- buying (see teacher/desk.py) -------------------------------------------------------------

    @contextmanager
    def exchange(self, account: Account, limits: Limits) -> Iterator[Exchange]:
        """A transaction in which results are booked and sendings reserved; all of it or nothing.

        After one that failed (a full disk) the ledger takes no further one: what is under way and
        what is written no longer agree, until the run is opened anew.
        """
        if self._broken is not None:
            raise self._broken
        try:
            with self._transaction() as connection:
                book = self._book(account)
                exchange = Exchange(connection, book, account, limits, self.owner)
                yield exchange
                exchange.close()
        except Exception as e:
            self._broken = e
            raise

    def house(self, model: str) -> None:
        """Note, before it is asked, that `model` answers in the process that asks it: what it left
        unanswered when that process died is taken back, not presumed paid."""
        with self._transaction() as connection:
            house(connection, model)

    def release_dead(self, owner: str) -> int:
        """Presume the sendings of another run whose process is gone, or take them back where they
        were answered in it; returns how many.

        A process of this host is asked for; one of another host counts as dead an hour after it
        sent, longer than any request may take.
        """
        with self._transaction() as connection:
            return self._presume_dead(connection, owner)

    # --- looking ----------------------------------------------------------------------------------

    def find(self, hash_: str) -> Reply | None:
        """The recorded reply to the request of this hash."""
        with self._explained():
            return ledger_reading.find(self._connection, hash_)

    def request(self, hash_: str) -> Request | None:
        """The request of this hash, answered or not."""
        with self._explained():
            return ledger_reading.find_request(self._connection, hash_)

    def purchases(
        self, *, study: str = "", arm: str = ""
    ) -> Iterator[tuple[Request, Reply, Account]]:
        """Requests, replies, and who paid, in the order of purchase; lazily.

        Args:
            study: Only replies that were charged to this study.
            arm: Only replies that were charged to this arm.
        """
        with self._explained():
            yield from ledger_reading.purchases(self._connection, study=study, arm=arm)

    def totals(self, *, study: str = "") -> list[ledger_reading.Total]:
        """What was paid, charged and presumed, for each (study, arm, purchase seed, turn)."""
        with self._explained():
            return ledger_reading.totals(self._connection, study=study)

    def balance(self, account: Account) -> tuple[Balance, Balance, Balance]:
        """What caps are compared with: balances of study (paid), arm and turn (charged)."""
        with self._explained():
            return ledger_reading.balances(self._connection, account)

    def charged(self, account: Account) -> Usage:
        """What the arm of `account` used under its purchase seed, as if it had bought it alone."""
        with self._explained():
            return ledger_reading.charged(self._connection, account)

    def failures(self, *, study: str = "", limit: int = 20) -> list[ledger_reading.FailureCount]:
        """Requests given up, most frequent reason first, each with its latest message."""
        with self._explained():
            return ledger_reading.failures(self._connection, study=study, limit=limit)

    # --- presumed payments ------------------------------------------------------------------------

    def presumed(self, *, study: str = "") -> list[Presumed]:
        """Sendings without an answer that still count at their worst case."""
        with self._explained():
            return presumed_open(self._connection, study=study)

    def settle_presumed(
        self, ids: Sequence[int], *, nanousd: int, tokens: int = 0, note: str = ""
    ) -> None:
        """Replace the worst case of presumed sendings by what the provider's bill says.

        Args:
            ids: `Presumed.id` of those that the bill covers.
            nanousd: What they cost together; 0 where the bill shows none of them. It is shared out
                in proportion to their worst cases, to the nano-dollar.
            tokens: Tokens billed for them together, shared out in the same way.
            note: Where the figures come from, kept for the record.

        Raises:
            UserError: an id that is unknown or already settled, or a negative amount.
        """
        with self._transaction() as connection:
            settle_presumed(connection, ids, nanousd=nanousd, tokens=tokens, note=note)

    # --- openings of the sealed test --------------------------------------------------------------

    def record_opening(self, fingerprint: str, *, run: str, recipe: str, why: str) -> None:
        """Record that the sealed test with this fingerprint was opened."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO opening (fingerprint, run, recipe, why, at) VALUES (?, ?, ?, ?, ?)",
                (fingerprint, run, recipe, why, time.time()),
            )

    def openings(self, fingerprint: str = "") -> list[ledger_reading.Opening]:
        """All recorded openings, oldest first; of one test where `fingerprint` is given."""
        with self._explained():
            return ledger_reading.openings(self._connection, fingerprint)

    # --- inside -----------------------------------------------------------------------------------

    def _adopt(self) -> None:
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO owner VALUES (?, ?, ?, ?)",
                (self.owner, socket.gethostname(), os.getpid(), time.time()),
            )
            self._bury(connection, self.owner, "the run was killed while it was sent")
            for (owner,) in connection.execute("SELECT DISTINCT owner FROM sending").fetchall():
                self._presume_dead(connection, owner)

    def _presume_dead(self, connection: sqlite3.Connection, owner: str) -> int:
        row = connection.execute("SELECT host, pid FROM owner WHERE run = ?", (owner,)).fetchone()
        if row is not None and row[0] == socket.gethostname() and not _alive(row[1]):
            return self._bury(connection, owner, "its run died")
        # Of a run on another host nobody knows: what is taken back here it might still settle.
        return presume(connection, owner, "its run is gone", before=time.time() - LEASE)

    def _bury(self, connection: sqlite3.Connection, owner: str, why: str) -> int:
        """Book what a process that is certainly dead has left open; returns how many."""
        return release_housed(connection, owner) + presume(connection, owner, why)

    def _book(self, account: Account) -> int:
        key = (account.study, account.arm, account.purchase)
        if key not in self._books:
            run = self._connection.execute
            run("INSERT OR IGNORE INTO account (study, arm, purchase) VALUES (?, ?, ?)", key)
            (self._books[key],) = run(
                "SELECT id FROM account WHERE study = ? AND arm = ? AND purchase = ?", key
            ).fetchone()
        return self._books[key]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection
        with self._explained():
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # A failed COMMIT (disk full) may have rolled back by itself, accounts included.
                self._books.clear()
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise explain(error, self.path) from error


def _alive(pid: int) -> bool:
    if os.name != "posix":
        return True  # os.kill would end the process there: rely on the lease instead
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
