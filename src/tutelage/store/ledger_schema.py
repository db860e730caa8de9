"""The ledger's tables, its numbered migrations, and how its file is opened.

Plain SQL can read all of it, for instance with the `sqlite3` shell:

    SELECT hash, json_extract(body, '$.completions[0].text'), nanousd / 1e9 FROM bought;
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Literal

from tutelage.exceptions import TutelageError, UserError

Durability = Literal["normal", "full"]

APPLICATION = 0x54555445
"""Marks the file as a Tutelage ledger (`PRAGMA application_id`)."""

MIGRATIONS: tuple[str, ...] = (
    # 1. Requests get a small integer key: all other tables then grow at their end, and only the
    #    index on the hash is written at random places.
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE owner (
        run TEXT PRIMARY KEY, host TEXT NOT NULL, pid INTEGER NOT NULL, since REAL NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE account (
        id INTEGER PRIMARY KEY, study TEXT NOT NULL, arm TEXT NOT NULL, purchase INTEGER NOT NULL,
        UNIQUE (study, arm, purchase)
    );
    CREATE TABLE request (
        id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, model TEXT NOT NULL, body TEXT NOT NULL
    );
    CREATE TABLE reply (
        request INTEGER PRIMARY KEY REFERENCES request (id),
        account INTEGER NOT NULL REFERENCES account (id), turn INTEGER NOT NULL,
        body TEXT NOT NULL, attempts INTEGER NOT NULL,
        prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
        nanousd INTEGER, estimated INTEGER NOT NULL, seconds REAL NOT NULL, received REAL NOT NULL
    );
    CREATE TABLE charge (
        account INTEGER NOT NULL REFERENCES account (id),
        request INTEGER NOT NULL REFERENCES request (id), turn INTEGER NOT NULL,
        requests INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL,
        completion_tokens INTEGER NOT NULL, nanousd INTEGER,
        PRIMARY KEY (account, request)
    ) WITHOUT ROWID;
    CREATE TABLE sending (
        request INTEGER PRIMARY KEY REFERENCES request (id),
        account INTEGER NOT NULL REFERENCES account (id), turn INTEGER NOT NULL,
        attempt INTEGER NOT NULL, owner TEXT NOT NULL,
        prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
        nanousd INTEGER NOT NULL, since REAL NOT NULL
    );
    CREATE TABLE presumed (
        id INTEGER PRIMARY KEY, request INTEGER NOT NULL REFERENCES request (id),
        account INTEGER NOT NULL REFERENCES account (id), turn INTEGER NOT NULL,
        attempt INTEGER NOT NULL, owner TEXT NOT NULL,
        tokens INTEGER NOT NULL, nanousd INTEGER NOT NULL, why TEXT NOT NULL, at REAL NOT NULL,
        settled REAL, settled_tokens INTEGER, settled_nanousd INTEGER, note TEXT
    );
    CREATE TABLE failure (
        id INTEGER PRIMARY KEY, request INTEGER NOT NULL REFERENCES request (id),
        account INTEGER NOT NULL REFERENCES account (id), turn INTEGER NOT NULL,
        why TEXT NOT NULL, at REAL NOT NULL
    );
    CREATE TABLE balance (
        scope TEXT PRIMARY KEY, requests INTEGER NOT NULL, tokens INTEGER NOT NULL,
        nanousd INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE opening (
        id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, run TEXT NOT NULL, recipe TEXT NOT NULL,
        why TEXT NOT NULL, at REAL NOT NULL
    );
    CREATE INDEX opening_fingerprint ON opening (fingerprint);
    CREATE VIEW bought AS
        SELECT request.hash, request.model, request.body AS asked, reply.body, account.study,
               account.arm, account.purchase, reply.turn, reply.prompt_tokens,
               reply.completion_tokens, reply.nanousd, reply.seconds, reply.received
        FROM reply JOIN request ON request.id = reply.request
                   JOIN account ON account.id = reply.account;
    """,
)
"""Append only: a migration that was released is never edited."""


def connect(path: Path, *, durability: Durability, read_only: bool) -> sqlite3.Connection:
    """Open the ledger file, create it where absent, and bring its tables up to date.

    Raises:
        UserError: the file is no ledger, is of a newer Tutelage, or may not be written.
    """
    try:
        connection = _open(path, read_only=read_only)
        try:
            _prepare(connection, path, durability=durability, read_only=read_only)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise explain(error, path) from error
    return connection


def explain(error: sqlite3.Error, path: Path) -> TutelageError:
    """What a database error means for the reader."""
    text = str(error)
    if "not a database" in text or "malformed" in text:
        return UserError(
            f"{path} is not a readable ledger ({text}).",
            "The file was written by another program, or was damaged.",
            "Name another file; if this was a ledger, copy back a backup.",
        )
    if "readonly" in text or "unable to open" in text or isinstance(error, PermissionError):
        return UserError(
            f"The ledger {path} cannot be opened for writing ({text}).",
            "A ledger writes the file and two more beside it (-wal and -shm).",
            "Choose a folder that exists and that you may write to.",
        )
    if "full" in text or "disk I/O" in text:
        return TutelageError(
            f"The ledger {path} could not be written ({text}).",
            "What was recorded before is safe; sendings under way are presumed paid.",
            "Free some space and run again.",
        )
    if "locked" in text or "busy" in text:
        return TutelageError(
            f"The ledger {path} is locked by another process ({text}).",
            "Someone has kept it open inside a transaction for more than half a minute.",
            "Close other programs that write to it. A network file system cannot hold a ledger.",
        )
    return TutelageError(f"The ledger {path} failed: {text}.")


def _open(path: Path, *, read_only: bool) -> sqlite3.Connection:
    if read_only and not path.is_file():
        raise UserError(f"There is no ledger at {path}.", do="Check the path of the run.")
    mode = "ro" if read_only else "rwc"
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=30.0,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )


def _prepare(
    connection: sqlite3.Connection, path: Path, *, durability: Durability, read_only: bool
) -> None:
    version = _version(connection, path)
    if version > len(MIGRATIONS):
        raise UserError(
            f"The ledger {path} has schema {version}; this Tutelage knows up to {len(MIGRATIONS)}.",
            "It was written by a newer Tutelage, and an older one could miscount what was paid.",
            "Upgrade Tutelage, or name another ledger.",
        )
    if read_only:
        if version < len(MIGRATIONS):
            raise UserError(
                f"The ledger {path} has schema {version}, older than {len(MIGRATIONS)}.",
                "It is opened for reading only, so it cannot be brought up to date.",
                "Open it once for writing.",
            )
        return
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {durability.upper()}")
    # A checkpoint costs two syncs; 16 MB of log keeps them rare, and the log small.
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
    connection.execute("PRAGMA cache_size = -4000")
    if version < len(MIGRATIONS):
        _migrate(connection, path)
    if not os.access(path, os.W_OK):
        raise sqlite3.OperationalError("attempt to write a readonly database")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if not tables:
        return 0
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION:
        raise UserError(
            f"{path} is a database of another program.",
            "A ledger does not share its file.",
            "Name another file.",
        )
    row = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    return int(row[0])


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Read again under the lock: another process may have been quicker.
        for number, statements in enumerate(MIGRATIONS, start=1):
            if number > _version(connection, path):
                for statement in statements.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION}")
                connection.execute("INSERT OR REPLACE INTO meta VALUES ('schema', ?)", (number,))
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
