"""Plans that cannot be are refused before anything is loaded, in three parts."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch")

from tutelage.exceptions import UserError
from tutelage.neural.adapters import Lora
from tutelage.neural.causal import CausalShape
from tutelage.neural.lessons import Lesson
from tutelage.neural.tuning_plan import Tuning, check_plan, identity_of

pytestmark = pytest.mark.train
SHAPE = CausalShape()


@pytest.mark.parametrize(
    ("plan", "labels", "texts", "told"),
    [
        (Tuning("encoder", "minilm"), (), (), "An encoder cannot be tuned without labels"),
        (Tuning("causal"), (), (), "needs either a model or a shape"),
        (Tuning("causal", "m", SHAPE), (), (), "needs either a model or a shape"),
        (Tuning("causal", shape=SHAPE, lora=Lora()), (), (), "LoRA on random weights"),
        (Tuning("causal", shape=SHAPE, pretrain_steps=5), (), (), "nothing to pre-train"),
        (Tuning("causal", "m", pretrain_steps=5), (), ("a",), "nothing to pre-train"),
        (Tuning("seq2seq", "m", lora=Lora(), pretrain_steps=5), "ab", (), "nothing to pre-train"),
        (Tuning("seq2seq", "m", lora=Lora(), vocabulary="used"), (), (), "vocabulary: used is for"),
        (Tuning("encoder", shape=SHAPE, pretrain_steps=5), "ab", ("a",), "nothing to pre-train"),
        (Tuning("causal", "m", precision="fp16"), (), (), "precision 'fp16'"),
        (Tuning("encoder", "m", quantise="4bit"), "ab", (), "quantise: 4bit"),
        (Tuning("seq2seq", shape=SHAPE), (), (), "CausalShape of another family"),
    ],
)
def test_a_plan_that_cannot_be(plan: Tuning, labels: Any, texts: Any, told: str) -> None:
    with pytest.raises(UserError, match=told) as caught:
        check_plan(plan, texts, labels)
    assert caught.value.what and caught.value.why and caught.value.do


def test_whatever_decides_the_result_is_in_the_identity() -> None:
    plan, rows, dev = Tuning("causal", "m"), [Lesson("a", "b")], [Lesson("c", "d")]

    def named(plan: Tuning = plan, rows: Any = rows, dev: Any = dev, **changes: Any) -> str:
        given = {"labels": (), "texts": (), "seed": 1} | changes
        return identity_of(plan, rows, dev, **given)

    others = [
        named(Tuning("causal", "n")),
        named(Tuning("causal", "m", lora=Lora())),
        named(rows=dev),
        named(rows=[Lesson("a", "b", weight=2)]),
        named(dev=()),
        named(labels=("x",)),
        named(seed=2),
    ]
    assert len({named(), *others}) == len(others) + 1
    assert named(texts=("unused",)) == named()
    assert named(Tuning("causal", "here", known_as="x")) == named(
        Tuning("causal", "there", known_as="x")
    )
    fresh = Tuning("causal", shape=SHAPE)
    assert named(fresh, texts=("read",)) != named(fresh)
