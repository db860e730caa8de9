from tutelage.records import Message, Request, Sampling, Usage
from tutelage.store.caps import Account, Limits
from tutelage.store.ledger import Ledger


def test_the_books_of_a_run(call, finished):
    facts = call("ledger", finished, "--json").facts
    replies = {account["account"]["arm"]: account["replies"] for account in facts["accounts"]}
    assert replies == {"annotate": 40, "explain": 20, "rival:teacher_zero_shot": 60}
    assert len(facts["openings"]) == 1
    said = call("ledger", finished, "--failures")
    assert "rival:teacher_zero_shot" in said.out
    assert "No request was given up." in said.out


def test_no_ledger_yet(call):
    said = call("ledger")
    assert said.code == 2
    assert "Nothing was bought here yet." in said.err


def test_settling_needs_an_amount_and_something_open(call, finished):
    assert "no amount" in call("ledger", finished, "--settle", "all", "cheap").err
    assert "nothing to settle" in call("ledger", finished, "--settle", "all", "0").err
    assert "no sending" in call("ledger", finished, "--settle", "first", "0").err


def test_what_is_presumed_paid_is_shown_and_settled(call, tmp_path):
    (tmp_path / "runs").mkdir()
    file = tmp_path / "runs" / "ledger.sqlite"
    request = Request((Message("user", "hello"),), Sampling(max_tokens=5), model="m")
    with Ledger.open(file, owner="killed") as book:
        account = Account("killed", "explain")
        with book.exchange(account, Limits()) as exchange:
            assert exchange.admit(request, Usage(1, 10, 5, 4_000_000))
    Ledger.open(file, owner="killed").close()  # its next life finds the sending open
    said = call("ledger")
    assert "presumed paid until settled" in said.out
    assert "$0.004000" in said.out
    assert call("ledger", "--settle", "all", "0.001").code == 0
    facts = call("ledger", "--json").facts
    assert facts["presumed"] == []
    assert facts["accounts"][0]["presumed"]["nanousd"] == 1_000_000
    assert call("ledger", "--settle", "1", "0").code == 2
