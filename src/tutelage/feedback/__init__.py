"""Critics: what the last student teaches the next orders. Declared without importing one."""

from tutelage.feedback.critic_options import (
    ErrorsOptions,
    InfluenceOptions,
    RandomRowsOptions,
    UncertaintyOptions,
)
from tutelage.plugins import Plugin

PLUGINS: tuple[Plugin, ...] = (
    Plugin(
        "critic",
        "errors",
        "tutelage.feedback.errors:build",
        ErrorsOptions,
        "Pool rows that the student gets wrong.",
        "arXiv 2310.13671",
    ),
    Plugin(
        "critic",
        "influence",
        "tutelage.feedback.helpfulness:build",
        InfluenceOptions,
        "Kept rows that helped the student most, by influence functions (ProGen).",
        "arXiv 2210.12329",
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
