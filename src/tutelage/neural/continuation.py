"""Writing after prompts, many at once: each request by its own random stream, so that its text is
the same in any batch, and each piece with the log-probability that the model itself gave it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from tutelage.neural.causal import Causal
from tutelage.neural.choosing import Draw, choose
from tutelage.neural.endings import score_endings as score_endings
from tutelage.neural.families import Transducer
from tutelage.neural.halving import run_batches
from tutelage.neural.spelling import Spelling, cut_at, is_loop
from tutelage.neural.steering import Steered, steer
from tutelage.neural.stepping import computing_exactly, open_steps, read_prompts
from tutelage.neural.tokenization import pieces
from tutelage.records import TokenScore


@dataclass(frozen=True, slots=True)
class Wanted:
    """One text to write."""

    prompt: str
    stream: int
    """Random stream of its own; equal requests with equal streams give equal texts."""
    temperature: float
    """0 takes the likeliest piece each time."""
    top_p: float = 1.0
    max_new: int = 64
    """Most pieces to write."""
    stop: tuple[str, ...] = ()
    """The text ends before the first of these."""
    alternatives: int | None = None
    """How many of the likeliest pieces to tell at each place."""
    steering: Steered | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What was written."""

    text: str
    finish: str
    """`stop` (by itself or at a stop string), `length`, or `loop`: it said the same pieces again
    and again."""
    tokens: tuple[TokenScore, ...]
    """Pieces of the text, with the log-probability that the model gave them before temperature,
    nucleus and steering; without the end of sequence."""
    prompt_tokens: int
    """Ids of the prompt; those of counter prompts are not among them."""
    completion_tokens: int
    """Ids that were written, the end of sequence and what followed a stop string included."""


def write(
    net: Causal | Transducer,
    wanted: Sequence[Wanted],
    *,
    batch_size: int,
    precision: str,
) -> list[Written]:
    """Write a text for each request, in their order.

    In fp32 a text depends on its request alone, whatever the batch and the other requests. In bf16
    the sums of a product depend on the batch's shape, and some texts with them.

    Where memory is short, batches are halved. A prompt that leaves no room for a single piece
    gives an empty text that ends by `length`.

    Args:
        net: The model.
        wanted: The requests.
        batch_size: Most sequences at once; a counter prompt counts as one.
        precision: `fp32` or `bf16`.

    Raises:
        TutelageError: one request alone does not fit into memory.
    """
    rows = _rows(net, wanted)
    training = net.model.training
    net.model.eval()

    def run(batch: list[int], _: int) -> None:
        for i in batch:
            rows[i].restart()
        _write_batch(net, [rows[i] for i in batch])

    with torch.inference_mode(), computing_exactly(net.device, precision):
        run_batches(
            sorted((i for i, row in enumerate(rows) if row.room > 0), key=lambda i: rows[i].order),
            run,
            batch_size=batch_size,
            rows=lambda i: len(rows[i].prompts),
        )
    net.model.train(training)
    spelling = Spelling(net.tokenizer)
    return [row.finished(spelling) for row in rows]


@dataclass
class _Row:
    """A request while it is written."""

    wanted: Wanted
    prompts: list[list[int]]
    """Ids of its prompt, then of its counter prompts."""
    source: frozenset[int]
    room: int
    """Most pieces to write: what is wanted and what the model's positions leave."""
    ends: tuple[int, ...]
    number: int
    ids: list[int] = field(default_factory=list)
    scores: list[tuple[float, tuple[tuple[int, float], ...]]] = field(default_factory=list)
    """Of each piece, its log-probability and the likeliest pieces with theirs."""
    finish: str = ""

    @property
    def order(self) -> tuple[int, int, int]:
        """Requests of like room and like prompts go together, the largest first."""
        return -self.room.bit_length(), -max(map(len, self.prompts)), self.number

    def restart(self) -> None:
        self.ids, self.scores, self.finish = [], [], ""

    def draw(self) -> Draw:
        wanted = self.wanted
        return Draw(wanted.temperature, wanted.top_p, wanted.stream, len(self.ids))

    def add(self, piece: int, score: float, top: tuple[tuple[int, float], ...]) -> None:
        self.ids.append(piece)
        self.scores.append((score, top))
        if piece in self.ends:
            self.finish = "stop"
        elif is_loop(self.ids):
            self.finish = "loop"
        elif len(self.ids) == self.room:
            self.finish = "length"

    def finished(self, spelling: Spelling) -> Written:
        kept = self.ids[:-1] if self.ids and self.ids[-1] in self.ends else self.ids
        whole = spelling.text(kept)
        text = cut_at(whole, self.wanted.stop)
        if text != whole:
            kept = spelling.spanning(kept, text)
        return Written(
            text=text,
            finish="stop" if text != whole else self.finish or "length",
            tokens=tuple(
                TokenScore(spelling.word(i), score, spelling.words(top))
                for i, (score, top) in zip(kept, self.scores, strict=False)
            ),
            prompt_tokens=len(self.prompts[0]),
            completion_tokens=len(self.ids),
        )


def _rows(net: Causal | Transducer, wanted: Sequence[Wanted]) -> list[_Row]:
    against = [w.steering.against if w.steering else () for w in wanted]
    texts = [t for w, others in zip(wanted, against, strict=True) for t in (w.prompt, *others)]
    ids = iter(read_prompts(net, texts))
    rows = []
    for number, (one, others) in enumerate(zip(wanted, against, strict=True)):
        prompts = [next(ids) for _ in range(1 + len(others))]
        rows.append(
            _Row(
                one,
                prompts,
                _source(net, one.steering),
                min(one.max_new, _room(net, max(map(len, prompts)))),
                net.ends if isinstance(net, Causal) else (net.end,),
                number,
            )
        )
    return rows


def _room(net: Causal | Transducer, prompt: int) -> int:
    """Pieces that the model's positions leave; the last piece written is never read."""
    limit = net.limit if isinstance(net, Causal) else net.target_limit
    read = prompt if isinstance(net, Causal) else 1 + len(net.lead)
    return 2**31 if limit is None else limit - read + 1


def _source(net: Causal | Transducer, how: Steered | None) -> frozenset[int]:
    """Pieces of the source, at the beginning of a text and after a space."""
    if how is None or not how.source:
        return frozenset()
    both = pieces(net.tokenizer, [how.source, " " + how.source])
    return frozenset(i for ids in both for i in ids)


def _write_batch(net: Causal | Transducer, rows: list[_Row]) -> None:
    """Write all rows to their end; a row that is done leaves the batch at once."""
    steps = open_steps(net, [prompt for row in rows for prompt in row.prompts])
    spelling = Spelling(net.tokenizer)
    logits = steps.first()
    while True:
        chosen = _extend(net, rows, logits, spelling)
        if all(row.finish for row in rows):
            return
        if any(row.finish for row in rows):
            left = [
                n
                for n, row in enumerate(row for row in rows for _ in row.prompts)
                if not row.finish
            ]
            keep = torch.tensor(left, device=net.device)
            steps.keep(keep)
            chosen = chosen[keep]
            rows = [row for row in rows if not row.finish]
        logits = steps.next(chosen)


def _extend(
    net: Causal | Transducer, rows: list[_Row], logits: torch.Tensor, spelling: Spelling
) -> torch.Tensor:
    """Add a piece to each row.

    Args:
        net: The model.
        rows: The rows that are being written.
        logits: [sequences, vocabulary]: of each row's prompt, then of its counter prompts.
        spelling: Turns ids into text.

    Returns:
        [sequences], the piece that each sequence goes on with.
    """
    sizes = [len(row.prompts) for row in rows]
    first = [sum(sizes[:i]) for i in range(len(rows))]
    plain = logits[first] if len(logits) > len(rows) else logits
    scores = _bent(rows, logits, plain, first)[:, : spelling.size]
    chosen = choose(scores, [row.draw() for row in rows])
    for row, piece, score, top in zip(
        rows, chosen.tolist(), *_told(plain, chosen, rows), strict=True
    ):
        row.add(piece, score, top)
        if not row.finish and row.wanted.stop and spelling.has_stop(row.ids, row.wanted.stop):
            row.finish = "stop"
    return chosen.repeat_interleave(torch.tensor(sizes, device=chosen.device))


def _bent(
    rows: Sequence[_Row], logits: torch.Tensor, plain: torch.Tensor, first: Sequence[int]
) -> torch.Tensor:
    """Scores of each row's next piece, steered where it asks for that, [rows, vocabulary]."""
    if not any(row.wanted.steering for row in rows):
        return plain
    scores = plain.clone()
    for n, (row, at) in enumerate(zip(rows, first, strict=True)):
        if row.wanted.steering:
            scores[n] = steer(
                logits[at],
                logits[at + 1 : at + len(row.prompts)],
                row.wanted.steering,
                source=row.source,
                written=row.ids,
            )
    return scores


def _told(
    plain: torch.Tensor, chosen: torch.Tensor, rows: Sequence[_Row]
) -> tuple[list[float], list[tuple[tuple[int, float], ...]]]:
    """Log-probability of the chosen pieces and the likeliest pieces, as the model has them."""
    total = torch.logsumexp(plain, dim=1, keepdim=True)
    scores: list[float] = (plain.gather(1, chosen[:, None]) - total)[:, 0].tolist()
    most = max(row.wanted.alternatives or 0 for row in rows)
    if not most:
        return scores, [()] * len(rows)
    best = plain.topk(min(most, plain.shape[1]), dim=1)
    logs = (best.values - total).tolist()
    return scores, [
        tuple(zip(ids, values, strict=True))[: row.wanted.alternatives or 0]
        for row, ids, values in zip(rows, best.indices.tolist(), logs, strict=True)
    ]
