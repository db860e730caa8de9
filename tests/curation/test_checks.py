"""All built-in checks, each by the drafts that it keeps, mends and drops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tutelage.curation import (
    DEFAULT_CHECKS,
    PLUGINS,
    ContaminationOptions,
    FormatOptions,
    RefusalOptions,
)
from tutelage.curation.bench import DraftBench
from tutelage.curation.conclusions import concludes
from tutelage.exceptions import UserError
from tutelage.plugins import find
from tutelage.records import Draft, Example, Label, Task, Verdict

Write = Callable[..., Draft]
LONG = "The quick brown fox jumps over the lazy dog near the old stone bridge."


def one(name: str, draft: Draft, bench: DraftBench, options: Any = None) -> Verdict:
    plugin = find("check", name)
    (verdict,) = plugin.make(options or plugin.options(), task=bench.task).judge([draft], bench)
    assert isinstance(verdict, Verdict)
    return verdict


def test_every_default_check_is_offered() -> None:
    assert set(DEFAULT_CHECKS) < {plugin.name for plugin in PLUGINS}


@pytest.mark.parametrize(
    ("change", "options", "reason"),
    [
        ({}, FormatOptions(), ""),
        ({"premise": " "}, FormatOptions(), "the field premise is empty or missing"),
        ({"label": None}, FormatOptions(), "it has no label"),
        ({"label": "maybe"}, FormatOptions(), "'maybe' is no label of the task"),
        (
            {"premise": "a b c d"},
            FormatOptions(max_words=3),
            "the field premise has 4 words, more than 3",
        ),
        ({"rationale": " "}, FormatOptions(), "it has no rationale"),
        ({}, FormatOptions(need_rationale=True), "it has no rationale"),
        (
            {"rationale": "a b c"},
            FormatOptions(max_rationale_words=2),
            "the rationale has 3 words, more than 2",
        ),
    ],
)
def test_format(
    write: Write, bench: DraftBench, change: dict[str, Any], options: FormatOptions, reason: str
) -> None:
    verdict = one("format", write(0, **change), bench, options)
    assert verdict == Verdict(0, "dropped" if reason else "kept", "format", reason)


def test_format_of_other_kinds_of_task(write: Write, bench: DraftBench) -> None:
    many = replace(bench, task=Task("m", "multi_label", ("premise",), (Label("a"), Label("b"))))
    draft = write(0, label=None)
    row = draft.content
    assert isinstance(row, Example)
    assert one("format", draft, many).reason == "it has no label"
    assert one("format", replace(draft, content=replace(row, labels=())), many).decision == "kept"
    unknown = replace(draft, content=replace(row, labels=("a",), scores={"c": 1.0}))
    assert one("format", unknown, many).reason == "'c' is no label of the task"
    free = replace(bench, task=Task("g", "generation", ("premise",)))
    assert one("format", draft, free).reason == "it has no target"
    written = replace(draft, content=replace(row, target="A text."))
    assert one("format", written, free).decision == "kept"


def test_refusals_are_dropped(write: Write, bench: DraftBench) -> None:
    draft = write(0, rationale="As an AI language model, I cannot judge.")
    verdict = one("refusal", draft, bench)
    assert (verdict.decision, verdict.reason) == (
        "dropped",
        "the rationale refuses: As an AI language model",
    )


def test_wording_is_mended(write: Write, bench: DraftBench) -> None:
    draft = write(0, hypothesis='"It moves."', rationale="It runs.\n\nPremise: A cat")
    verdict = one("refusal", draft, bench)
    assert verdict.decision == "mended"
    assert verdict.reason == "took off quotes of the hypothesis, run-on of the rationale"
    assert verdict.replacement is not None
    assert verdict.replacement.fields == {"premise": "A dog runs.", "hypothesis": "It moves."}
    assert verdict.replacement.rationale == "It runs."


def test_given_texts_are_never_mended(write: Write, bench: DraftBench) -> None:
    quoted = '"It moves," I am an AI says.'
    draft = write(0, premise=f"'{quoted}'", role="train", rationale='"Fine."')
    verdict = one("refusal", draft, bench)
    assert verdict.replacement is not None
    assert verdict.replacement.fields["premise"] == f"'{quoted}'"
    assert verdict.replacement.rationale == "Fine."
    assert one("refusal", write(0, premise=quoted, role="unlabelled"), bench).decision == "kept"


def test_what_is_empty_once_cleaned_is_dropped(write: Write, bench: DraftBench) -> None:
    verdict = one("refusal", write(0, rationale=" "), bench)
    assert verdict.reason == "the rationale is empty once cleaned"


def test_entities_are_read_where_asked(write: Write, bench: DraftBench) -> None:
    draft = write(0, hypothesis="It &amp; he move.")
    assert one("refusal", draft, bench).decision == "kept"
    verdict = one("refusal", draft, bench, RefusalOptions(entities=True))
    assert verdict.replacement is not None
    assert verdict.replacement.fields["hypothesis"] == "It & he move."


def test_duplicates_keep_the_first(write: Write, bench: DraftBench) -> None:
    check = find("check", "duplicate")
    drafts = [
        write(0),
        write(1, premise="A  dog runs. "),
        write(2, label="neutral"),
        write(3, premise="Other."),
        write(4, premise="Kept."),
    ]
    row = write(9, premise="Kept.").content
    assert isinstance(row, Example)
    verdicts = check.make(check.options(), task=bench.task).judge(
        drafts, replace(bench, kept=[row])
    )
    assert [v.decision for v in verdicts] == ["kept", "dropped", "dropped", "kept", "dropped"]
    assert [v.reason for v in verdicts] == [
        "",
        "the same as draft 0",
        "the same as draft 0, with another answer",
        "",
        "the same as a row kept before",
    ]


def test_gold_may_repeat_itself(write: Write, bench: DraftBench) -> None:
    check = find("check", "duplicate")
    drafts = [
        write(0, role="train", id="a"),
        write(1, role="train", id="b"),
        write(2, role="train", id="a"),
    ]
    verdicts = check.make(check.options(), task=bench.task).judge(drafts, bench)
    assert [v.decision for v in verdicts] == ["kept", "kept", "dropped"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, ""),
        (
            {"premise": "A man sleeps.", "hypothesis": "He rests."},
            "its texts are those of the gold row g1",
        ),
        (
            {
                "premise": "A man sleeps.",
                "hypothesis": "He rests.",
                "role": "train",
                "source": "g1",
            },
            "",
        ),
        (
            {"premise": LONG, "hypothesis": "a fox  moves."},
            "its texts are those of a held-out row",
        ),
        (
            {"premise": LONG, "hypothesis": "Something else happens over there in the far valley."},
            "a held-out row holds 100% of its field premise",
        ),
        ({"hypothesis": "A fox moves."}, ""),
    ],
)
def test_contamination(
    write: Write, bench: DraftBench, change: dict[str, Any], reason: str
) -> None:
    verdict = one("contamination", write(0, **change), bench)
    assert verdict == Verdict(0, "dropped" if reason else "kept", "contamination", reason)


def test_contamination_by_the_whole_text_only(write: Write, bench: DraftBench) -> None:
    draft = write(
        0, premise=LONG, hypothesis="Something else happens in the far green valley today."
    )
    options = ContaminationOptions(by_field=False)
    assert one("contamination", draft, bench, options).decision == "kept"
    loose = ContaminationOptions(overlap=0.3, by_field=False)
    assert one("contamination", draft, bench, loose).reason.endswith("of its texts")
    with pytest.raises(UserError, match=r"overlap: 1\.5"):
        one("contamination", draft, bench, ContaminationOptions(overlap=1.5))


def test_a_rationale_for_another_label_is_taken_off(write: Write, bench: DraftBench) -> None:
    for text in ("So the answer is neutral.", "This contradicts the text."):
        verdict = one("conclusion", write(0, rationale=text), bench)
        assert verdict.decision == "mended"
        assert verdict.replacement is not None
        assert (verdict.replacement.rationale, verdict.replacement.label) == (None, "entailment")
    for text in (None, "He sleeps.", "It is entailed.", "It entails, not contradicts."):
        assert one("conclusion", write(0, rationale=text), bench).decision == "kept"


def test_an_answer_counts_more_than_a_mention(task: Task) -> None:
    row = Example("1", {}, "neutral", rationale="It contradicts little. So the answer is neutral.")
    assert concludes(task, row) == "neutral"
    assert concludes(replace(task, labels=()), row) is None
