"""How likely given endings are after a prompt."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from tutelage.exceptions import UserError
from tutelage.neural.causal import Causal, ending_ids
from tutelage.neural.collation import pad_rows
from tutelage.neural.families import Transducer
from tutelage.neural.halving import run_batches
from tutelage.neural.scoring import Candidates, encode_rows, make_candidates, score_labels
from tutelage.neural.stepping import CausalSteps, computing_exactly, read_prompts
from tutelage.neural.tokenization import pieces

Scores = npt.NDArray[np.float64]


def score_endings(
    net: Causal | Transducer,
    prompts: Sequence[str],
    endings: Sequence[str],
    *,
    batch_size: int,
    precision: str,
) -> Scores:
    """log p(ending, end of sequence | prompt) of every ending after every prompt.

    A prompt is read once, and endings that begin alike share what they begin with. Where memory is
    short, batches are halved.

    Args:
        net: The model.
        prompts: Plain texts, or what `chat_text` made of messages.
        endings: The candidates.
        batch_size: Most prompts at once, and most prompts times endings.
        precision: `fp32` or `bf16`.

    Returns:
        [prompts, endings], natural logarithms.

    Raises:
        UserError: a prompt and an ending together are longer than the model's positions.
        TutelageError: one prompt alone does not fit into memory.
    """
    scores = np.zeros((len(prompts), len(endings)))
    if not scores.size:
        return scores
    candidates = make_candidates(_ending_ids(net, endings))
    ids = read_prompts(net, prompts)
    _check_room(net, ids, candidates)
    training = net.model.training
    net.model.eval()

    def run(batch: list[int], most: int) -> None:
        rows = [ids[i] for i in batch]
        if isinstance(net, Causal):
            scores[batch] = _after_prompts(net, rows, candidates, len(endings), most)
        else:
            states, mask = encode_rows(net, rows)
            scores[batch] = score_labels(
                net, states, mask, candidates, labels=len(endings), prefixes=[net.lead] * len(rows)
            )

    with torch.inference_mode(), computing_exactly(net.device, precision):
        order = sorted(range(len(ids)), key=lambda i: (-len(ids[i]), i))
        run_batches(order, run, batch_size=batch_size)
    net.model.train(training)
    return scores


def _ending_ids(net: Causal | Transducer, endings: Sequence[str]) -> list[list[int]]:
    if isinstance(net, Causal):
        return [ending_ids(net, ending) for ending in endings]
    return [[*ids, net.end] for ids in pieces(net.tokenizer, endings)]


def _check_room(
    net: Causal | Transducer, prompts: Sequence[Sequence[int]], candidates: Candidates
) -> None:
    longest = max(map(len, candidates.inputs))
    limit = net.limit if isinstance(net, Causal) else net.target_limit
    before = max(map(len, prompts)) if isinstance(net, Causal) else 1 + len(net.lead)
    if limit is not None and before + longest > limit:
        raise UserError(
            f"The longest prompt and ending take {before + longest} positions.",
            f"The model knows {limit}.",
            "Shorten the prompts, or use a model of more positions.",
        )


def _after_prompts(
    net: Causal,
    prompts: Sequence[Sequence[int]],
    candidates: Candidates,
    endings: int,
    most: int,
) -> Scores:
    """Score the endings after a batch of prompts, some of the endings' inputs at a time."""
    steps = CausalSteps(net, prompts)
    first = torch.log_softmax(steps.first(), dim=1).double()
    scores = np.zeros((len(prompts), endings))
    place = torch.from_numpy(candidates.piece)
    begins = candidates.place == 0
    told = first[:, place[begins].to(net.device)].cpu().numpy()
    np.add.at(scores.T, candidates.label[begins], told.T)
    at_once = max(1, most // len(prompts))
    for at in range(0, len(candidates.inputs), at_once):
        inputs = candidates.inputs[at : at + at_once]
        inside = (candidates.row >= at) & (candidates.row < at + at_once) & ~begins
        if inside.any():
            logs = _read_on(steps, inputs)
            cells = (
                torch.from_numpy(candidates.row[inside] - at),
                torch.from_numpy(candidates.place[inside] - 1),
                torch.from_numpy(candidates.piece[inside]),
            )
            row, where, piece = (c.to(net.device) for c in cells)
            told = logs[:, row, where, piece].double().cpu().numpy()
            np.add.at(scores.T, candidates.label[inside], told.T)
    return scores


def _read_on(steps: CausalSteps, inputs: Sequence[Sequence[int]]) -> torch.Tensor:
    """Log-probabilities after each piece of each input behind each prompt, [prompts, inputs,
    pieces, vocabulary]; the prompts' own keys and values stay as they are."""
    net = steps.net
    fed = pad_rows(inputs, net.pad, net.device)
    rows = len(steps.mask)
    branch = copy.copy(steps)
    branch.cache = copy.deepcopy(steps.cache)
    branch.repeat(len(inputs))
    more = torch.ones(rows * len(inputs), fed.shape[1], dtype=torch.long, device=net.device)
    branch.mask = torch.cat([branch.mask, more], dim=1)
    logits = branch.feed(fed.repeat(rows, 1), last=False)
    return torch.log_softmax(logits, dim=2).view(rows, len(inputs), fed.shape[1], -1)
