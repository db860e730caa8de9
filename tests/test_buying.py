from collections import Counter
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from tutelage.buying import UNBOUGHT, Answers, buy, number_draws
from tutelage.records import (
    Brief,
    Completion,
    Draft,
    Example,
    Material,
    Message,
    Order,
    Refusal,
    Reply,
    Request,
    Task,
)

TASK = Task("t", "classification", ("text",))


def prompt(text, *, shared=False):
    return Request((Message("user", text),), shared=shared)


def row(text):
    return Example(text, {"text": text})


@dataclass
class TwoLevels:
    """Asks for each order twice, the second time with the first reply in the prompt."""

    texts: tuple[str, ...]
    stages: tuple[str, ...] = ("only",)
    waves: int = 1

    def quota(self, brief):
        return {}

    def orders(self, stage, brief):
        return [Order(i, "text", source=row(text)) for i, text in enumerate(self.texts)]

    def step(self, order, replies):
        if len(replies) < 2:
            said = replies[-1].text if replies else ""
            return [prompt(f"{order.source.id} {said}".strip())]
        return [Draft(0, order.number, row(replies[-1].text))]


class Teacher:
    """Answers with the prompt and the draw; keeps what it was asked."""

    def __init__(self, silent=(), stop_after=None):
        self.batches, self.silent, self.left = [], silent, stop_after

    async def __call__(self, requests):
        self.batches.append(list(requests))
        return Answers([self._answer(r) for r in requests], self.stopped)

    @property
    def stopped(self):
        return "requests of the arm" if self.left == 0 else ""

    def _answer(self, request):
        text = request.messages[-1].content
        if text in self.silent:
            return "timeout"
        if self.left is not None:
            if self.left == 0:
                return UNBOUGHT
            self.left -= 1
        return Reply(request.hash, (Completion(f"{text}!{request.draw}"),))


def brief(seed=1):
    return Brief(TASK, "arm", seed=seed)


async def test_requests_run_level_by_level_in_closed_batches():
    teacher = Teacher()
    bought = await buy(TwoLevels(("a", "b")), brief(), teacher, {})
    assert [[r.messages[0].content for r in batch] for batch in teacher.batches] == [
        ["a", "b"],
        ["a a!0", "b b!0"],
    ]
    assert [d.content.id for d in bought.drafts] == ["a a!0!0", "b b!0!0"]
    assert len(bought.requests) == 4


async def test_the_kth_sample_of_a_prompt_is_its_own_purchase():
    teacher = Teacher()
    bought = await buy(TwoLevels(("a", "a", "a")), brief(), teacher, {})
    assert [r.draw for r in teacher.batches[0]] == [0, 1, 2]
    assert bought.draws[prompt("a").prompt_hash] == 3
    # The second level's prompts differ, because the first replies do.
    assert [r.draw for r in teacher.batches[1]] == [0, 0, 0]


async def test_a_later_turn_counts_on():
    first = await buy(TwoLevels(("a",)), brief(), Teacher(), {})
    teacher = Teacher()
    await buy(TwoLevels(("a",)), brief(), teacher, first.draws)
    assert teacher.batches[0][0].draw == 1


async def test_the_purchase_seed_is_part_of_every_request():
    teacher = Teacher()
    await buy(TwoLevels(("a",)), brief(seed=7), teacher, {})
    assert {r.purchase for batch in teacher.batches for r in batch} == {7}


async def test_an_order_without_reply_becomes_a_refusal_and_the_rest_goes_on():
    bought = await buy(TwoLevels(("a", "b")), brief(), Teacher(silent=("a",)), {})
    assert bought.failed == 1
    assert bought.drafts[0].content == Refusal("no reply: timeout")
    assert isinstance(bought.drafts[1].content, Example)


async def test_a_cap_leaves_orders_unbought_and_keeps_what_was_paid():
    bought = await buy(TwoLevels(("a", "b", "c")), brief(), Teacher(stop_after=4), {})
    assert (bought.unbought, bought.failed) == (2, 0)
    assert [d.order for d in bought.drafts] == [0, 1, 2]
    assert [type(d.content) for d in bought.drafts] == [Example, Refusal, Refusal]
    assert bought.drafts[1].raw == "b!0"  # its first reply was paid for
    assert bought.stopped == "requests of the arm"


async def test_a_cap_is_told_although_a_later_level_got_through():
    class Tight(Teacher):
        """Refuses the second request alone, and answers what comes after."""

        async def __call__(self, requests):
            self.left = None
            answers = [self._answer(r) for r in requests]
            if len(self.batches) == 0:
                answers[1] = UNBOUGHT
            self.batches.append(list(requests))
            return Answers(answers, "requests of the arm" if len(self.batches) == 1 else "")

    bought = await buy(TwoLevels(("a", "b")), brief(), Tight(), {})
    assert (bought.unbought, bought.stopped) == (1, "requests of the arm")


async def test_materials_of_one_stage_are_in_the_next_ones_brief():
    class Stages:
        stages = ("topics", "texts")

        def orders(self, stage, brief):
            given = tuple(m.text for m in brief.materials)
            return [Order(0, stage, materials=given)]

        def step(self, order, replies):
            if not replies:
                return [prompt(f"{order.kind} {order.materials}")]
            if order.kind == "topics":
                return [
                    Draft(0, 0, Material("topic", "cats")),
                    Draft(0, 0, Material("topic", "dogs")),
                ]
            return [Draft(0, 0, row(replies[0].text))]

    bought = await buy(Stages(), brief(), Teacher(), {})
    assert [d.number for d in bought.drafts] == [0, 1, 2]
    assert "('cats', 'dogs')" in bought.drafts[-1].content.id


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans())))
def test_draws_number_each_prompt_without_gaps(asked):
    numbered = number_draws([prompt(t, shared=s) for t, s in asked], Counter())
    own = [(r.prompt_hash, r.draw) for r in numbered if not r.shared]
    assert len(set(own)) == len(own)
    for name in {h for h, _ in own}:
        assert sorted(d for h, d in own if h == name) == list(range(sum(h == name for h, _ in own)))
    assert all(r.draw == 0 for r in numbered if r.shared)


async def test_a_thousand_orders_with_a_hundred_shared_prompts_ask_for_a_hundred_purchases():
    class Shared:
        stages = ("only",)

        def orders(self, stage, brief):
            return [Order(i, "rationale", source=row(f"premise {i % 100}")) for i in range(1000)]

        def step(self, order, replies):
            if not replies:
                return [prompt(order.source.id, shared=True)]
            return [Draft(0, order.number, row(replies[0].text))]

    teacher = Teacher()
    bought = await buy(Shared(), brief(), teacher, {})
    assert len({r.hash for r in teacher.batches[0]}) == 100
    assert len(bought.drafts) == 1000
    assert len(bought.requests) == 100
