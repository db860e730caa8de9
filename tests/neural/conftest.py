"""A tiny T5 with a tokenizer of its own, fast enough for every test."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def tiny_net() -> Any:
    pytest.importorskip("torch")
    from tutelage.neural.families import Sizes, fresh_transducer

    texts = ["Premise: a dog runs. Hypothesis: it moves.", "Good", "Bad", "So so", "So bad"]
    texts += ["Rationale: because of that", "Answer:", "red blue green grey one two three"]
    shape = Sizes(d_model=32, layers=1, decoder_layers=1, heads=2, d_ff=64, vocab_size=400)
    net = fresh_transducer(shape, texts, seed=3, dropout=0.0)
    net.model.eval()
    return net
