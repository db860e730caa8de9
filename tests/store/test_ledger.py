from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.exceptions import TutelageError, UserError
from tutelage.records import (
    Completion,
    Message,
    Reply,
    Request,
    Sampling,
    Steering,
    TokenScore,
    Usage,
)
from tutelage.store.caps import Account, Limit, Limits, Shortfall
from tutelage.store.ledger import Ledger
from tutelage.store.ledger_bodies import (
    read_request,
    reply_body,
    request_body,
)
from tutelage.store.ledger_exchange import Elsewhere, Found, Sending
from tutelage.store.ledger_schema import MIGRATIONS, explain

ARM = Account("study", "arm", 1, 2)
WORST = Usage(1, 10, 20, 500)
FREE = Limits()


def asked(text: str = "hello") -> Request:
    return Request((Message("user", text),), Sampling(max_tokens=20), model="here/m")


def answered(request: Request, prompt: int = 7, completion: int = 5) -> Reply:
    return Reply(request.hash, (Completion("hi"),), Usage(1, prompt, completion), "m-1", 0.25)


def reserve(ledger: Ledger, request: Request, account: Account = ARM, limits: Limits = FREE):
    with ledger.exchange(account, limits) as exchange:
        return exchange.admit(request, WORST)


def buy(ledger: Ledger, request: Request, account: Account = ARM, nanousd: int | None = 90):
    sending = reserve(ledger, request, account)
    reply = answered(request)
    with ledger.exchange(account, FREE) as exchange:
        exchange.settle(sending, reply, reply_body(reply), nanousd)
    return reply


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path):
    with Ledger.open(path, owner="run") as opened:
        yield opened


# --- buying ---------------------------------------------------------------------------------------


def test_a_sending_is_reserved_at_its_worst_case_and_corrected_to_what_it_cost(ledger):
    sending = reserve(ledger, asked())
    assert isinstance(sending, Sending)
    for balance in ledger.balance(ARM):
        assert (balance.requests, balance.tokens, balance.nanousd) == (1, 30, 500)
    reply = answered(asked())
    with ledger.exchange(ARM, FREE) as exchange:
        exchange.settle(sending, reply, reply_body(reply), 90)
    for balance in ledger.balance(ARM):
        assert (balance.requests, balance.tokens, balance.nanousd) == (1, 12, 90)


def test_a_recorded_reply_is_found_by_its_hash_and_charged_once(ledger):
    buy(ledger, asked())
    for _ in range(2):
        outcome = reserve(ledger, asked())
        assert isinstance(outcome, Found)
    assert outcome.reply.text == "hi"
    assert outcome.reply.usage == Usage(1, 7, 5, 90)
    assert ledger.balance(ARM)[1].tokens == 12
    other = Account("study", "other")
    assert isinstance(reserve(ledger, asked(), other), Found)
    assert ledger.balance(other)[0].tokens == ledger.balance(other)[1].tokens == 12
    assert ledger.charged(other) == Usage(1, 7, 5, 90)


def test_a_reply_found_obeys_the_arms_caps_at_its_worst_case(ledger):
    buy(ledger, asked())
    tight = Limits(arm=Limit(tokens=29))
    outcome = reserve(ledger, asked(), Account("study", "other"), tight)
    assert outcome == Shortfall("arm", "tokens", 29, 0, 30)
    assert isinstance(reserve(ledger, asked(), ARM, tight), Found)  # charged before: free


def test_an_open_sending_is_not_sent_twice(ledger, path):
    reserve(ledger, asked())
    with Ledger.open(path, owner="other run") as other:
        assert reserve(other, asked(), Account("elsewhere", "arm")) == Elsewhere("run")
        assert other.balance(Account("elsewhere", "arm"))[0].requests == 0


@pytest.mark.parametrize(
    ("limit", "unit", "spent", "needed"),
    [
        (Limit(requests=1), "requests", 1, 1),
        (Limit(tokens=59), "tokens", 30, 30),
        (Limit(nanousd=999), "nanousd", 500, 500),
    ],
)
@pytest.mark.parametrize("scope", ["study", "arm", "turn"])
def test_each_cap_holds_to_the_last_unit(ledger, scope, limit, unit, spent, needed):
    reserve(ledger, asked("one"))
    outcome = reserve(ledger, asked("two"), limits=Limits(**{scope: limit}))
    assert outcome == Shortfall(scope, unit, getattr(limit, unit), spent, needed)
    roomy = Limit(**{unit: getattr(limit, unit) + 1})
    assert isinstance(reserve(ledger, asked("two"), limits=Limits(**{scope: roomy})), Sending)


def test_a_shortfall_names_the_cap_and_the_setting_to_raise():
    error = Shortfall("arm", "nanousd", 5_000_000_000, 4_999_000_000, 1_500_000).error(ARM)
    assert str(error) == (
        "The cap of $5.00 of arm 'arm' (purchase seed 1) is reached.\n"
        "$5.00 are spent, and the next request can take up to $0.001500. All replies bought so "
        "far are kept.\n"
        "Raise teacher.budget.arm.usd, for instance with --set teacher.budget.arm.usd=..., and "
        "run again: nothing is bought twice."
    )
    assert error.scope == "arm"


def test_a_failed_attempt_counts_as_a_request_and_gives_its_tokens_back(ledger):
    sending = reserve(ledger, asked())
    with ledger.exchange(ARM, FREE) as exchange:
        exchange.lapse(sending, "429: slow", maybe_paid=False)
        again = exchange.admit_again(asked(), sending, WORST)
    assert again.attempt == 2
    study = ledger.balance(ARM)[0]
    assert (study.requests, study.tokens, study.nanousd) == (2, 30, 500)
    with ledger.exchange(ARM, FREE) as exchange:
        exchange.lapse(again, "http 500: x", maybe_paid=False)
        exchange.fail(again, "http 500: x")
    assert isinstance(reserve(ledger, asked()), Sending)  # never replayed as a result
    assert [(f.reason, f.count) for f in ledger.failures()] == [("http 500", 1)]


def test_a_reservation_that_was_never_sent_is_taken_back_whole(ledger):
    sending = reserve(ledger, asked())
    with ledger.exchange(ARM, FREE) as exchange:
        exchange.withdraw(sending)
    assert [b.requests for b in ledger.balance(ARM)] == [0, 0, 0]


def test_a_broken_transaction_changes_nothing_and_closes_the_counter(ledger):
    with pytest.raises(RuntimeError), ledger.exchange(ARM, FREE) as exchange:
        exchange.admit(asked(), WORST)
        raise RuntimeError("out of luck")
    assert ledger.balance(ARM)[0].requests == 0
    assert ledger.request(asked().hash) is None
    with pytest.raises(RuntimeError, match="out of luck"), ledger.exchange(ARM, FREE):
        pass


# --- what has no answer ---------------------------------------------------------------------------


def test_leftovers_of_a_dead_run_are_presumed_paid_until_the_bill_settles_them(path):
    with Ledger.open(path, owner="run") as ledger:
        buy(ledger, asked("bought"))
        reserve(ledger, asked("one"))
        reserve(ledger, asked("two"))
    with Ledger.open(path, owner="run") as ledger:
        first, second = ledger.presumed(study="study")
        assert (first.request, first.tokens, first.nanousd) == (asked("one").hash, 30, 500)
        assert ledger.balance(ARM)[0].nanousd == 90 + 1000
        assert isinstance(reserve(ledger, asked("one")), Sending)  # may be asked again
        ledger.settle_presumed([first.id, second.id], nanousd=701, tokens=41, note="bill of May")
        assert ledger.presumed() == []
        for balance in ledger.balance(ARM):
            assert (balance.requests, balance.tokens) == (4, 12 + 41 + 30)
            assert balance.nanousd == 90 + 701 + 500
        total = ledger.totals()[0]
        assert (total.presumed.nanousd, total.open_presumed) == (701, 0)
        with pytest.raises(UserError, match="no open presumed payment"):
            ledger.settle_presumed([first.id], nanousd=0)
        with pytest.raises(UserError, match="cannot be negative"):
            ledger.settle_presumed([], nanousd=-1)


DYING = """
import sys
from tutelage.records import Message, Request, Sampling, Usage
from tutelage.store.caps import Account, Limits
from tutelage.store.ledger import Ledger
ledger = Ledger.open(sys.argv[1], owner="dead")
request = Request((Message("user", "hello"),), Sampling(max_tokens=20), model="here/m")
with ledger.exchange(Account("s", "a"), Limits()) as exchange:
    exchange.admit(request, Usage(1, 10, 20, 500))
"""


def test_a_sending_of_a_process_that_is_gone_does_not_block_others(path):
    with Ledger.open(path, owner="run") as ledger:
        subprocess.run([sys.executable, "-c", DYING, str(path)], check=True)
        assert reserve(ledger, asked()) == Elsewhere("dead")
        assert ledger.release_dead("dead") == 1
        sending = reserve(ledger, asked())
        assert isinstance(sending, Sending)
        assert ledger.release_dead("run") == 0  # this process lives
        with ledger.exchange(ARM, FREE) as exchange:
            exchange.lapse(sending, "429", maybe_paid=False)
        subprocess.run([sys.executable, "-c", DYING, str(path)], check=True)
    with Ledger.open(path, owner="run") as ledger:  # opening looks after it, too
        assert [left.why for left in ledger.presumed()] == ["its run died"] * 2
        assert isinstance(reserve(ledger, asked()), Sending)


def test_what_died_with_the_process_that_answers_is_taken_back(path):
    """Nobody bills an answer that was to come from the process that is dead."""
    with Ledger.open(path, owner="run") as ledger:
        ledger.house("here/m")
        ledger.house("here/m")
        buy(ledger, asked("bought"))
        reserve(ledger, asked("lost"))
        reserve(ledger, replace(asked("sent"), model="there/m"))
        assert isinstance(reserve(ledger, asked("bought")), Found)
    with Ledger.open(path, owner="run") as ledger:
        (sent,) = ledger.presumed()
        assert sent.request == replace(asked("sent"), model="there/m").hash
        for balance in ledger.balance(ARM):
            assert (balance.requests, balance.tokens, balance.nanousd) == (3, 12 + 30, 90 + 500)
        assert isinstance(reserve(ledger, asked("lost")), Sending)


def test_another_process_takes_back_what_a_dead_one_was_to_answer_itself(path):
    with Ledger.open(path, owner="run") as ledger:
        ledger.house("here/m")
        subprocess.run([sys.executable, "-c", DYING, str(path)], check=True)
        assert ledger.release_dead("dead") == 1
        assert ledger.presumed() == []
        assert ledger.balance(Account("s", "a"))[0].tokens == 0
        assert isinstance(reserve(ledger, asked()), Sending)


def test_of_a_run_that_cannot_be_asked_all_is_presumed(path):
    """It may be alive on another host, and settle what it was to answer after all."""
    with Ledger.open(path, owner="run") as ledger, sqlite3.connect(path) as plain:
        ledger.house("here/m")
        subprocess.run([sys.executable, "-c", DYING, str(path)], check=True)
        plain.execute("UPDATE owner SET host = 'another' WHERE run = 'dead'")
        plain.commit()
        assert ledger.release_dead("dead") == 0
        plain.execute("UPDATE sending SET since = 0")
        plain.commit()
        assert ledger.release_dead("dead") == 1
        assert [left.why for left in ledger.presumed()] == ["its run is gone"]
    plain.close()


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["here/m", "there/m"]),
            st.sampled_from(["settle", "refused", "timeout", "die"]),
            st.integers(1, 2),
        ),
        max_size=12,
    )
)
def test_balances_are_what_was_paid_and_what_is_presumed_after_any_kills(story):
    """A life ends at each `die`, which leaves one sending open; the next life goes on."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        ledger = Ledger.open(path, owner="run")
        ledger.house("here/m")
        for number, (model, fate, turn) in enumerate(story):
            account = replace(ARM, turn=turn)
            request = replace(asked(str(number)), model=model)
            sending = reserve(ledger, request, account)
            if fate == "die":
                ledger.close()
                ledger = Ledger.open(path, owner="run")
                continue
            with ledger.exchange(account, FREE) as exchange:
                if fate == "settle":
                    reply = answered(request)
                    exchange.settle(sending, reply, reply_body(reply), 90)
                else:
                    exchange.lapse(sending, fate, maybe_paid=fate == "timeout")
        settled = sum(fate == "settle" for _, fate, _ in story)
        presumed = sum((m, f) == ("there/m", "die") or f == "timeout" for m, f, _ in story)
        study = ledger.balance(ARM)[0]
        assert len(ledger.presumed()) == presumed
        assert study.requests == len(story)
        assert study.tokens == 12 * settled + 30 * presumed
        assert study.nanousd == 90 * settled + 500 * presumed
        by_turn = [ledger.balance(replace(ARM, turn=turn))[2] for turn in (1, 2)]
        assert sum(balance.nanousd for balance in by_turn) == study.nanousd
        ledger.close()


def test_an_owner_that_leaves_nothing_open_is_forgotten(path):
    for owner in ("one", "two"):
        with Ledger.open(path, owner=owner) as ledger:
            buy(ledger, asked(owner))
    with sqlite3.connect(path) as plain:
        assert plain.execute("SELECT count(*) FROM owner").fetchone() == (0,)
    plain.close()


# --- reading --------------------------------------------------------------------------------------


def test_what_was_bought_can_be_read_back_and_by_plain_sql(ledger, path):
    request = Request(
        (Message("system", "s"), Message("user", "ü")),
        Sampling(0.5, 0.9, 30, ("\n",), 2, 3, 11),
        schema={"type": "object"},
        shared=True,
        model="here/m",
        purchase=4,
        draw=5,
    )
    reply = Reply(
        request.hash,
        (Completion("a", "length", (TokenScore("a", -0.5, {"a": -0.5, "b": -1.5}),)),),
        Usage(1, 3, 4),
        "served",
        1.5,
        True,
    )
    sending = reserve(ledger, request)
    with ledger.exchange(ARM, FREE) as exchange:
        exchange.settle(sending, reply, reply_body(reply), None)
    ((kept, got, account),) = ledger.purchases(study="study", arm="arm")
    assert (kept, got, account) == (request, reply, ARM)
    assert kept.hash == request.hash
    assert ledger.find(request.hash) == reply
    assert ledger.request(request.hash) == request
    assert ledger.find("request1-unknown") is None
    assert list(ledger.purchases(arm="another")) == []
    assert ledger.totals()[0].unpriced == 1
    with sqlite3.connect(path) as plain:
        hash_, asked_, body = plain.execute("SELECT hash, asked, body FROM bought").fetchone()
    plain.close()
    assert hash_ == request.hash
    assert json.loads(asked_)["messages"][1]["content"] == "ü"
    assert json.loads(body)["completions"][0]["text"] == "a"


def test_a_request_survives_its_body():
    request = asked()
    assert read_request(request.model, request_body(request)).hash == request.hash
    against = ((Message("system", "s"), Message("user", "another label")),)
    steered = replace(request, steering=Steering(against, 100.0, 0.02, "a source", 0.8, 1.1))
    assert read_request(steered.model, request_body(steered)) == steered
    assert read_request(steered.model, request_body(steered)).hash == steered.hash != request.hash


def test_openings_are_kept_across_runs(ledger):
    ledger.record_opening("fp1", run="a", recipe="r1", why="--final")
    ledger.record_opening("fp2", run="b", recipe="r2", why="--final")
    ledger.record_opening("fp1", run="c", recipe="r3", why="--final")
    assert [o.run for o in ledger.openings("fp1")] == ["a", "c"]
    assert len(ledger.openings()) == 3


def test_a_live_ledger_can_be_read_by_another_process(ledger, path):
    buy(ledger, asked())
    with Ledger.open(path, read_only=True) as reader:
        assert reader.find(asked().hash).text == "hi"
        buy(ledger, asked("second"))
        assert reader.totals()[0].replies == 2


# --- files that are no ledger ---------------------------------------------------------------------


def test_a_file_that_is_no_database_is_refused(path):
    path.write_bytes(b"label,text\n" * 200)
    with pytest.raises(UserError, match="not a readable ledger"):
        Ledger.open(path)
    assert path.read_bytes().startswith(b"label,text")


def test_a_database_of_another_program_is_refused(path):
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE photos (id)")
    other.close()
    with pytest.raises(UserError, match="another program"):
        Ledger.open(path)


def test_a_newer_ledger_is_refused(path):
    Ledger.open(path).close()
    with sqlite3.connect(path) as newer:
        newer.execute("UPDATE meta SET value = 99 WHERE key = 'schema'")
    newer.close()
    with pytest.raises(UserError, match=f"schema 99; this Tutelage knows up to {len(MIGRATIONS)}"):
        Ledger.open(path)


def test_a_missing_folder_and_a_missing_ledger_are_told(tmp_path):
    with pytest.raises(UserError, match="cannot be opened for writing"):
        Ledger.open(tmp_path / "nowhere" / "ledger.db")
    with pytest.raises(UserError, match="no ledger"):
        Ledger.open(tmp_path / "ledger.db", read_only=True)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_told(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(UserError, match="cannot be opened for writing"):
            Ledger.open(tmp_path / "ledger.db")
    finally:
        tmp_path.chmod(0o700)


def test_a_full_disk_loses_nothing_that_was_recorded(ledger, path):
    buy(ledger, asked("kept"))
    pages = ledger._connection.execute("PRAGMA page_count").fetchone()[0]
    ledger._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(TutelageError, match="could not be written"):
        for k in range(200):
            buy(ledger, asked(f"{k} " + "x" * 2000))
    with Ledger.open(path, owner="run") as again:
        assert again.find(asked("kept").hash) is not None
        sums = again.totals()[0]
        assert again.balance(ARM)[0].nanousd == sums.paid.nanousd + sums.presumed.nanousd


def test_each_database_error_is_said_in_our_words(path):
    for text, kind in [
        ("database or disk is full", TutelageError),
        ("attempt to write a readonly database", UserError),
        ("database disk image is malformed", UserError),
        ("database is locked", TutelageError),
    ]:
        error = explain(sqlite3.OperationalError(text), path)
        assert type(error) is kind
        assert str(path) in str(error)
        assert error.do


def test_full_durability_syncs_each_commit(path):
    with Ledger.open(path, durability="full") as ledger:
        assert ledger._connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert ledger._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
