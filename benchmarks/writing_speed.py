"""How fast texts are written against transformers' own `generate`, with the same fresh model.

Both write the same number of pieces after the same prompts in one batch with a cache of keys and
values. Ours also keeps each piece's log-probability and gives every text a random stream of its
own; `generate` is measured without and with log-probabilities. The runs alternate, and the best of
each counts; one thread computes and its CPU time is counted, so that other programs disturb little.

    python benchmarks/writing_speed.py --json      # 5M parameters, batch 16, half a minute

With `--json` the last line is one JSON object: pieces per second by way, greedy and drawn.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import torch
from wide_models import made_texts, wide_model

from tutelage.neural.causal import Causal, CausalShape
from tutelage.neural.continuation import Wanted, write

SHAPE = CausalShape(d_model=192, layers=6, heads=4, d_ff=640, vocab_size=8000, positions=512)


def ours(net: Causal, prompts: list[str], temperature: float, length: int) -> int:
    wanted = [Wanted(p, i, temperature=temperature, max_new=length) for i, p in enumerate(prompts)]
    told = write(net, wanted, batch_size=len(prompts), precision="fp32")
    return sum(one.completion_tokens for one in told)


def stock(
    net: Causal, prompts: list[str], temperature: float, length: int, *, scored: bool = False
) -> int:
    given = net.tokenizer(prompts, padding=True, return_tensors="pt", return_token_type_ids=False)
    drawn = {"do_sample": True, "top_k": 0} if temperature else {"do_sample": False}
    with torch.inference_mode():
        out = net.model.generate(
            **given,
            **drawn,
            max_new_tokens=length,
            eos_token_id=None,
            pad_token_id=net.pad,
            output_logits=scored,
            return_dict_in_generate=True,
        )
        new = out.sequences[:, given["input_ids"].shape[1] :]
        if scored:
            torch.log_softmax(torch.stack(out.logits, 1), -1).gather(2, new[..., None])
    return int(new.numel())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--length", type=int, default=64)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    texts = made_texts(2000, seed=0, words=6000, longest=9, lengths=(10, 40))
    net, prompts = wide_model(SHAPE, texts), texts[: args.batch]
    net.tokenizer.padding_side = "left"
    ways: dict[str, Callable[[float], int]] = {
        "ours": lambda t: ours(net, prompts, t, args.length),
        "stock": lambda t: stock(net, prompts, t, args.length),
        "stock_scored": lambda t: stock(net, prompts, t, args.length, scored=True),
    }
    found: dict[str, float] = {}
    for name, temperature in (("drawn", 1.0), ("greedy", 0.0)):
        for _ in range(args.rounds):
            for way, run in ways.items():
                begin = time.process_time()
                speed = run(temperature) / (time.process_time() - begin)
                key = f"{name}_{way}"
                found[key] = max(found.get(key, 0.0), round(speed, 1))
        ratio = found[f"{name}_ours"] / found[f"{name}_stock"]
        print(f"{name}: {found[f'{name}_ours']:.0f} pieces/s, {ratio:.2f} of generate's")
    if args.json:
        print(json.dumps({"parameters": net.parameters, "batch": args.batch, **found}))


if __name__ == "__main__":
    main()
