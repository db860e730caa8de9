"""What a student is worth: metrics, intervals, comparisons, rivals. Imports no metric library."""

from tutelage.evaluation.metric_options import AccuracyOptions, CalibrationOptions
from tutelage.plugins import NoOptions, Plugin


def _metric(name: str, build: str, summary: str, options: type = NoOptions) -> Plugin:
    return Plugin("metric", name, f"tutelage.evaluation.{build}", options, summary)


PLUGINS: tuple[Plugin, ...] = (
    _metric(
        "accuracy",
        "classification:Accuracy",
        "Share of rows that are right; an unreadable answer is wrong.",
        AccuracyOptions,
    ),
    _metric("macro_f1", "classification:MacroF1", "Mean F1 over the labels that stand in gold."),
    _metric("per_class", "classification:PerClass", "Precision, recall, F1, support by label."),
    _metric(
        "multi_label",
        "multilabel:MultiLabel",
        "Micro-F1, macro-F1, subset accuracy and Hamming loss.",
    ),
    _metric(
        "span_answers",
        "span_answers:SpanAnswers",
        "Exact match and token F1 of extractive answers, as SQuAD counts them.",
    ),
    _metric(
        "text_quality",
        "text_quality:TextQuality",
        "BLEU, chrF, ROUGE and lengths of written texts; empty, copied and repeated ones.",
    ),
    _metric(
        "calibration",
        "calibration:Calibration",
        "Expected calibration error, Brier score and log loss.",
        CalibrationOptions,
    ),
    _metric(
        "rationale_overlap",
        "text_overlap:RationaleOverlap",
        "BLEU and ROUGE-L of rationales against the teacher's.",
    ),
)
