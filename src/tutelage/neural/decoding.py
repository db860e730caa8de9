"""Generation, greedy or by beams, and reading what was generated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import transformers

from tutelage.neural.families import Transducer


@dataclass(frozen=True, slots=True)
class Search:
    """How the text is looked for that is likely as a whole."""

    beams: int = 1
    """Beginnings that are kept at each piece; 1 is greedy."""
    length_penalty: float = 1.0
    """Beams are ranked by log p / pieces ** length_penalty: above 0 longer texts gain, 0 ranks by
    the probability of the whole text. The search ends when no open beginning stands better than the
    worst of the finished texts that are kept: ending with as many finished texts as beams, as some
    published settings do (`early_stopping`), gives texts that are less likely than greedy ones."""
    no_repeat_ngram: int = 0
    """Pieces that may not stand in a row twice; 0 forbids nothing."""


GREEDY = Search()


def write_on(
    net: Transducer,
    states: torch.Tensor,
    mask: torch.Tensor,
    *,
    prefix: Sequence[int] = (),
    max_new: int,
    stop: Sequence[int] = (),
    search: Search = GREEDY,
) -> list[list[int]]:
    """What the decoder writes for each row: unless `search` says otherwise the likeliest next piece
    again and again, as published (greedy, one beam).

    Args:
        net: The student, in evaluation mode.
        states: Encoder states, [rows, source, width].
        mask: [rows, source].
        prefix: Pieces that every row's target begins with.
        max_new: Most pieces to write after the prefix.
        stop: Pieces after which a row is finished, besides the end of sequence.
        search: How the text is looked for.

    Returns:
        What each row wrote after the prefix, without end of sequence; `stop` is kept.
    """
    if max_new < 1:
        return [[] for _ in states]
    begin = torch.tensor([[net.start, *prefix]], device=net.device).expand(len(states), -1)
    written = net.model.generate(
        encoder_outputs=transformers.modeling_outputs.BaseModelOutput(states),
        attention_mask=mask,
        decoder_input_ids=begin,
        decoder_attention_mask=torch.ones_like(begin),
        generation_config=generation_config(net, search, max_new=max_new),
        stopping_criteria=_stopping(stop, begin.shape[1]),
    )
    return [_until_end(row[begin.shape[1] :], net, stop) for row in written.tolist()]


def generation_config(
    net: Transducer, search: Search, *, max_new: int, forced: int | None = None
) -> Any:
    """`search` in the words of transformers.

    Args:
        net: What writes.
        search: How.
        max_new: Most pieces to write.
        forced: Id of the first piece, where it is given.
    """
    beams = (
        {"length_penalty": search.length_penalty, "early_stopping": False}
        if search.beams > 1
        else {}
    )
    return transformers.GenerationConfig(
        max_new_tokens=max_new,
        num_beams=search.beams,
        do_sample=False,
        no_repeat_ngram_size=search.no_repeat_ngram,
        pad_token_id=net.pad,
        eos_token_id=net.end,
        decoder_start_token_id=net.start,
        bos_token_id=net.start,
        forced_bos_token_id=forced,
        **beams,
    )


def _stopping(stop: Sequence[int], begin: int) -> Any:
    if not stop:
        return None
    ending = torch.tensor(list(stop))

    class Ends(transformers.StoppingCriteria):  # type: ignore[misc]
        """A row is done when its last pieces are `stop`."""

        def __call__(self, ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
            if ids.shape[1] < begin + len(ending):
                return torch.zeros(len(ids), dtype=torch.bool, device=ids.device)
            return (ids[:, -len(ending) :] == ending.to(ids.device)).all(dim=1)

    return transformers.StoppingCriteriaList([Ends()])


def _until_end(row: list[int], net: Transducer, stop: Sequence[int]) -> list[int]:
    if net.end in row:
        row = row[: row.index(net.end)]
    at = find(row, stop)
    if at is not None:
        row = row[: at + len(stop)]
    while row and row[-1] == net.pad:
        row.pop()
    return row


def find(row: Sequence[int], part: Sequence[int]) -> int | None:
    """Where `part` first begins in `row`; None where it does not, or is empty.

    >>> find([4, 5, 6, 5, 6], [5, 6])
    1
    """
    if not part:
        return None
    for at in range(len(row) - len(part) + 1):
        if list(row[at : at + len(part)]) == list(part):
            return at
    return None
