"""What cannot be in the options of a tuned teacher, told before anything is loaded or bought.

What only the model's files tell is looked at by `tuned.TunedSession.examine`.
"""

from __future__ import annotations

from tutelage.exceptions import UserError
from tutelage.records import Task
from tutelage.teacher.tuned_options import TeacherShape, TunedOptions


def check_options(options: TunedOptions, task: Task) -> None:
    """Refuse options that contradict each other or the task.

    Raises:
        UserError: says which, and what to keep.
    """
    _check_beginning(options)
    _check_forms(options, task)
    if options.family == "encoder":
        _check_encoder(options, task)
    _check_quantise(options)
    learns_to_write = options.config is not None or (options.family == "seq2seq" and options.full)
    _check_pretraining(options, learns_to_write=learns_to_write)
    if options.vocabulary == "used" and (options.config is not None or not learns_to_write):
        raise UserError(
            "The tuned teacher is given vocabulary: used, and not a seq2seq model to tune in full.",
            "A config has a vocabulary of its own size, and an adapter needs its base as it is.",
            "Leave vocabulary out, or set family: seq2seq, model and full: true.",
        )


def _check_beginning(options: TunedOptions) -> None:
    if bool(options.model) == (options.config is not None):
        raise UserError(
            "A tuned teacher needs either a model or a config.",
            "It begins from trained weights or from nothing, not from both or neither.",
            "Write model: ..., or config: {d_model: ...}.",
        )
    if options.lora is not None and (options.full or options.config is not None):
        other = "full" if options.full else "config"
        raise UserError(
            f"The tuned teacher is given both lora and {other}.",
            "An adapter is tuned, or all weights are; a network that begins from nothing needs "
            "the latter.",
            "Keep one of them.",
        )
    if options.config is not None and options.family == "causal":
        _check_halves(options.config)


def _check_halves(shape: TeacherShape) -> None:
    """Rotary positions turn pairs of a head's numbers."""
    if shape.d_model % (2 * shape.heads):
        raise UserError(
            f"config.d_model {shape.d_model} is not a multiple of twice the heads, "
            f"{2 * shape.heads}.",
            "Each head of a causal teacher has an equal and even share of the width.",
            "Choose for example d_model: 256, heads: 4.",
        )


def _check_forms(options: TunedOptions, task: Task) -> None:
    if "label" in options.forms and task.kind not in ("classification", "nli"):
        raise UserError(
            f"The rows of a {task.kind} task cannot be written for a label.",
            "They have none, or several.",
            "Leave label out of the teacher's forms.",
        )
    if options.forms and options.teaches == "annotate":
        raise UserError(
            f"The tuned teacher is given forms ({', '.join(options.forms)}) and teaches: annotate.",
            "Forms say what it learns to write.",
            "Write teaches: generate or both, or leave forms out.",
        )


def _check_encoder(options: TunedOptions, task: Task) -> None:
    if options.teaches != "annotate":
        raise UserError(
            "A tuned encoder cannot be taught to write.",
            "It has a head over labels and nothing else: it annotates only.",
            "Write teaches: annotate, or use family: causal or seq2seq.",
        )
    if task.kind not in ("classification", "nli"):
        raise UserError(
            f"A tuned encoder cannot answer for a {task.kind} task.",
            "Its head chooses one label of a row.",
            "Use family: causal or seq2seq.",
        )
    if options.vocabulary == "used":
        raise UserError(
            "The tuned teacher is given vocabulary: used and family: encoder.",
            "A smaller vocabulary makes writing cheaper, and an encoder writes nothing.",
            "Leave vocabulary out, or use family: seq2seq with a model and full: true.",
        )


def _check_quantise(options: TunedOptions) -> None:
    if options.quantise is None:
        return
    if options.family == "encoder":
        raise UserError(
            f"The tuned teacher is given quantise: {options.quantise} and family: encoder.",
            "Only the weights of large causal and seq2seq models are packed into 4 bits.",
            "Leave quantise out, or use family: causal or seq2seq.",
        )
    if options.full or options.config is not None:
        other = "full" if options.full else "config"
        raise UserError(
            f"The tuned teacher is given quantise: {options.quantise} and {other}.",
            "Weights in 4 bits cannot be tuned; an adapter on top of them can.",
            f"Leave out quantise, or {other}.",
        )


def _check_pretraining(options: TunedOptions, *, learns_to_write: bool) -> None:
    if options.pretrain is None:
        return
    if options.family == "encoder" or not learns_to_write:
        other = "family: encoder" if options.family == "encoder" else f"the model {options.model}"
        raise UserError(
            f"The tuned teacher is given pretrain and {other}.",
            "Networks that begin from nothing learn the language first, and decoders that are made "
            "out of an encoder; others know it, and an encoder does not write.",
            "Leave pretrain out, or give a config, or a model with family: seq2seq and full: true.",
        )
    if options.pretrain.share is not None and options.family == "causal":
        raise UserError(
            f"The tuned teacher is given pretrain.share {options.pretrain.share:g} and family: "
            "causal.",
            "It is the share of the pieces that a seq2seq teacher restores; a causal one learns to "
            "go on from every piece.",
            "Leave share out, or use family: seq2seq.",
        )
