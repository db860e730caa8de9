"""The review world: what gold rows hold, what the teacher writes, and that neither ever changes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

import pytest

from tutelage.exceptions import UserError
from tutelage.records import Gist, content_hash
from tutelage.teacher.worlds import WORLDS, write_gold
from tutelage.teacher.worlds.knowledge import Manner, Passage
from tutelage.teacher.worlds.lots import Lots
from tutelage.teacher.worlds.review_frames import PHENOMENA, REAL
from tutelage.teacher.worlds.review_reading import Review, skeleton
from tutelage.teacher.worlds.review_test_frames import UNSEEN
from tutelage.teacher.worlds.review_words import NAMES, PRAISE
from tutelage.teacher.worlds.reviews import MOST_ROWS, Reviews
from tutelage.teacher.worlds.teacher_frames import USUAL, WRITTEN

REAL_FRAMES, TEST_FRAMES, TEACHER_FRAMES = 71, 45, 41
WORLD = Reviews()
LABELS = WORLD.task.label_names


def written(gist: Gist, number: int = 0, prompt: str = "", **manner: float) -> Passage:
    passage = WORLD.compose(gist, prompt, manner=Manner(**manner), lots=Lots("test", number))
    assert passage is not None
    return passage


def text_gist(label: str, shots: int = 0) -> Gist:
    return Gist("text", label, wanted=("text",), shots=shots)


def variation_gist(text: str, label: str) -> Gist:
    return Gist("variation", label, {"text": text}, ("text",))


def read(text: str) -> Review:
    (review,) = WORLD.read(text)
    return review


# --- gold rows ------------------------------------------------------------------------------------


def test_each_sixteen_rows_hold_every_phenomenon_with_every_label() -> None:
    rows = write_gold("reviews", "test", 64, 0)
    for at in range(0, 64, 16):
        part = Counter((row["phenomenon"], row["label"]) for row in rows[at : at + 16])
        assert part == Counter((kind, label) for kind in PHENOMENA for label in LABELS)


@pytest.mark.parametrize("role", ["dev", "test"])
def test_the_phenomenon_is_read_back_with_the_label(role: str) -> None:
    for row in write_gold("reviews", role, 640, 1):
        review = read(row["text"])
        assert (review.phenomenon, review.label) == (row["phenomenon"], row["label"])


def test_more_rows_than_there_are_words_for_are_refused() -> None:
    with pytest.raises(UserError, match=f"has words for {MOST_ROWS}"):
        write_gold("reviews", "train", MOST_ROWS + 1, 0)


@pytest.mark.slow
def test_as_many_rows_as_promised_can_be_written() -> None:
    rows = write_gold("reviews", "train", MOST_ROWS, 0)
    assert len({row["text"] for row in rows}) == MOST_ROWS


# --- the teacher's writing ------------------------------------------------------------------------


def test_role_test_the_other_roles_and_the_teacher_share_no_frame() -> None:
    sets = [{bare(f) for kind in kinds.values() for f in kind} for kinds in (REAL, UNSEEN, WRITTEN)]
    assert [len(frames) for frames in sets] == [REAL_FRAMES, TEST_FRAMES, TEACHER_FRAMES]
    assert len(set.union(*sets)) == sum(len(frames) for frames in sets)
    assert set(REAL) == set(UNSEEN) == set(WRITTEN) == set(PHENOMENA)


def bare(frame: str) -> str:
    """A frame whatever stands in its gaps."""
    return re.sub(r"\{\w+(\.\w)?\}", "{}", frame)


def sentences(texts: Iterable[str]) -> set[str]:
    """What is left of texts without their words, whatever the label."""
    found = {skeleton(text).removesuffix(" <detail>") for text in texts}
    return {re.sub("[-+]>", ">", text).replace("<bad>", "<good>") for text in found}


def test_no_sentence_of_role_test_stands_in_another_role_or_with_the_teacher() -> None:
    test = sentences(row["text"] for row in write_gold("reviews", "test", 2000, 0))
    assert len(test) == TEST_FRAMES
    teacher = [written(text_gist(LABELS[n % 2]), n).fields["text"] for n in range(2000)]
    assert not test & sentences(teacher)
    for role in ("train", "pool", "dev", "unlabelled"):
        rows = write_gold("reviews", role, 800, 0)
        gists = [variation_gist(row["text"], row["label"]) for row in rows]
        varied = [written(gist, n).fields["text"] for n, gist in enumerate(gists)]
        assert not test & sentences([*varied, *(row["text"] for row in rows)])


def test_unasked_it_writes_four_phenomena_with_three_in_a_hundred_labels_wrong() -> None:
    found, wrong = Counter[str](), 0
    for number in range(2000):
        label = LABELS[number % 2]
        review = read(written(text_gist(label), number).fields["text"])
        found[review.phenomenon] += 1
        wrong += review.label != label
    assert set(found) == set(USUAL) and len(found) == 4
    assert found["plain"] == pytest.approx(800, abs=80)
    assert wrong == pytest.approx(60, abs=25)


def test_unasked_it_has_half_of_the_words() -> None:
    texts = " ".join(written(text_gist("positive"), n, slips=0).fields["text"] for n in range(1500))
    used = {word for word in PRAISE if word in texts}
    assert used <= {word for word in PRAISE if any(word in half for half in PRAISE[::2])}
    assert {name for name in NAMES if f" {name} " in texts} == set(NAMES[::2])


def test_a_variation_keeps_phenomenon_and_label_as_often_as_it_is_recognised() -> None:
    kept = 0
    rows = write_gold("reviews", "pool", 800, 0)
    for number, row in enumerate(rows):
        gist = variation_gist(row["text"], row["label"])
        passage = written(gist, number, stays=1, slips=0)
        review = read(passage.fields["text"])
        assert review.label == row["label"]
        assert review.text != row["text"]
        assert review.phenomenon in (row["phenomenon"], *USUAL)
        kept += review.phenomenon == row["phenomenon"]
    assert 0.9 < kept / 800 < 0.99


def test_a_variation_strays_as_often_as_it_is_told() -> None:
    row = next(r for r in write_gold("reviews", "pool", 64, 0) if r["phenomenon"] == "reported")
    gist = variation_gist(row["text"], row["label"])
    for stays, want in ((0.0, 0), (0.2, 100), (0.9, 450)):
        kinds = [read(written(gist, n, stays=stays).fields["text"]).phenomenon for n in range(500)]
        assert kinds.count("reported") == pytest.approx(want, abs=35)


def test_only_the_text_that_is_varied_is_read() -> None:
    row, other = write_gold("reviews", "pool", 2, 0)
    gist = variation_gist(row["text"], row["label"])
    assert written(gist, prompt="") == written(gist, prompt=other["text"])


def test_examples_shown_are_followed_half_of_the_time() -> None:
    row = next(r for r in write_gold("reviews", "pool", 64, 0) if r["phenomenon"] == "reported")
    prompt = f"Example 1\nText: {row['text']}\n\nWrite one further example of a text."
    gist = text_gist(row["label"], shots=1)
    kinds = [read(written(gist, n, prompt).fields["text"]).phenomenon for n in range(400)]
    assert kinds.count("reported") == pytest.approx(200, abs=35)
    unseen = [read(written(gist, n, "no review").fields["text"]).phenomenon for n in range(50)]
    assert "reported" not in unseen


def test_the_strange_and_the_mistaken_come_less_easily() -> None:
    plain = written(text_gist("positive"), slips=0)
    slip = written(text_gist("positive"), slips=1)
    assert -0.5 <= plain.ease <= -0.3 and -1.0 <= slip.ease <= -0.8
    assert read(slip.fields["text"]).label == "negative"


def test_what_it_cannot_write_it_does_not_write() -> None:
    pair = Gist("text", "positive", {"premise": "a"}, ("hypothesis",))
    assert WORLD.compose(pair, "", manner=Manner(), lots=Lots("test")) is None


@pytest.mark.parametrize(
    ("gist", "prompt", "among"),
    [
        (Gist("attributes", wanted=("dimension",), count=3), "", {"product", "length", "tone"}),
        (Gist("attributes", wanted=("value",), count=2), "differ in: tone.", {"polite", "annoyed"}),
        (Gist("attributes", wanted=("value",), count=2), "differ in: mood.", {"kettle", "mixer"}),
    ],
)
def test_attributes_are_short_and_different(gist: Gist, prompt: str, among: set[str]) -> None:
    found = [WORLD.suggest(gist, prompt, lots=Lots("test", number)) for number in range(60)]
    assert all(len(set(each)) == gist.count for each in found)
    assert among <= {word for each in found for word in each}


def test_reasons_suit_the_label_and_read_as_no_review() -> None:
    for label in LABELS:
        reasons = WORLD.suggest(Gist("reasons", label, count=5), "", lots=Lots("test"))
        assert len(reasons) == 5 and not WORLD.read("\n".join(reasons))
    assert reasons[0].startswith("The ") and reasons[0].endswith(".")


# --- reading --------------------------------------------------------------------------------------


def test_a_review_in_other_sentences_is_judged_by_its_words() -> None:
    assert read("Well, the B7 kettle: awful, and the lid leaky.").label == "negative"
    assert read("Well, the B7 kettle: superb, and the lid tight.").label == "positive"
    assert read("They told me that the B7 kettle was superb; wrong.").label == "negative"
    assert not WORLD.read("My kettle is superb.")


def test_five_w_of_a_review() -> None:
    assert read("Nothing beats it. The B7 kettle is simply superb. In a word, I love it.").five_w() == (
        "a customer", "review of a kettle", "", "", "The writer says so plainly",
    )  # fmt: skip


# Second edition, frozen on 2026-11-20 before any method was compared on it. A change of these hashes
# is a new world under a new name, never an edit.
FROZEN = {
    "text": "golden1-ed9f49bb47b86ed1945acd1f22f4b1cc",
    "variation": "golden1-b241a80ee77f35981dc4acb2b18720ab",
    "shots": "golden1-4a8e42fa7d1eb0335db6f40bc76ae638",
    "suggestions": "golden1-0d16e265d87a08a7b5a9a8c5a5181ae8",
    "reasons": "golden1-28bf21bd0269414cb237dad2acecf67b",
}


def _said(what: str) -> object:
    rows = write_gold("reviews", "pool", 100, 0)
    shown = "\n".join(f"Text: {row['text']}" for row in rows[:4])
    match what:
        case "text":
            return [written(text_gist(LABELS[n % 2]), n).fields["text"] for n in range(100)]
        case "variation":
            gists = [variation_gist(row["text"], row["label"]) for row in rows]
            return [written(gist, n).fields["text"] for n, gist in enumerate(gists)]
        case "shots":
            return [written(text_gist("negative", 4), n, shown).fields["text"] for n in range(100)]
        case "suggestions":
            gists = [Gist("reasons", label, count=5) for label in LABELS]
            gists += [Gist("attributes", wanted=("dimension",), count=4)]
            return [list(WORLD.suggest(gist, "", lots=Lots("test", 0))) for gist in gists]
        case _:
            return [[read(row["text"]).reasons(label) for label in LABELS] for row in rows]


@pytest.mark.parametrize("what", list(FROZEN))
def test_what_the_teacher_writes_is_frozen(what: str) -> None:
    assert content_hash("golden1", _said(what)) == FROZEN[what]


def test_the_world_is_offered_by_name() -> None:
    assert isinstance(WORLDS["reviews"], Reviews)
