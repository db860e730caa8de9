"""How fast the training loop is against transformers' Seq2SeqTrainer, on the same examples.

Random weights, random ids, lengths as in ANLI R1 with explanations (source: median 95 pieces, long
tail; target: median 65). Every loop trains the same number of rows with the same model, optimiser,
learning rate and batch size; the runs alternate, and the best of each counts. On a CPU one thread
computes and its CPU time is counted, so that other programs disturb little; `--threads 2` and more
count wall-clock time.

    python benchmarks/train_speed.py --json            # tiny and T5-small shape, several minutes
    python benchmarks/train_speed.py --quick --json    # T5-small shape alone, 1 to 2 minutes

The last line is one JSON object. `ratio_to_default` is the Trainer with default settings over ours,
`ratio_to_best_stock` the fastest of the Trainer's settings (bf16, bf16 with batches grouped by
length) over ours.
"""

from __future__ import annotations

import argparse
import json
import logging
import platform
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
import transformers

from tutelage.neural.answering import Answerer
from tutelage.neural.devices import pick_device, pick_precision
from tutelage.neural.families import Transducer
from tutelage.neural.schedule import make_schedule
from tutelage.neural.targets import Encoded, Layout, Objective
from tutelage.neural.training import Plan, train
from tutelage.neural.transduction import Examination, SequenceLoss, Transduction

VOCABULARY = 32_128
RATE = 1e-4
SHAPES = {
    "tiny": {"d_model": 128, "d_kv": 32, "d_ff": 512, "num_layers": 4, "num_heads": 4},
    "t5_small": {"d_model": 512, "d_kv": 64, "d_ff": 2048, "num_layers": 6, "num_heads": 8},
}


@dataclass(frozen=True)
class Job:
    """What every loop has to do."""

    shape: str
    rows: Sequence[Encoded]
    batch_size: int


def make_rows(count: int, seed: int = 0) -> list[Encoded]:
    """Rows of random ids with log-normal lengths."""
    rng = np.random.default_rng(seed)
    sources = np.clip(np.exp(rng.normal(np.log(95), 0.45, count)), 24, 512).astype(int)
    targets = np.clip(np.exp(rng.normal(np.log(65), 0.35, count)), 12, 256).astype(int)
    rows = []
    for source, target in zip(sources, targets, strict=True):
        read = [*rng.integers(3, VOCABULARY, source - 1).tolist(), 1]
        write = [*rng.integers(3, VOCABULARY, target - 1).tolist(), 1]
        rows.append(Encoded(read, write, 0, len(write)))
    return rows


def make_model(shape: str) -> Any:
    """The same weights every time."""
    torch.manual_seed(0)
    config = transformers.T5Config(
        vocab_size=VOCABULARY,
        decoder_start_token_id=0,
        pad_token_id=0,
        eos_token_id=1,
        **SHAPES[shape],
    )
    return transformers.T5ForConditionalGeneration(config)


def timed(work: Callable[[], Any]) -> float:
    """Seconds of CPU time where one thread computes, else of wall-clock time."""
    alone = torch.get_num_threads() == 1 and pick_device().type == "cpu"
    clock = time.process_time if alone else time.perf_counter
    begun = clock()
    work()
    return clock() - begun


# --- the loops ------------------------------------------------------------------------------------


def ours(job: Job) -> float:
    """Seconds of the loop of `tutelage.neural.training`."""
    device = pick_device()
    tokenizer = SimpleNamespace()
    net = Transducer(make_model(job.shape).to(device), tokenizer)
    objective = Objective("label_only")
    layout = Layout(objective, {"a": [3], "b": [4]}, [], [], 1, 256)
    answerer = Answerer(net, layout, 512)
    work = Transduction(
        answerer,
        [[row] for row in job.rows],
        SequenceLoss(net, objective, micro_batch=job.batch_size),
        Examination([], [], [], [], 0),
    )
    schedule = make_schedule(
        len(job.rows),
        batch_size=job.batch_size,
        epochs=1,
        steps=None,
        warmup=0,
        learning_rate=RATE,
        evaluations_per_epoch=1,
    )
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan(
            schedule,
            job.batch_size,
            0.0,
            pick_precision("auto", device),
            device,
            0,
            Path(folder),
            "benchmark",
        )
        return timed(lambda: train(work, plan))


class Rows(torch.utils.data.Dataset[dict[str, list[int]]]):
    """The same examples for the Trainer."""

    def __init__(self, rows: Sequence[Encoded]) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, list[int]]:
        row = self.rows[index]
        return {"input_ids": row.source, "labels": row.target}


def pad_batch(rows: Sequence[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
    """What DataCollatorForSeq2Seq does: pad to the longest of the batch, labels with -100."""

    def padded(key: str, value: int) -> torch.Tensor:
        parts = [torch.tensor(row[key]) for row in rows]
        return torch.nn.utils.rnn.pad_sequence(parts, batch_first=True, padding_value=value)

    source = padded("input_ids", 0)
    return {
        "input_ids": source,
        "attention_mask": (source != 0).long(),
        "labels": padded("labels", -100),
    }


def trainer(job: Job, **settings: Any) -> float:
    """Seconds of `Seq2SeqTrainer.train`."""
    model = make_model(job.shape)
    with tempfile.TemporaryDirectory() as folder:
        arguments = transformers.Seq2SeqTrainingArguments(
            folder,
            per_device_train_batch_size=job.batch_size,
            num_train_epochs=1,
            learning_rate=RATE,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            logging_strategy="no",
            use_cpu=pick_device().type == "cpu",
            **settings,
        )
        loop = transformers.Seq2SeqTrainer(
            model, arguments, train_dataset=Rows(job.rows), data_collator=pad_batch
        )
        return timed(loop.train)


LOOPS: dict[str, Callable[[Job], float]] = {
    "ours": ours,
    "default": trainer,
    "bf16": lambda job: trainer(job, bf16=True),
    "bf16_grouped": lambda job: trainer(job, bf16=True, train_sampling_strategy="group_by_length"),
}


def measure(job: Job, repeats: int) -> dict[str, float]:
    """Best seconds of each loop over alternating runs."""
    times: dict[str, list[float]] = {name: [] for name in LOOPS}
    for _ in range(repeats):
        for name, loop in LOOPS.items():
            times[name].append(loop(job))
            print(f"{job.shape:9} {name:13} {times[name][-1]:7.2f} s", flush=True)
    return {name: min(found) for name, found in times.items()}


def ratios(best: dict[str, float], rows: int) -> dict[str, float]:
    stock = min(best["bf16"], best["bf16_grouped"])
    return {
        "ratio_to_default": round(best["default"] / best["ours"], 3),
        "ratio_to_best_stock": round(stock / best["ours"], 3),
        "rows_per_second": round(rows / best["ours"], 2),
        **{f"seconds_{name}": round(seconds, 3) for name, seconds in best.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    parser.add_argument("--quick", action="store_true", help="T5-small shape alone, once")
    parser.add_argument("--rows", type=int, help="rows to train on")
    parser.add_argument("--repeats", type=int, help="runs of each loop")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    rows = options.rows or (64 if options.quick else 512)
    batch_size = 16 if options.quick else 32
    repeats = options.repeats or (1 if options.quick else 2)
    shapes = ["t5_small"] if options.quick else ["tiny", "t5_small"]
    found = {}
    for shape in shapes:
        job = Job(shape, make_rows(rows), batch_size)
        LOOPS["ours"](Job(shape, make_rows(8), 8))  # the first products set the CPU up
        found[shape] = ratios(measure(job, repeats), rows)
        print(f"{shape}: {found[shape]}")
    summary = {
        "benchmark": "train_speed",
        **{key: found["t5_small"][key] for key in ("ratio_to_default", "ratio_to_best_stock")},
        "rows": rows,
        "batch_size": batch_size,
        "threads": torch.get_num_threads(),
        "device": pick_device().type,
        "precision": pick_precision("auto", pick_device()),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "python": platform.python_version(),
        "shapes": found,
    }
    if options.json:
        print(json.dumps(summary))


if __name__ == "__main__":
    main()
