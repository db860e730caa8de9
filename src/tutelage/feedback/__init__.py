"""Critics: what the last student teaches the next orders. Declared without importing one."""

from tutelage.feedback.critic_options import RandomRowsOptions, UncertaintyOptions
from tutelage.plugins import Plugin

PLUGINS: tuple[Plugin, ...] = (
    Plugin(
        "critic",
        "errors",
        "tutelage.feedback.errors:build",
        summary="Pool rows that the student gets wrong.",
        paper="arXiv 2310.13671",
    ),
    Plugin(
        "critic",
        "uncertainty",
        "tutelage.feedback.uncertainty:build",
        UncertaintyOptions,
        "Unlabelled rows on which the student's two likeliest labels are closest.",
    ),
    Plugin(
        "critic",
        "random_rows",
        "tutelage.feedback.random_rows:build",
        RandomRowsOptions,
        "Rows at random: the rival of every other critic.",
    ),
)
