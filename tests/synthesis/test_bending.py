from __future__ import annotations

from dataclasses import replace

import pytest

from tutelage.exceptions import UserError
from tutelage.plugins import find
from tutelage.records import (
    Brief,
    Completion,
    Example,
    Label,
    Order,
    Reply,
    Request,
    Steering,
    Task,
)
from tutelage.synthesis.writer_options import RepetitionOptions, SelfDebiasingOptions


def requested(name: str, task: Task, brief: Brief, **options: object) -> dict[str | None, Request]:
    """The first request for a text of each label."""
    plugin = find("synthesizer", name)
    made = plugin.make(plugin.options(**options), task=task)
    found: dict[str | None, Request] = {}
    for order in made.orders("texts", brief):
        (request,) = made.step(order, ())
        found.setdefault(order.label, request)
    return found


def test_a_prompt_is_contrasted_with_those_for_the_other_labels(nli: Task, brief: Brief) -> None:
    given = SelfDebiasingOptions(decay=50, least=0.1)
    plain = requested("zerogen", nli, brief, rows=3)
    bent = requested("zerogen", nli, brief, rows=3, self_debiasing=given)
    for name, request in bent.items():
        others = tuple(plain[other].messages for other in plain if other != name)
        assert request.steering == Steering(against=others, decay=50, least=0.1)
        assert replace(request, steering=None) == plain[name]
        assert request.hash != plain[name].hash
    assert all(request.steering is None for request in plain.values())


def test_what_stands_in_the_prompt_stands_in_those_it_is_contrasted_with(reviews: Task) -> None:
    plugin = find("synthesizer", "zerogen")
    options = plugin.options(rows=2, topics=1, self_debiasing=SelfDebiasingOptions())
    made = plugin.make(options, task=reviews)
    order = Order(0, "texts", "0", Example("", {}), materials=("a lost dog",))
    (request,) = made.step(order, ())
    assert isinstance(request, Request) and request.steering is not None
    ((other,),) = request.steering.against
    assert other.content == request.messages[0].content.replace(
        "negative (Regrets it.)", "positive"
    )
    (topic,) = made.step(made.orders("topics", Brief(reviews, "zero"))[0], ())
    assert isinstance(topic, Request) and topic.steering is None


def test_a_correction_is_contrasted_as_a_whole(nli: Task, brief: Brief) -> None:
    plugin = find("synthesizer", "zerogen")
    options = plugin.options(rows=3, context="together", self_debiasing=SelfDebiasingOptions())
    made = plugin.make(options, task=nli)
    order = made.orders("texts", brief)[0]
    (again,) = made.step(order, [Reply("r", (Completion("Nothing to read."),))])
    assert isinstance(again, Request) and again.steering is not None
    assert all(prompt[1:] == again.messages[1:] for prompt in again.steering.against)
    assert len(again.messages) == 3


def test_progen_contrasts_as_zerogen_does(reviews: Task) -> None:
    brief = Brief(reviews, "pro", seed=1)
    bent = requested("progen", reviews, brief, rows=2, self_debiasing=SelfDebiasingOptions())
    assert all(request.steering is not None for request in bent.values())
    with pytest.raises(UserError, match="progen cannot run as published on pairs"):
        requested("progen", replace(reviews, fields=("a", "b")), brief, as_published=True)


def test_repeating_the_first_text_is_rewarded_by_label(nli: Task, brief: Brief) -> None:
    given = {"e": RepetitionOptions(0.8, 1.1), "n": RepetitionOptions(penalty=1.3)}
    bent = requested("supergen", nli, brief, rows=3, repetition=given)
    said = bent["e"].steering
    assert said is not None and said.source.startswith("Dog ")
    assert said == Steering(source=said.source, reward=0.8, penalty=1.1)
    assert said.source in bent["e"].messages[0].content
    neutral = bent["n"].steering
    assert neutral is not None and (neutral.reward, neutral.penalty) == (1.0, 1.3)
    assert bent["c"].steering is None


@pytest.mark.parametrize("as_published", [False, True])
def test_the_published_rewards(nli: Task, brief: Brief, as_published: bool) -> None:
    options = {"rows": 3, "repetition": "published", "as_published": as_published}
    bent = requested("supergen", nli, brief, **options)
    found = {
        name: (request.steering.reward, request.steering.penalty)
        for name, request in bent.items()
        if request.steering is not None
    }
    assert found == {"e": (0.8, 1.1), "n": (1.3, 1.3), "c": (1.1, 1.1)}


def test_single_texts_are_kept_from_repeating_themselves(reviews: Task) -> None:
    bent = requested("supergen", reviews, Brief(reviews, "s"), rows=2, repetition="published")
    assert {request.steering for request in bent.values()} == {Steering(penalty=1.2)}


def test_factors_for_other_labels(nli: Task, brief: Brief) -> None:
    with pytest.raises(UserError, match="repetition names the label 'entail'"):
        requested("supergen", nli, brief, repetition={"entail": RepetitionOptions()})
    task = replace(nli, labels=(Label("yes"), Label("no")))
    with pytest.raises(UserError, match="repetition: published knows no value"):
        requested("supergen", task, brief, repetition="published")
