"""Checks that ask the teacher: what they ask about, and how the answers come back to their rows."""

from __future__ import annotations

from collections.abc import Sequence

from tutelage.buying import UNBOUGHT, Answers
from tutelage.consulting import hear, inquire, inquiries
from tutelage.contracts import Bench
from tutelage.curation.bench import DraftBench
from tutelage.curation.judging import NamedCheck
from tutelage.curation.opinions import Opinions
from tutelage.gold.sealed import SealedIndex
from tutelage.records import (
    Completion,
    Draft,
    Example,
    Label,
    Message,
    Prediction,
    Reply,
    Request,
    Task,
    Verdict,
)

TASK = Task("t", "classification", ("text",), (Label("a"), Label("b")))
BENCH = DraftBench(TASK, (), (), SealedIndex([]))


class Short:
    """Drops long texts."""

    def judge(self, drafts: Sequence[Draft], bench: Bench) -> list[Verdict]:
        return [
            Verdict(d.number, "dropped" if len(d.content.fields["text"]) > 3 else "kept", "short")
            for d in drafts
        ]


class Twice:
    """Asks twice about each row but those that say `no`."""

    asks = "twice"

    def shots(self, train: Sequence[Example], seed: int) -> Sequence[Example]:
        return train

    def questions(self, row: Example, shots: Sequence[Example]) -> list[Request]:
        if row.fields["text"] == "no":
            return []
        return [Request((Message("user", f"{row.fields['text']} {len(shots)}"),))] * 2

    def heard(self, row: Example, replies: Sequence[Reply]) -> Prediction:
        return Prediction(row.id, label=" ".join(reply.text for reply in replies))

    def judge(self, drafts: Sequence[Draft], bench: Bench) -> list[Verdict]:
        return [Verdict(d.number, "kept", "twice") for d in drafts]


CHECKS = (NamedCheck("short", Short()), NamedCheck("twice", Twice()))


def asked(texts: Sequence[str], draws: dict[str, int] | None = None):
    drafts = [Draft(i, i, Example(f"d{i}", {"text": text})) for i, text in enumerate(texts)]
    gold = (Example("g", {"text": "gold"}, "a"),)
    return inquire(CHECKS, 1, drafts, BENCH, train=gold, seed=3, draws=draws or {})


def reply(text: str, of: Request) -> Reply:
    return Reply(of.hash, (Completion(text),))


def test_only_some_checks_ask() -> None:
    assert [place for place, _ in inquiries(CHECKS)] == [1]
    quiet = Twice()
    quiet.asks = ""
    assert inquiries([NamedCheck("quiet", quiet)]) == []


def test_what_earlier_checks_drop_is_not_asked_about() -> None:
    inquiry = asked(["x", "too long", "no", "y"])
    assert [row.id for row in inquiry.rows] == ["d0", "d2", "d3"]
    assert inquiry.counts == (2, 0, 2)
    assert inquiry.shown == ("g",)
    assert asked(["no"]).shown == ()
    assert [(r.messages[0].content, r.draw, r.purchase) for r in inquiry.requests] == [
        ("x 1", 0, 3),
        ("x 1", 1, 3),
        ("y 1", 0, 3),
        ("y 1", 1, 3),
    ]


def test_draws_go_on_from_earlier_purchases() -> None:
    first = asked(["x"])
    second = asked(["x"], dict(first.draws))
    assert [request.draw for request in second.requests] == [2, 3]
    assert len({r.hash for r in (*first.requests, *second.requests)}) == 4


def test_answers_come_back_to_their_rows() -> None:
    inquiry = asked(["x", "no", "y"])
    replies = [reply(str(i), request) for i, request in enumerate(inquiry.requests)]
    said = hear(inquiry, Answers(replies))
    assert [one.label for one in said.predictions] == ["0 1", None, "2 3"]
    assert said.requests == tuple(request.hash for request in inquiry.requests)
    assert (said.missing, said.stopped, said.usage.requests) == (0, "", 4)
    opinions = Opinions.on(inquiry.rows, said.predictions)
    renamed = Example("other", {"text": "y"})
    assert opinions.predict([renamed, Example("z", {"text": "z"})]) == [
        Prediction("other", label="2 3"),
        Prediction("z"),
    ]


def test_a_row_of_which_a_reply_is_missing_has_no_opinion() -> None:
    inquiry = asked(["x", "y"])
    first, *_ = inquiry.requests
    answers = Answers([reply("0", first), "timeout", UNBOUGHT, UNBOUGHT], "the arm's cap")
    said = hear(inquiry, answers)
    assert [one.label for one in said.predictions] == [None, None]
    assert (said.requests, said.missing, said.stopped) == ((first.hash,), 3, "the arm's cap")


def test_opinions_are_known_by_what_was_said() -> None:
    rows = [Example("1", {"text": "x"})]
    one, other = (Opinions.on(rows, [Prediction("1", label=label)]) for label in "ab")
    assert one.fingerprint != other.fingerprint
    assert one.fingerprint == Opinions.on(rows, [Prediction("1", label="a")]).fingerprint
