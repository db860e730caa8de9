import io

from rich.console import Console

from tutelage.cli.console import inert, tabulate
from tutelage.cli.progress_display import Display
from tutelage.cli.status_lines import describe, summary

BUYING = {
    "phase": "buying", "unit": "annotate, seed 1", "units": 4, "units_done": 1,
    "teacher": {"hits": 0, "replies": 5, "total": 10, "sent": 6, "in_flight": 1, "rate": 2.0,
                "paid": 0, "projected": None, "waiting_seconds": 0.0},
}  # fmt: skip


def test_plain_lines_come_on_each_change_and_not_more_often():
    out = io.StringIO()
    with Display({}, Console(file=out, width=200)) as display:
        for _ in range(5):
            display(BUYING)
        display({**BUYING, "phase": "training", "training": {"step": 3, "steps": 9, "loss": 1.5}})
    lines = out.getvalue().splitlines()
    assert lines == [
        "buying: annotate, seed 1 [2 of 4]; 5 of 10 replies, $0.00 paid",
        "training: annotate, seed 1 [2 of 4]; step 3 of 9, loss 1.500",
    ]


def test_plain_lines_come_every_ten_seconds(monkeypatch):
    now = iter([0.0, 5.0, 10.5])
    monkeypatch.setattr("tutelage.cli.progress_display.time.monotonic", lambda: next(now))
    out = io.StringIO()
    display = Display({}, Console(file=out, width=200))
    for _ in range(3):
        display(BUYING)
    assert len(out.getvalue().splitlines()) == 2


def test_a_terminal_gets_a_panel():
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100)
    with Display({"usd": 2}, console) as display:
        display(BUYING)
    assert "1 of 4 done" in out.getvalue()
    assert "cap $2.00" in out.getvalue()


def test_what_ended_shows_no_unit():
    assert summary({"phase": "done", "unit": "x", "training": {"step": 1, "steps": 1}}) == "done"
    assert describe({"phase": "stopped", "why": "KeyboardInterrupt: "})[1] == (
        "why",
        "Ctrl-C",
    )


def test_dev_scores_are_shown_after_an_evaluation():
    training = {"step": 5, "steps": 10, "dev": {"accuracy": 0.75, "loss": 0.5}}
    assert ("training", "step 5 of 10, dev accuracy 0.750, loss 0.500") in describe(
        {"phase": "training", "training": training}
    )


def test_a_teacher_that_learns_is_told_in_place_of_the_replies_that_wait_for_it():
    learning = {"phase": "tuning", "teacher": "tuned", "purchase": 1}
    steps = {"step": 1200, "steps": 6200, "dev": {"accuracy": 0.81}}
    line = "tuning tuned, purchase 1: step 1,200 of 6,200, dev accuracy 0.810"
    facts = {**BUYING, "learning": {**learning, **steps}}
    assert summary(facts) == f"buying: annotate, seed 1 [2 of 4]; {line}"
    assert ("teacher", line) in describe(facts)
    assert summary({**BUYING, "learning": learning}).endswith("tuning tuned, purchase 1")
    assert summary({**BUYING, "learning": {}}) == summary(BUYING)
    assert "tuning" not in str(describe({**facts, "phase": "stopped"}))


def test_texts_cannot_steer_the_terminal_or_the_markup():
    assert "\x1b" not in inert("\x1b[31mred\x07")
    out = io.StringIO()
    Console(file=out, width=80).print(tabulate(("a",), [("[bold]x[/bold] \x1b[2J",)]))
    assert "[bold]x[/bold]" in out.getvalue()
    assert "\x1b" not in out.getvalue()
