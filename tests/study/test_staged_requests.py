"""What can be known of a turn with several stages before it is bought."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tutelage.plugins import find
from tutelage.records import Brief, Completion, Label, Reply, Request, Task
from tutelage.study.staged_requests import turn_requests

TASK = Task("t", "classification", ("text",), (Label("a"), Label("b")))
BRIEF = Brief(TASK, "arm")


class Open:
    """A session as far as counting needs it."""

    name = "model"

    def resolve(self, request: Request) -> Request:
        return replace(request, model=self.name)


def foreseen(name: str, recorded: dict[str, Reply] | None = None, **given: Any) -> Any:
    plugin = find("synthesizer", name)
    synthesizer = plugin.make(replace(plugin.options(), **given), task=TASK)
    return list(turn_requests(synthesizer, BRIEF, Open(), (recorded or {}).get))  # type: ignore[arg-type]


def test_one_stage_is_known_exactly() -> None:
    found = foreseen("zerogen", rows=4)
    assert [one.key for one in found] == [one.request.hash for one in found]
    assert [one.request.draw for one in found] == [0, 0, 1, 1]


def test_later_stages_are_guessed_and_arms_that_began_alike_share_the_guess() -> None:
    plain = {one.key for one in foreseen("zerogen", rows=4)}
    seeds = foreseen("extrapolate", seed_rows=4, reasons=5)
    assert len(seeds) == 6
    guessed = [one for one in seeds if one.key != one.request.hash]
    assert [one.order.kind for one in guessed] == ["texts"] * 4
    assert not plain & {one.key for one in seeds}
    more = {one.key for one in foreseen("extrapolate", seed_rows=6, reasons=5)}
    assert {one.key for one in seeds} < more
    other = {one.key for one in foreseen("extrapolate", seed_rows=4, reasons=6)}
    assert not other & more


def test_recorded_replies_of_a_stage_make_the_next_one_known() -> None:
    first = foreseen("zerogen", rows=2, topics=3)[0].request
    recorded = {first.hash: Reply(first.hash, (Completion('["tea", "rain", "rent"]'),))}
    found = foreseen("zerogen", recorded, rows=2, topics=3)
    assert all(one.key == one.request.hash for one in found)
    assert all("Build on this:" in one.request.messages[0].content for one in found[1:])
    unreadable = {first.hash: Reply(first.hash, (Completion("Tea and rain."),))}
    assert any(
        one.key != one.request.hash for one in foreseen("zerogen", unreadable, rows=2, topics=3)
    )
