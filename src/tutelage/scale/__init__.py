"""Where units of work run: in this process today; a sibling file for each further place."""

from tutelage.plugins import Plugin

PLUGINS: tuple[Plugin, ...] = (
    Plugin(
        "executor",
        "local",
        "tutelage.scale.local:build",
        summary="One unit after another, in this process.",
    ),
)
