from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from tutelage.exceptions import UserError
from tutelage.records import Brief, Gist, Material, Task
from tutelage.synthesis.attributes import Lots
from tutelage.synthesis.writer_options import AttributesOptions, WritingOptions, ZeroGenOptions
from tutelage.synthesis.zerogen import build

PROPOSED = WritingOptions(attributes=AttributesOptions(2, 2))


def proposing(gist: Gist, time: int) -> str:
    if gist.wanted == ("dimension",):
        return json.dumps(["subtopic"] if time else ["tone"])
    if gist.wanted == ("value",):
        return json.dumps([f"value {gist.label} {time} {i}" for i in range(gist.count)])
    return f"text {gist.label} {time}"


def test_the_teacher_names_dimensions_then_values(reviews: Task, shopping: Any) -> None:
    """AttrPrompt: class-independent dimensions, class-dependent ones, values for each, one value of
    each dimension drawn for each text."""
    options = ZeroGenOptions(rows=20, attributes=AttributesOptions(2, 2))
    synthesizer = build(options, task=reviews)
    assert synthesizer.stages == ("dimensions", "values", "texts")
    bought = shopping(synthesizer, Brief(reviews, "zero"), proposing)
    kinds = Counter((material.kind, material.label) for material in bought.materials)
    assert kinds == {
        ("dimension", None): 1,
        ("label dimension", None): 1,
        ("value: tone", None): 2,
        ("value: subtopic", "0"): 2,
        ("value: subtopic", "1"): 2,
    }
    early = [request for request in shopping.requests if request.gist.kind == "attributes"]
    assert len(early) == 5
    assert all(request.shared for request in early)
    texts = shopping.requests[5:]
    assert len(texts) == 20
    for request in texts:
        content = request.messages[0].content
        assert "Requirements:\n- tone: value None" in content
        assert f"- subtopic: value {request.gist.label}" in content
    assert len({request.prompt_hash for request in texts}) == 8  # 2 labels x 2 tones x 2 subtopics


def test_what_an_earlier_wave_brought_is_not_asked_again(reviews: Task) -> None:
    synthesizer = build(ZeroGenOptions(attributes=AttributesOptions()), task=reviews)
    known = (Material("dimension", "tone"), Material("value: tone", "angry"))
    later = Brief(reviews, "zero", wave=1, materials=known, lacking={"0": 1}, placed=4)
    assert synthesizer.orders("dimensions", later) == []
    assert synthesizer.orders("values", later) == []


def test_given_attributes_are_drawn_by_seed_and_order(reviews: Task) -> None:
    given: Any = {"tone": ("angry", "calm"), "part": {"0": ("plot",), "1": ("cast", "music")}}
    options = replace(PROPOSED, attributes=given)
    brief = Brief(reviews, "zero", seed=1)
    lots = Lots(brief, options)
    some = [lots.draw("1", number) for number in range(40)]
    assert {one["tone"] for one in some} == {"angry", "calm"}
    assert {one["part"] for one in some} == {"cast", "music"}
    assert lots.draw("0", 0)["part"] == "plot"
    assert some == [Lots(brief, options).draw("1", number) for number in range(40)]
    other = Lots(replace(brief, seed=2), options)
    assert some != [other.draw("1", number) for number in range(40)]
    assert build(ZeroGenOptions(attributes=given), task=reviews).stages == ("texts",)


@pytest.mark.parametrize(
    ("given", "what"),
    [({"tone": ()}, "tone has no values"), ({"part": {"2": ("x",)}}, "unknown label '2'")],
)
def test_attributes_that_cannot_be_drawn(reviews: Task, given: Any, what: str) -> None:
    with pytest.raises(UserError, match=what):
        build(ZeroGenOptions(attributes=given), task=reviews)
