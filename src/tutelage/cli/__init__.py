"""The command line: one small file for each group of commands.

Nothing heavy is imported before a command needs it, so `tutelage --help` answers at once.
"""

from __future__ import annotations


def main() -> None:
    """Entry point of the `tutelage` command."""
    from tutelage.cli.application import run_command_line

    run_command_line()
