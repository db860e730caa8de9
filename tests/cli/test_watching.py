from tutelage.cli.watching import ago
from tutelage.store.runs import Run


def test_status_of_a_finished_run(call, finished):
    said = call("status", finished)
    assert said.code == 0
    assert "finished" in said.out
    facts = call("status", finished, "--json").facts
    assert (facts["live"], facts["finished"], facts["phase"]) == (False, True, "done")
    assert facts["spent_requests"] == 40 + 20 + 60


def test_status_of_a_live_run_says_what_it_waits_for(call, tmp_path, finished):
    folder = tmp_path / "runs" / "live"
    with Run(folder) as run:
        for name in ("run.json", "recipe.json"):
            (folder / name).write_bytes((finished / name).read_bytes())
        teacher = {
            "hits": 3, "replies": 7, "total": 50, "sent": 9, "in_flight": 2, "rate": 1.5,
            "paid": 12_000_000, "projected": 60_000_000, "refusals": 4, "lapses": {"timeout": 2},
            "failed": 1, "waiting_seconds": 17.0, "notes": ["It ignores seeds."],
        }  # fmt: skip
        run.status({"phase": "buying", "unit": "annotate, seed 1", "units": 6, "units_done": 2,
                    "teacher": teacher})  # fmt: skip
        said = call("status", "live")
    for words in (
        "a live process works on it",
        "buying",
        "annotate, seed 1",
        "2 of 6 done",
        "10 of 50 replies, 3 of them found",
        "$0.0120 paid, $0.0600 expected for this purchase, cap $1.00",
        "4 times told to slow down (429 or 503), 2 x timeout, 1 given up",
        "the endpoint asked for 17 s of silence",
        "It ignores seeds.",
    ):
        assert words in said.out


def test_status_of_a_run_whose_process_is_gone(call, tmp_path, finished):
    folder = tmp_path / "runs" / "dead"
    with Run(folder) as run:
        for name in ("run.json", "recipe.json"):
            (folder / name).write_bytes((finished / name).read_bytes())
        run.status({"phase": "training"})
    assert "no process works on it" in call("status", "dead").out


def test_spans_are_told_in_their_largest_unit():
    assert [ago(s) for s in (0.4, 60, 3599, 3600, 86400)] == [
        "0 s ago", "1 min ago", "59 min ago", "1 h ago", "1 days ago",
    ]  # fmt: skip
