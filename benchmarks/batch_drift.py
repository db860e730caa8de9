"""How many written texts depend on the batch they are written in, by precision.

In fp32 a text is to depend on its request alone: the share that differs must be 0. In bf16 the sums
of a product depend on the batch's shape; where two pieces are nearly equal another one is chosen,
and the rest of that text goes another way.

    python benchmarks/batch_drift.py --json                      # a fresh model of 1M, 2 minutes
    python benchmarks/batch_drift.py --model Qwen/Qwen2.5-0.5B   # any causal model

The last line with `--json` is one JSON object.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

import torch
from wide_models import made_texts, wide_model

from tutelage.neural.causal import Causal, CausalShape, load_causal
from tutelage.neural.continuation import Wanted, write
from tutelage.neural.devices import pick_device

SHAPE = CausalShape(d_model=128, layers=4, heads=4, d_ff=384, vocab_size=2000, positions=256)


def requests(prompts: Sequence[str], temperature: float, length: int) -> list[Wanted]:
    return [Wanted(p, i, temperature=temperature, max_new=length) for i, p in enumerate(prompts)]


def share_changed(net: Causal, wanted: Sequence[Wanted], batch: int, precision: str) -> float:
    """Share of the texts that differ between batches of one and of `batch`."""
    alone = write(net, wanted, batch_size=1, precision=precision)
    together = write(net, wanted, batch_size=batch, precision=precision)
    return sum(a.text != b.text for a, b in zip(alone, together, strict=True)) / len(wanted)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", help="a causal model by hub id or folder; else a fresh one")
    parser.add_argument("--rows", type=int, default=60)
    parser.add_argument("--length", type=int, default=64, help="pieces to write")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    texts = made_texts(args.rows + 500, seed=1, words=1500, longest=8, lengths=(4, 30))
    net = load_causal(args.model) if args.model else wide_model(SHAPE, texts)
    net.model.to(pick_device())
    found: dict[str, float] = {}
    for name, temperature in (("greedy", 0.0), ("drawn", 1.0)):
        wanted = requests(texts[: args.rows], temperature, args.length)
        for precision in ("fp32", "bf16"):
            share = share_changed(net, wanted, args.batch, precision)
            found[f"{name}_{precision}"] = share
            print(f"{name}, {precision}: {100 * share:.1f} % of {args.rows} texts differ")
    if args.json:
        told = {"parameters": net.parameters, "device": str(net.device), "batch": args.batch}
        print(json.dumps({**told, "rows": args.rows, "length": args.length, **found}))


if __name__ == "__main__":
    main()
