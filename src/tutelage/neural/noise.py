"""Random numbers that depend on nothing but a request's own stream and the step it is at.

A generator that a batch shares gives each row other numbers in another batch. Here number k of
(stream, step) is output k of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014, doi
10.1145/2660193.2660195) seeded with a mix of the two: pure arithmetic on 64-bit integers, done for
all rows and pieces at once, and equal on every device.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

GAMMA = 0x9E3779B97F4A7C15
FIRST = 0xBF58476D1CE4E5B9
SECOND = 0x94D049BB133111EB


def exponential(
    streams: Sequence[int], steps: Sequence[int], size: int, device: torch.device
) -> torch.Tensor:
    """Standard exponential numbers, of 52 random bits each.

    Args:
        streams: Stream of each row; its lowest 64 bits count.
        steps: Step of each row.
        size: Numbers for each row.
        device: Where they are wanted.

    Returns:
        [rows, size], float64, above 0.
    """
    seeds = torch.tensor([_signed(_seed(*row)) for row in zip(streams, steps, strict=True)])
    words = _shifted(outputs(seeds.to(device), size), 12)
    return words.double().add_(0.5).mul_(2.0**-52).log_().neg_()


def outputs(seeds: torch.Tensor, count: int) -> torch.Tensor:
    """The first `count` outputs of SplitMix64 for each seed, [seeds, count], as signed integers."""
    place = torch.arange(1, count + 1, device=seeds.device)
    z = seeds[:, None] + place * _signed(GAMMA)  # int64 wraps around, as it should
    z = z.bitwise_xor_(_shifted(z, 30)).mul_(_signed(FIRST))
    z = z.bitwise_xor_(_shifted(z, 27)).mul_(_signed(SECOND))
    return z.bitwise_xor_(_shifted(z, 31))


def _shifted(z: torch.Tensor, bits: int) -> torch.Tensor:
    """Shift right without sign: torch's own shift drags the highest bit along."""
    return (z >> bits).bitwise_and_((1 << (64 - bits)) - 1)


def _seed(stream: int, step: int) -> int:
    """Stream and step, mixed twice: seeds that differ by a multiple of GAMMA would share their
    numbers, displaced."""
    return _mix(_mix(stream) + step)


def _mix(z: int) -> int:
    z = (z + GAMMA) % 2**64
    z = (z ^ (z >> 30)) * FIRST % 2**64
    z = (z ^ (z >> 27)) * SECOND % 2**64
    return z ^ (z >> 31)


def _signed(z: int) -> int:
    """The signed 64-bit integer with the same bits.

    >>> _signed(2**64 - 1)
    -1
    """
    z %= 2**64
    return z - 2**64 if z >= 2**63 else z
