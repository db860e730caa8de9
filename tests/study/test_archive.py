import pytest

from tutelage.exceptions import UserError
from tutelage.store.runs import Run
from tutelage.study.archive import PastRun, default_folder, find_run, look


def test_a_run_is_found_by_folder_and_by_name(finished, monkeypatch):
    monkeypatch.chdir(finished.parent.parent)
    assert find_run(finished).folder == finished
    assert find_run("small").folder == default_folder("small")
    assert find_run("small").name == "small"


def test_a_run_that_moved_finds_its_ledger_beside_it(finished, tmp_path):
    import shutil

    place = tmp_path / "elsewhere"
    shutil.copytree(finished.parent, place)
    facts = (place / "small" / "run.json").read_text()
    (place / "small" / "run.json").write_text(facts.replace(str(finished.parent), "/gone"))
    moved = PastRun(place / "small")
    assert moved.ledger == place / "ledger.sqlite"
    assert moved.spent() == PastRun(finished).spent()


def test_what_a_run_spent_counts_every_request(finished):
    assert PastRun(finished).spent().requests == 40 + 20 + 60


def test_who_looks_sees_whether_it_lives(finished):
    standing = look(PastRun(finished))
    assert (standing.held, standing.finished) == (False, True)
    assert standing.silent is not None
    with Run(finished):
        assert look(PastRun(finished)).held


@pytest.mark.parametrize(("place", "told"), [("smal", "Did you mean small?"), (".", "no run's")])
def test_what_is_no_run(finished, monkeypatch, place, told):
    monkeypatch.chdir(finished.parent.parent)
    with pytest.raises(UserError, match=told):
        find_run(place)


def test_a_damaged_run_is_told(tmp_path):
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(UserError, match="cannot be read"):
        find_run(tmp_path).name
