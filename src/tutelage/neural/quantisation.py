"""QLoRA (arXiv 2305.14314): a base in 4 bits, for an adapter on top of it."""

from __future__ import annotations

import importlib.util
from typing import Any

import peft
import torch
import transformers

from tutelage.exceptions import UserError
from tutelage.neural.adapters import Family
from tutelage.neural.tokenization import load_tokenizer
from tutelage.neural.weights import OFFLINE_SAFE, locate, reading


def check_quantise(kind: str | None, family: Family) -> None:
    """Refuse what cannot be quantised here, before anything is loaded.

    Raises:
        UserError: an unknown kind, an encoder, no `bitsandbytes` or no CUDA device.
    """
    if kind is None:
        return
    if kind != "4bit" or family == "encoder":
        raise UserError(
            f"quantise: {kind} does not go with a teacher of the family {family}.",
            "Only the weights of large causal and seq2seq models are packed into 4 bits.",
            "Leave quantise out, or write quantise: 4bit for one of these.",
        )
    missing = []
    if importlib.util.find_spec("bitsandbytes") is None:
        missing.append("the package bitsandbytes is not installed")
    if not torch.cuda.is_available():
        missing.append("no CUDA device is found")
    if missing:
        raise UserError(
            f"quantise: 4bit is not possible here: {' and '.join(missing)}.",
            "Tuning on 4-bit weights (QLoRA) needs both.",
            "Install tutelage[qlora] on a machine with a CUDA GPU, or leave quantise out.",
        )


def load_quantised(model: str, *, family: Family) -> tuple[Any, Any]:
    """A base in 4-bit NormalFloat with double quantisation (section 3 of the paper), on the
    GPU, and its tokenizer.

    Raises:
        UserError: it cannot be loaded.
    """
    check_quantise("4bit", family)
    place = locate(model)
    settings = transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    kind = (
        transformers.AutoModelForCausalLM
        if family == "causal"
        else transformers.AutoModelForSeq2SeqLM
    )
    with reading(place):
        net = kind.from_pretrained(
            place,
            dtype=torch.bfloat16,
            use_safetensors=True,
            quantization_config=settings,
            device_map={"": 0},
            **OFFLINE_SAFE,
        )
    # What is not in 4 bits is computed in fp32, as in the paper's code.
    net = peft.prepare_model_for_kbit_training(net, use_gradient_checkpointing=False)
    return net, load_tokenizer(model)
