"""Requests that want the teacher's own probabilities bent: only a local model can do that."""

from __future__ import annotations

from tutelage.exceptions import UserError
from tutelage.records import Request


def refuse_steering(request: Request, teacher: str) -> None:
    """Refuse a request whose decoding is to be steered.

    Args:
        request: What was asked.
        teacher: The session's name.

    Raises:
        UserError: the request is steered.
    """
    if request.steering is None:
        return
    raise UserError(
        f"The teacher {teacher} cannot steer what it writes.",
        "Self-debiasing and rewards for repeated words change the probability of each next token, "
        "which needs a model in this process.",
        "Ask a teacher of kind local, or leave the synthesis's steering options out.",
    )
